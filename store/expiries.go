package store

import (
	"context"
	"database/sql"

	"riposte.dev/playbook"
)

// changeExpiry takes in that an effect will expire, or that this is over.
func changeExpiry(ctx context.Context, tx *sql.Tx, c playbook.ExpiryChange) error {
	if c.Over {
		_, err := tx.ExecContext(ctx, "DELETE FROM expiries WHERE execution = ? AND effect = ?", c.Execution, c.Effect)
		return classify(err, "delete what expired")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO expiries (execution, effect, at) VALUES (?, ?, ?)
		ON CONFLICT (execution, effect) DO UPDATE SET at = excluded.at`, c.Execution, c.Effect, micros(c.At))
	return classify(err, "insert what expires")
}

// Expiries implements playbook.Index.
func (e *Executions) Expiries(ctx context.Context) ([]playbook.Expiry, error) {
	list, err := collect(ctx, e.store.read, "SELECT execution, effect, at FROM expiries ORDER BY at, execution, effect", nil,
		func(row *sql.Rows) (x playbook.Expiry, err error) {
			var at int64
			err = row.Scan(&x.Execution, &x.Effect, &at)
			x.At = fromMicros(at)
			return
		})
	return list, classify(err, "read what expires")
}
