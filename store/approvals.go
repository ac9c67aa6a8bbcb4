package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// changeApproval applies one change of the journal to the list of questions.
func changeApproval(ctx context.Context, tx *sql.Tx, c playbook.ApprovalChange) error {
	switch {
	case c.Asked != nil:
		q := c.Asked
		body, err := json.Marshal(q)
		if err != nil {
			return fault.New(fault.Internal, "encode approval %s: %w", q.ID, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO approvals (id, execution, path, asked_at, expires_at, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			q.ID, q.Execution, q.Path, micros(q.At), micros(q.Expires), string(body))
		return classify(err, "store an approval")
	case c.Answer != nil:
		body, err := json.Marshal(c.Answer)
		if err != nil {
			return fault.New(fault.Internal, "encode an answer to %s: %w", c.Answer.Question, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO approval_answers (approval, answered_by, body) SELECT id, ?, ? FROM approvals WHERE id = ? ON CONFLICT DO NOTHING`,
			c.Answer.By, string(body), c.Answer.Question)
		return classify(err, "store an answer")
	case c.Closed != nil:
		_, err := tx.ExecContext(ctx, `UPDATE approvals SET closed_at = ?, superseded = ? WHERE execution = ? AND closed_at IS NULL
			AND (? IN (path, '') OR substr(path, 1, length(?) + 1) = ? || '/')`,
			micros(c.Closed.At), c.Closed.Again, c.Closed.Execution, c.Closed.Path, c.Closed.Path, c.Closed.Path)
		return classify(err, "close an approval")
	}
	return nil
}

// Approvals implements playbook.Index.
func (e *Executions) Approvals(ctx context.Context, f playbook.ApprovalFilter) ([]playbook.Approval, error) {
	var w where
	w.equal("execution", f.Execution)
	if f.Open {
		w.add("closed_at IS NULL AND expires_at > ?", micros(f.Now))
	}
	limit := pageLimit(f.Limit)
	all, err := e.approvals(ctx, f.Now, w.String()+" ORDER BY asked_at DESC, id LIMIT ?", append(w.args, limit)...)
	if err != nil || !f.Open {
		return all, err
	}
	open := all[:0]
	for _, a := range all {
		if a.Status == playbook.Open { // some are decided, and their task has not come to its end yet
			open = append(open, a)
		}
	}
	return open, nil
}

// Approval implements playbook.Index.
func (e *Executions) Approval(ctx context.Context, id string, now time.Time) (playbook.Approval, error) {
	list, err := e.approvals(ctx, now, " WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "there is no approval %q", id).WithHint("list them with riposte approvals list --all")
	}
	if err != nil {
		return playbook.Approval{}, err
	}
	return list[0], nil
}

func (e *Executions) approvals(ctx context.Context, now time.Time, rest string, args ...any) ([]playbook.Approval, error) {
	query := `SELECT body, coalesce(closed_at, 0), superseded, (SELECT json_group_array(json(body) ORDER BY rowid) FROM approval_answers WHERE approval = approvals.id) FROM approvals` + rest
	list, err := collect(ctx, e.store.read, query, args, func(row *sql.Rows) (a playbook.Approval, err error) {
		var body, answers string
		var closed int64
		var superseded bool
		if err = row.Scan(&body, &closed, &superseded, &answers); err != nil {
			return
		}
		if err = json.Unmarshal([]byte(body), &a); err == nil {
			err = json.Unmarshal([]byte(answers), &a.Answers)
		}
		if err != nil {
			err = fault.New(fault.Internal, "an approval is stored damaged: %w", err)
			return
		}
		if len(a.Answers) == 0 {
			a.Answers = nil
		}
		if superseded {
			a.Status = playbook.Superseded
		}
		a.Status = a.StatusAt(now, fromMicros(closed))
		return
	})
	return list, classify(err, "read approvals")
}
