package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// where builds the conditions of a query, joined by AND.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, "("+condition+")")
	w.args = append(w.args, args...)
}

// equal adds column = value, unless value is "".
func (w *where) equal(column, value string) {
	if value != "" {
		w.add(column+" = ?", value)
	}
}

// oneOf adds column IN (values), unless there are none.
func oneOf[T ~string](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	w.add(column+" IN ("+marks(len(values))+")", args...)
}

// String returns " WHERE …", or "" without a condition.
func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// marks returns n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect runs a query and scans every row.
func collect[T any](ctx context.Context, db querier, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

// micros is a time as the tables hold it: microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// endOnce ends what a row of the table stands for: its columns end_at and end_by say when and by whom. Where it was ended
// before, it changes nothing and returns by whom; sql.ErrNoRows where there is no such row.
func endOnce(ctx context.Context, tx *sql.Tx, table, end, id, by string, at time.Time) (ended bool, before string, err error) {
	done, err := tx.ExecContext(ctx, "UPDATE "+table+" SET "+end+"_at = ?, "+end+"_by = ? WHERE id = ? AND "+end+"_at IS NULL", micros(at), by, id)
	if err != nil {
		return false, "", err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return n == 1, "", err
	}
	err = tx.QueryRowContext(ctx, "SELECT "+end+"_by FROM "+table+" WHERE id = ?", id).Scan(&before)
	return false, before, err
}
