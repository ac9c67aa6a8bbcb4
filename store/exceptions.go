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

// Exceptions keeps what is left alone, who agreed to it and who ended it.
type Exceptions struct {
	store  *Store
	now    func() time.Time
	random io.Reader
}

var _ guard.Exceptions = (*Exceptions)(nil)

// ExceptionRecord is an exception with its history.
type ExceptionRecord struct {
	guard.Exception
	AddedBy   string    `json:"added_by"`
	Removed   time.Time `json:"removed,omitzero"`
	RemovedBy string    `json:"removed_by,omitempty"`
}

// Active implements guard.Exceptions: those neither removed nor expired, the first to expire first.
func (e *Exceptions) Active(ctx context.Context, now time.Time) ([]guard.Exception, error) {
	records, err := e.records(ctx, "WHERE removed_at IS NULL AND expires_at > ? ORDER BY expires_at, id", micros(now))
	if err != nil {
		return nil, err
	}
	list := make([]guard.Exception, len(records))
	for i, r := range records {
		list[i] = r.Exception
	}
	return list, nil
}

// History returns every exception that ever was, the latest first.
func (e *Exceptions) History(ctx context.Context) ([]ExceptionRecord, error) {
	return e.records(ctx, "ORDER BY created_at DESC, id")
}

// Exception returns an exception, ended or not; fault.NotFound where there never was one.
func (e *Exceptions) Exception(ctx context.Context, id string) (ExceptionRecord, error) {
	list, err := e.records(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = noException(id)
	}
	if err != nil {
		return ExceptionRecord{}, err
	}
	return list[0], nil
}

func noException(id string) error {
	return fault.New(fault.NotFound, "there is no exception %q", id).WithHint("list them with riposte exceptions list --all")
}

// AddException stores an exception that by agreed to, and returns it with its id and time. It is checked as
// guard.Exception.Validate does: fault.Invalid with all problems at once.
func (e *Exceptions) AddException(ctx context.Context, x guard.Exception, by string) (guard.Exception, error) {
	x.Created = e.now().UTC().Truncate(time.Microsecond)
	if err := x.Validate(x.Created); err != nil {
		return guard.Exception{}, err
	}
	id, err := randomID(e.random, 10)
	if err != nil {
		return guard.Exception{}, err
	}
	x.ID = "ex-" + id
	x.Expires = x.Expires.UTC().Truncate(time.Microsecond)
	err = e.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO exceptions (id, rule, action, account, resource, owner, reason, ticket, created_at, expires_at, added_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			x.ID, x.Rule, x.Action, x.Account, x.Resource, x.Owner, x.Reason, x.Ticket, micros(x.Created), micros(x.Expires), by)
		if err != nil {
			return classify(err, "add an exception")
		}
		_, err = appendAudit(ctx, tx, exceptionAdded(x, by))
		return err
	})
	return x, err
}

// RemoveException ends an exception. fault.NotFound where there is none, fault.Conflict where it was removed before.
func (e *Exceptions) RemoveException(ctx context.Context, id, by string) error {
	return e.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ended, before, err := endOnce(ctx, tx, "exceptions", "removed", id, by, e.now())
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return noException(id)
		case err != nil:
			return classify(err, "remove an exception")
		case !ended:
			return fault.New(fault.Conflict, "exception %q was removed before, by %s", id, before)
		}
		_, err = appendAudit(ctx, tx, exceptionRemoved(id, by, e.now()))
		return err
	})
}

func (e *Exceptions) records(ctx context.Context, rest string, args ...any) ([]ExceptionRecord, error) {
	query := `SELECT id, rule, action, account, resource, owner, reason, ticket, created_at, expires_at, added_by, coalesce(removed_at, 0), removed_by
		FROM exceptions ` + rest
	list, err := collect(ctx, e.store.read, query, args, func(row *sql.Rows) (r ExceptionRecord, err error) {
		var created, expires, removed int64
		err = row.Scan(&r.ID, &r.Rule, &r.Action, &r.Account, &r.Resource, &r.Owner, &r.Reason, &r.Ticket, &created, &expires, &r.AddedBy, &removed, &r.RemovedBy)
		r.Created, r.Expires, r.Removed = fromMicros(created), fromMicros(expires), fromMicros(removed)
		return
	})
	return list, classify(err, "read exceptions")
}
