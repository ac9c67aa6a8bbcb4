package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
)

// Audit keeps the chain of audit records. Nothing in it can be changed or removed through a connection to the database; who
// writes into its file is found by audit.Verify.
//
// What other handles of the store change on behalf of people, and what the journal projects, is told in the transaction of
// the change itself: one is never there without the other.
type Audit struct {
	store *Store
	now   func() time.Time
}

// Append adds entries, in order, and returns the new head. Those without a time get the present one.
func (a *Audit) Append(ctx context.Context, entries ...audit.Entry) (head audit.Head, err error) {
	for i := range entries {
		if entries[i].Time.IsZero() {
			entries[i].Time = a.now()
		}
	}
	err = a.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		head, err = appendAudit(ctx, tx, entries...)
		return err
	})
	return head, err
}

// auditRows is how many records share a statement: each statement costs more than a row.
const auditRows = 50

// appendAudit adds entries in a transaction of the writer.
func appendAudit(ctx context.Context, tx *sql.Tx, entries ...audit.Entry) (audit.Head, error) {
	head, err := auditHead(ctx, tx)
	if err != nil || len(entries) == 0 {
		return head, err
	}
	for part := range slices.Chunk(entries, auditRows) {
		args := make([]any, 0, 6*len(part))
		for _, e := range part {
			r := head.Next(e)
			args = append(args, int64(r.Seq), r.Hash, micros(r.Time), string(r.Kind), r.Execution, string(r.Encode())) //nolint:gosec // it counts rows
			head = r.Head()
		}
		values := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", len(part)), ", ")
		if _, err := tx.ExecContext(ctx, "INSERT INTO audit (seq, hash, at, kind, execution, body) VALUES "+values, args...); err != nil {
			return head, classify(err, "add audit records")
		}
	}
	return head, nil
}

// rower is a database or a transaction.
type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func auditHead(ctx context.Context, db rower) (audit.Head, error) {
	var head audit.Head
	err := db.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&head.Seq, &head.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Head{}, nil
	}
	return head, classify(err, "read the head of the audit record")
}

// Head returns the last record's place and hash; the zero value where there is none.
func (a *Audit) Head(ctx context.Context) (audit.Head, error) { return auditHead(ctx, a.store.read) }

// auditPage is how many records are read at a time: no reader holds up the log's clean-up for long.
const auditPage = 500

// Since returns the chain from the first record at or after a time, the zero time for all of it, to the head at the call. A
// record that is stored damaged ends it with fault.Invalid.
func (a *Audit) Since(ctx context.Context, since time.Time) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		head, err := a.Head(ctx)
		if err != nil {
			yield(audit.Record{}, err)
			return
		}
		var next uint64
		if !since.IsZero() {
			err := a.store.read.QueryRowContext(ctx, "SELECT coalesce(min(seq), ?) FROM audit WHERE at >= ?", int64(math.MaxInt64), micros(since)).Scan(&next)
			if err != nil {
				yield(audit.Record{}, classify(err, "find the beginning of audit records"))
				return
			}
		}
		for next <= head.Seq {
			page, err := a.records(ctx, "WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ?", next, head.Seq, auditPage)
			for _, r := range page {
				next = r.Seq + 1
				if !yield(r, nil) {
					return
				}
			}
			if err != nil {
				yield(audit.Record{}, err)
			}
			if err != nil || len(page) == 0 {
				return
			}
		}
	}
}

// List returns records, the latest first.
func (a *Audit) List(ctx context.Context, f audit.Filter) ([]audit.Record, error) {
	var w where
	w.equal("kind", string(f.Kind))
	w.equal("execution", f.Execution)
	if !f.Since.IsZero() {
		w.add("at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		w.add("at < ?", micros(f.Until))
	}
	if f.After > 0 {
		w.add("seq < ?", int64(min(f.After, math.MaxInt64)))
	}
	return a.records(ctx, w.String()+" ORDER BY seq DESC LIMIT ?", append(w.args, pageLimit(f.Limit))...)
}

// records returns those that could be read too where one is damaged.
func (a *Audit) records(ctx context.Context, rest string, args ...any) ([]audit.Record, error) {
	var list []audit.Record
	_, err := collect(ctx, a.store.read, "SELECT seq, hash, at, kind, execution, body FROM audit "+rest, args, func(row *sql.Rows) (struct{}, error) {
		var seq uint64
		var at int64
		var hash, kind, execution, body string
		if err := row.Scan(&seq, &hash, &at, &kind, &execution, &body); err != nil {
			return struct{}{}, err
		}
		r, err := audit.Decode([]byte(body))
		if err != nil {
			return struct{}{}, fmt.Errorf("record %d is stored damaged: %w", seq, err)
		}
		if r.Seq != seq || r.Hash != hash || micros(r.Time) != at || string(r.Kind) != kind || r.Execution != execution { // lists are found by these
			return struct{}{}, fault.New(fault.Invalid, "record %d is stored under another place, hash, time, kind or execution than its own", seq)
		}
		list = append(list, r)
		return struct{}{}, nil
	})
	if fault.CodeOf(err) == fault.Invalid {
		return list, err
	}
	return list, classify(err, "read audit records")
}
