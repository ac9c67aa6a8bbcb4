package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"time"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// Executions is the index of executions and of the AWS calls that they made: a projection of the journal.
type Executions struct{ store *Store }

var _ playbook.Index = (*Executions)(nil)

// executionJournal is the name under which the position is kept.
const executionJournal = "executions"

// Apply implements playbook.Index.
func (e *Executions) Apply(ctx context.Context, p playbook.Projection) error {
	if p.Position > math.MaxInt64 {
		return fault.New(fault.Invalid, "position %d is too large", p.Position)
	}
	return e.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO projections (name, position) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET position = excluded.position WHERE projections.position < excluded.position`,
			executionJournal, int64(p.Position))
		if err != nil {
			return classify(err, "move the position of the execution index")
		}
		if moved, err := done.RowsAffected(); err != nil || moved == 0 {
			return classify(err, "move the position of the execution index")
		}
		if err := saveSummaries(ctx, tx, p.Summaries); err != nil {
			return err
		}
		for _, r := range p.Requests {
			if _, err := tx.ExecContext(ctx, `INSERT INTO requests (request_id, execution, service, operation, account, region, at)
				VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				r.ID, r.Execution, r.Service, r.Operation, r.Account, r.Region, micros(r.At)); err != nil {
				return classify(err, "insert a request")
			}
		}
		for _, c := range p.Changes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO changes (key, action, account, resource, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				c.Key, c.Action, c.Account, c.Resource, micros(c.At)); err != nil {
				return classify(err, "insert a change")
			}
		}
		for _, c := range p.Expiries {
			if err := changeExpiry(ctx, tx, c); err != nil {
				return err
			}
		}
		for _, c := range p.Approvals {
			if err := changeApproval(ctx, tx, c); err != nil {
				return err
			}
		}
		_, err = appendAudit(ctx, tx, p.Audit...)
		return err
	})
}

// saveSummaries stores summaries. Its statements are parsed once for all of them: that costs as much as running them.
func saveSummaries(ctx context.Context, tx *sql.Tx, summaries []playbook.Summary) (err error) {
	if len(summaries) == 0 {
		return nil
	}
	store, err := tx.PrepareContext(ctx, `INSERT INTO executions (id, rule, playbook, cause, root, account, status, started_at, seq, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, playbook = excluded.playbook, cause = excluded.cause, root = excluded.root,
			account = excluded.account, status = excluded.status, started_at = excluded.started_at, seq = excluded.seq, body = excluded.body
		WHERE executions.seq <= excluded.seq`)
	if err != nil {
		return classify(err, "prepare to store executions")
	}
	defer func() { err = firstOf(err, store.Close()) }()
	clean, err := tx.PrepareContext(ctx, "DELETE FROM execution_resources WHERE execution = ?")
	if err != nil {
		return classify(err, "prepare to store executions")
	}
	defer func() { err = firstOf(err, clean.Close()) }()
	for _, s := range summaries {
		if err := saveSummary(ctx, tx, store, clean, s); err != nil {
			return err
		}
	}
	return nil
}

// saveSummary inserts the summary, or replaces one of the same id whose sequence is not higher.
func saveSummary(ctx context.Context, tx *sql.Tx, store, clean *sql.Stmt, s playbook.Summary) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fault.New(fault.Internal, "encode execution %s: %w", s.ID, err)
	}
	if s.Seq > math.MaxInt64 {
		return fault.New(fault.Invalid, "execution %s: sequence %d is too large", s.ID, s.Seq)
	}
	done, err := store.ExecContext(ctx, s.ID, s.Rule, s.Playbook, string(s.Cause), string(s.Root), s.Account, string(s.Status), micros(s.Started), int64(s.Seq), string(body))
	if err != nil {
		return classify(err, "store an execution")
	}
	if changed, err := done.RowsAffected(); err != nil || changed == 0 {
		return classify(err, "store an execution")
	}
	if _, err := clean.ExecContext(ctx, s.ID); err != nil {
		return classify(err, "replace the resources of an execution")
	}
	for _, resource := range s.Resources {
		if _, err := tx.ExecContext(ctx, "INSERT INTO execution_resources (execution, resource) VALUES (?, ?) ON CONFLICT DO NOTHING", s.ID, resource); err != nil {
			return classify(err, "insert a resource of an execution")
		}
	}
	return nil
}

