package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"riposte.dev/fault"
)

// groupLimit bounds how many writes share a transaction, and so how long the first one waits for the last.
const groupLimit = 256

// writer runs the writes of all callers, one at a time and in order of arrival. What arrives while a transaction is being
// synced to disk goes into the next one together: a sync costs milliseconds, a write in it some tens of microseconds.
type writer struct {
	db   *sql.DB
	jobs chan *job
	done chan struct{}

	mu     sync.RWMutex // held for reading while a job is handed over, so that stop closes jobs when no one sends
	closed bool
}

type job struct {
	ctx  context.Context
	fn   func(ctx context.Context, tx *sql.Tx) error
	done chan error // capacity 1
}

func startWriter(db *sql.DB) *writer {
	w := &writer{db: db, jobs: make(chan *job, groupLimit), done: make(chan struct{})}
	go w.run()
	return w
}

// do runs fn in a transaction, alone among writes, and returns when it is on disk. An error of fn takes back what fn wrote
// and is returned as it is. Once fn was handed over it is waited for, also when ctx ends: SQLite takes back a whole
// transaction when one statement is interrupted, and others share it.
func (w *writer) do(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	j := &job{ctx, fn, make(chan error, 1)}
	if err := w.hand(j); err != nil {
		return err
	}
	return <-j.done
}

func (w *writer) hand(j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fault.New(fault.Unavailable, "the database is closed")
	}
	select {
	case w.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// stop finishes what was handed over. It may be called again.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	for first := range w.jobs {
		group := []*job{first}
		for more := true; more && len(group) < groupLimit; {
			select {
			case j, ok := <-w.jobs:
				if more = ok; ok {
					group = append(group, j)
				}
			default:
				more = false
			}
		}
		w.commit(group)
	}
}

// commit runs a group and then tells each caller: its own error, or that of the transaction.
func (w *writer) commit(group []*job) {
	errs := make([]error, len(group))
	err := func() error {
		tx, err := w.db.BeginTx(context.Background(), nil)
		if err != nil {
			return classify(err, "begin to write")
		}
		for i, j := range group {
			var broken error
			if errs[i], broken = runIn(tx, j); broken != nil {
				return firstOf(classify(broken, "write"), tx.Rollback())
			}
		}
		return classify(tx.Commit(), "commit")
	}()
	for i, j := range group {
		j.done <- firstOf(errs[i], err)
	}
}

// runIn runs a job inside a savepoint. broken means that the transaction itself cannot go on.
func runIn(tx *sql.Tx, j *job) (err, broken error) {
	if err := j.ctx.Err(); err != nil {
		return err, nil
	}
	ctx := context.WithoutCancel(j.ctx)
	if _, broken = tx.ExecContext(ctx, "SAVEPOINT job"); broken != nil {
		return nil, fmt.Errorf("savepoint: %w", broken)
	}
	if err = j.fn(ctx, tx); err != nil {
		if _, broken = tx.ExecContext(ctx, "ROLLBACK TO job"); broken != nil {
			return err, fmt.Errorf("take back: %w", broken)
		}
	}
	if _, broken = tx.ExecContext(ctx, "RELEASE job"); broken != nil {
		return err, fmt.Errorf("release: %w", broken)
	}
	return err, nil
}
