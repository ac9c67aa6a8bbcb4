package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Pauses keeps the kill switch: what was paused, by whom and why, and who ended it.
type Pauses struct {
	store  *Store
	now    func() time.Time
	random io.Reader
}

var _ guard.Pauses = (*Pauses)(nil)

// PauseRecord is a pause with its end.
type PauseRecord struct {
	guard.Pause
	Resumed   time.Time `json:"resumed,omitzero"`
	ResumedBy string    `json:"resumed_by,omitempty"`
}

// InForce implements guard.Pauses: those that nobody has ended, the oldest first.
func (p *Pauses) InForce(ctx context.Context) ([]guard.Pause, error) {
	records, err := p.records(ctx, "WHERE resumed_at IS NULL ORDER BY paused_at, id")
	if err != nil {
		return nil, err
	}
	list := make([]guard.Pause, len(records))
	for i, r := range records {
		list[i] = r.Pause
	}
	return list, nil
}

// PauseHistory returns every pause that ever was, the latest first.
func (p *Pauses) PauseHistory(ctx context.Context) ([]PauseRecord, error) {
	return p.records(ctx, "ORDER BY paused_at DESC, id")
}

// Pause stores a pause and returns it with its id and time; fault.Invalid as guard.Pause.Validate says. It holds when this
// returns, for executions that are under way too.
func (p *Pauses) Pause(ctx context.Context, x guard.Pause, by string) (guard.Pause, error) {
	if err := x.Validate(); err != nil {
		return guard.Pause{}, err
	}
	id, err := randomID(p.random, 6)
	if err != nil {
		return guard.Pause{}, err
	}
	x.ID, x.By, x.Since = "pause-"+id, by, p.now().UTC().Truncate(time.Microsecond)
	err = p.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO pauses (id, account, region, rule, action, resource, reason, paused_by, paused_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, x.ID, x.Account, x.Region, x.Rule, x.Action, x.Resource, x.Reason, x.By, micros(x.Since))
		if err != nil {
			return classify(err, "store a pause")
		}
		_, err = appendAudit(ctx, tx, paused(x))
		return err
	})
	return x, err
}

// Resume ends a pause. fault.NotFound where there is none, fault.Conflict where it was ended before.
func (p *Pauses) Resume(ctx context.Context, id, by string) error {
	return p.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ended, before, err := endOnce(ctx, tx, "pauses", "resumed", id, by, p.now())
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fault.New(fault.NotFound, "there is no pause %q", id).WithHint("list them with riposte pause list")
		case err != nil:
			return classify(err, "end a pause")
		case !ended:
			return fault.New(fault.Conflict, "pause %q was ended before, by %s", id, before)
		}
		_, err = appendAudit(ctx, tx, resumed(id, by, p.now()))
		return err
	})
}

func (p *Pauses) records(ctx context.Context, rest string, args ...any) ([]PauseRecord, error) {
	query := `SELECT id, account, region, rule, action, resource, reason, paused_by, paused_at, resumed_by, coalesce(resumed_at, 0) FROM pauses ` + rest
	list, err := collect(ctx, p.store.read, query, args, func(row *sql.Rows) (r PauseRecord, err error) {
		var since, resumed int64
		err = row.Scan(&r.ID, &r.Account, &r.Region, &r.Rule, &r.Action, &r.Resource, &r.Reason, &r.By, &since, &r.ResumedBy, &resumed)
		r.Since, r.Resumed = fromMicros(since), fromMicros(resumed)
		return
	})
	return list, classify(err, "read pauses")
}
