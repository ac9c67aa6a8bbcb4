package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// Deliveries is the log of what was sent to people.
type Deliveries struct{ store *Store }

var _ notify.Log = (*Deliveries)(nil)

// DeliveryFilter selects entries; empty fields select everything.
type DeliveryFilter struct {
	Message   string
	Execution string
	Status    notify.Status
	Since     time.Time
	Limit     int // at most; 0: 100, never over 1,000
}

// Record implements notify.Log.
func (d *Deliveries) Record(ctx context.Context, e notify.Entry) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fault.New(fault.Internal, "encode the log of delivery %s: %w", e.Delivery, err)
	}
	return d.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO deliveries (delivery, message, execution, status, at, body) VALUES (?, ?, ?, ?, ?, ?)",
			e.Delivery, e.Message, e.Execution, string(e.Status), micros(e.At), string(body))
		return classify(err, "log a delivery")
	})
}

// Sent implements notify.Log.
func (d *Deliveries) Sent(ctx context.Context, delivery string) (bool, error) {
	var sent bool
	err := d.store.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM deliveries WHERE delivery = ? AND status = ?)",
		delivery, string(notify.Sent)).Scan(&sent)
	return sent, classify(err, "look up a delivery")
}

// List returns entries, the latest first.
func (d *Deliveries) List(ctx context.Context, f DeliveryFilter) ([]notify.Entry, error) {
	var w where
	w.equal("message", f.Message)
	w.equal("execution", f.Execution)
	w.equal("status", string(f.Status))
	if !f.Since.IsZero() {
		w.add("at >= ?", micros(f.Since))
	}
	query := "SELECT body FROM deliveries" + w.String() + " ORDER BY at DESC, seq DESC LIMIT ?"
	list, err := collect(ctx, d.store.read, query, append(w.args, pageLimit(f.Limit)), func(row *sql.Rows) (e notify.Entry, err error) {
		var body string
		if err = row.Scan(&body); err == nil {
			err = json.Unmarshal([]byte(body), &e)
		}
		return
	})
	return list, classify(err, "list deliveries")
}