// Position implements playbook.Index.
func (e *Executions) Position(ctx context.Context) (uint64, error) {
	var position int64
	err := e.store.read.QueryRowContext(ctx, "SELECT position FROM projections WHERE name = ?", executionJournal).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return uint64(position), classify(err, "read the position of the execution index")
}

// Get implements playbook.Index.
func (e *Executions) Get(ctx context.Context, id string) (playbook.Summary, error) {
	list, err := e.summaries(ctx, "SELECT body FROM executions WHERE id = ?", id)
	if err != nil {
		return playbook.Summary{}, err
	}
	if len(list) == 0 {
		return playbook.Summary{}, noExecution(id)
	}
	return list[0], nil
}

func noExecution(id string) error {
	return fault.New(fault.NotFound, "there is no execution %q", id).WithHint("list them with riposte executions list")
}

// List implements playbook.Index. A cursor that names no execution is fault.NotFound.
func (e *Executions) List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error) {
	var w where
	w.equal("status", string(f.Status))
	w.equal("rule", f.Rule)
	w.equal("playbook", f.Playbook)
	w.equal("account", f.Account)
	if f.Cause != "" {
		w.add("cause = ? OR root = ?", string(f.Cause), string(f.Cause))
	}
	if f.Resource != "" {
		w.add("id IN (SELECT execution FROM execution_resources WHERE resource = ?)", f.Resource)
	}
	if !f.Since.IsZero() {
		w.add("started_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		w.add("started_at < ?", micros(f.Until))
	}
	if f.After != "" {
		var started int64
		err := e.store.read.QueryRowContext(ctx, "SELECT started_at FROM executions WHERE id = ?", f.After).Scan(&started)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, noExecution(f.After)
		}
		if err != nil {
			return nil, classify(err, "find the page of executions")
		}
		w.add("started_at < ? OR started_at = ? AND id > ?", started, started, f.After)
	}
	return e.summaries(ctx, "SELECT body FROM executions"+w.String()+" ORDER BY started_at DESC, id LIMIT ?", append(w.args, pageLimit(f.Limit))...)
}

func (e *Executions) summaries(ctx context.Context, query string, args ...any) ([]playbook.Summary, error) {
	list, err := collect(ctx, e.store.read, query, args, func(row *sql.Rows) (s playbook.Summary, err error) {
		var body string
		if err = row.Scan(&body); err != nil {
			return
		}
		if err = json.Unmarshal([]byte(body), &s); err != nil {
			err = fault.New(fault.Internal, "an execution is stored damaged: %w", err)
		}
		return
	})
	return list, classify(err, "read executions")
}

// Request implements playbook.Index.
func (e *Executions) Request(ctx context.Context, id string) (playbook.Request, error) {
	if id == "" { // what is stored under "" are the lost ones
		return playbook.Request{}, fault.New(fault.NotFound, "a request without id is nobody's")
	}
	list, err := e.requests(ctx, "request_id = ?", id)
	if err != nil {
		return playbook.Request{}, err
	}
	if len(list) == 0 {
		return playbook.Request{}, fault.New(fault.NotFound, "request %q is not riposte's own", id)
	}
	return list[0], nil
}

// Changes implements playbook.Index.
func (e *Executions) Changes(ctx context.Context, since time.Time) ([]guard.Change, error) {
	list, err := collect(ctx, e.store.read, "SELECT key, action, account, resource, at FROM changes WHERE at >= ? ORDER BY at, key", []any{micros(since)},
		func(row *sql.Rows) (c guard.Change, err error) {
			var at int64
			err = row.Scan(&c.Key, &c.Action, &c.Account, &c.Resource, &at)
			c.At = fromMicros(at)
			return
		})
	return list, classify(err, "read changes")
}

// Lost implements playbook.Index.
func (e *Executions) Lost(ctx context.Context, since time.Time) ([]playbook.Request, error) {
	return e.requests(ctx, "request_id = '' AND at >= ?", micros(since))
}

func (e *Executions) requests(ctx context.Context, condition string, args ...any) ([]playbook.Request, error) {
	query := "SELECT request_id, execution, service, operation, account, region, at FROM requests WHERE " + condition + " ORDER BY at"
	list, err := collect(ctx, e.store.read, query, args, func(row *sql.Rows) (r playbook.Request, err error) {
		var at int64
		err = row.Scan(&r.ID, &r.Execution, &r.Service, &r.Operation, &r.Account, &r.Region, &at)
		r.At = fromMicros(at)
		return
	})
	return list, classify(err, "read requests")
}
