package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Calls keeps the request ids of AWS calls that no execution made, such as those that read an account or a queue. The
// requests of executions are in Executions.
type Calls struct{ store *Store }

// Remember keeps request ids of calls made by then.
func (c *Calls) Remember(ctx context.Context, ids []string, at time.Time) error {
	return c.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "INSERT INTO calls (request_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", id, micros(at)); err != nil {
				return classify(err, "remember a call")
			}
		}
		return nil
	})
}

// Known reports whether a request id was remembered.
func (c *Calls) Known(ctx context.Context, id string) (bool, error) {
	var one int
	err := c.store.read.QueryRowContext(ctx, "SELECT 1 FROM calls WHERE request_id = ?", id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, classify(err, "look up a call")
}

// Forget drops what was remembered before.
func (c *Calls) Forget(ctx context.Context, before time.Time) error {
	return c.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM calls WHERE at < ?", micros(before))
		return classify(err, "forget calls")
	})
}
