package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
	"riposte.dev/finding"
)

// Findings keeps findings and the events that tell of their changes.
type Findings struct {
	store *Store
	now   func() time.Time
}

var _ finding.Store = (*Findings)(nil)

// Change implements finding.Store.
func (f *Findings) Change(ctx context.Context, key finding.Key, fn func(old *finding.Record) (*finding.Change, error)) error {
	return f.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		seq, old, err := load(ctx, tx, key)
		if err != nil {
			return err
		}
		change, err := fn(old)
		if err != nil || change == nil {
			return err
		}
		if seq, err = save(ctx, tx, seq, change.Record); err != nil {
			return err
		}
		if err := saveLists(ctx, tx, seq, old, change.Record.Finding); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO outbox (event, created_at) VALUES (?, ?)", string(change.Event), micros(f.now()))
		return classify(err, "store the event of a finding")
	})
}

const findingColumns = "f.seq, f.updated_at, f.imported_at, f.generation, f.version, f.body"

// scanRecord reads findingColumns.
func scanRecord(row interface{ Scan(...any) error }) (seq, updated int64, r finding.Record, err error) {
	var imported int64
	var body string
	if err = row.Scan(&seq, &updated, &imported, &r.Generation, &r.Version, &body); err != nil {
		return
	}
	r.Imported = fromMicros(imported)
	if err = json.Unmarshal([]byte(body), &r.Finding); err != nil {
		err = fault.New(fault.Internal, "finding %d is stored damaged: %w", seq, err)
	}
	return
}

// load returns the record and its row; old is nil where there is none.
func load(ctx context.Context, tx *sql.Tx, key finding.Key) (seq int64, old *finding.Record, err error) {
	seq, _, r, err := scanRecord(tx.QueryRowContext(ctx,
		"SELECT "+findingColumns+" FROM findings f WHERE f.product_arn = ? AND f.finding_id = ?", key.ProductArn, key.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, classify(err, "read a finding")
	}
	return seq, &r, nil
}

// save writes the row; seq is 0 for a new one.
func save(ctx context.Context, tx *sql.Tx, seq int64, r finding.Record) (int64, error) {
	f := r.Finding
	body, err := json.Marshal(f)
	if err != nil {
		return 0, fault.New(fault.Internal, "encode finding %s: %w", f.ID, err)
	}
	var severity, workflow string
	if f.Severity != nil {
		severity = string(f.Severity.Label)
	}
	if f.Workflow != nil {
		workflow = string(f.Workflow.Status)
	}
	updated, err := time.Parse(time.RFC3339, f.UpdatedAt)
	if err != nil {
		return 0, fault.New(fault.Invalid, "finding %s: UpdatedAt: %w", f.ID, err)
	}
	columns := []any{f.AwsAccountID, f.Region, f.Rule(), severity, workflow, string(f.RecordState), micros(updated), micros(r.Imported),
		r.Generation, r.Version, searchText(f), string(body)}
	if seq != 0 {
		_, err = tx.ExecContext(ctx, `UPDATE findings SET account = ?, region = ?, rule = ?, severity = ?, workflow = ?, record_state = ?,
			updated_at = ?, imported_at = ?, generation = ?, version = ?, search = ?, body = ? WHERE seq = ?`, append(columns, seq)...)
		return seq, classify(err, "update a finding")
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO findings (account, region, rule, severity, workflow, record_state, updated_at, imported_at,
		generation, version, search, body, product_arn, finding_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
		append(columns, f.ProductArn, f.ID)...).Scan(&seq)
	return seq, classify(err, "insert a finding")
}

// saveLists writes the rows that types and resources are found by, where they changed.
func saveLists(ctx context.Context, tx *sql.Tx, seq int64, old *finding.Record, f finding.Finding) error {
	var had finding.Finding
	if old != nil {
		had = old.Finding
	}
	for _, list := range []struct {
		table, column string
		old, new      []string
	}{
		{"finding_types", "type", had.Types, f.Types},
		{"finding_resources", "resource", resourceIDs(had), resourceIDs(f)},
	} {
		if slices.Equal(list.old, list.new) {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+list.table+" WHERE finding = ?", seq); err != nil {
			return classify(err, "replace the "+list.column+"s of a finding")
		}
		for _, value := range list.new {
			if _, err := tx.ExecContext(ctx, "INSERT INTO "+list.table+" (finding, "+list.column+") VALUES (?, ?) ON CONFLICT DO NOTHING", seq, value); err != nil {
				return classify(err, "insert a "+list.column+" of a finding")
			}
		}
	}
	return nil
}

func resourceIDs(f finding.Finding) []string {
	ids := make([]string, len(f.Resources))
	for i, r := range f.Resources {
		ids[i] = r.ID
	}
	return ids
}

// searchText is what Filter.Text is looked for in.
func searchText(f finding.Finding) string {
	return strings.ToLower(strings.Join(append([]string{f.Title, f.Description, f.ID}, resourceIDs(f)...), "\n"))
}

// Find implements finding.Store.
func (f *Findings) Find(ctx context.Context, key finding.Key) (finding.Record, error) {
	query, args := "SELECT "+findingColumns+" FROM findings f WHERE f.finding_id = ?", []any{key.ID}
	if key.ProductArn != "" {
		query, args = query+" AND f.product_arn = ?", append(args, key.ProductArn)
	}
	found, err := collect(ctx, f.store.read, query+" ORDER BY f.seq LIMIT 2", args, func(row *sql.Rows) (finding.Record, error) {
		_, _, r, err := scanRecord(row)
		return r, err
	})
	switch {
	case err != nil:
		return finding.Record{}, classify(err, "read a finding")
	case len(found) == 0:
		return finding.Record{}, fault.New(fault.NotFound, "there is no finding %q", key.ID).WithHint("list them with riposte findings list")
	case len(found) == 2:
		return finding.Record{}, fault.New(fault.Conflict, "several products have a finding %q", key.ID).
			WithHint("name the product: %s or %s", found[0].Finding.ProductArn, found[1].Finding.ProductArn)
	}
	return found[0], nil
}

// Outbox implements finding.Store.
func (f *Findings) Outbox(ctx context.Context, limit int) ([]finding.Outgoing, error) {
	list, err := collect(ctx, f.store.read, "SELECT seq, event FROM outbox ORDER BY seq LIMIT ?", []any{limit}, func(row *sql.Rows) (finding.Outgoing, error) {
		var o finding.Outgoing
		var text string
		err := row.Scan(&o.Seq, &text)
		o.Event = []byte(text)
		return o, err
	})
	return list, classify(err, "read the outbox")
}

// Sent implements finding.Store.
func (f *Findings) Sent(ctx context.Context, seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	args := make([]any, len(seqs))
	for i, seq := range seqs {
		args[i] = seq
	}
	return f.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM outbox WHERE seq IN (%s)", marks(len(seqs))), args...)
		return classify(err, "forget events that were sent")
	})
}
