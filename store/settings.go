package store

import (
	"context"
	"database/sql"
	"errors"
)

// Settings keeps a few values that outlive the process, such as the kill switch.
type Settings struct{ store *Store }

// Get returns a value; ok is false where it was never set.
func (s *Settings) Get(ctx context.Context, name string) (value string, ok bool, err error) {
	err = s.store.read.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, classify(err, "read a setting")
}

// Set keeps a value.
func (s *Settings) Set(ctx context.Context, name, value string) error {
	return s.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
		return classify(err, "keep a setting")
	})
}

// Delete forgets a value; one that is not there is no error.
func (s *Settings) Delete(ctx context.Context, name string) error {
	return s.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM settings WHERE name = ?", name)
		return classify(err, "forget a setting")
	})
}
