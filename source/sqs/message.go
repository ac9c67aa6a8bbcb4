package sqs

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"riposte.dev/fault"
)

// later is an error that speaks for its own message only.
type later interface{ RetryAfter() time.Duration }

// deleteAttempts bounds how long a handled message is held because SQS doesn't delete it; after that it comes again.
const deleteAttempts = 5

// message brings one message to an end: deleted, buried and deleted, or given back.
func (r *run) message(m *held) {
	began := time.Now()
	err := r.guarded(m)
	var own later
	switch {
	case err == nil:
		r.gates[handling].ok(began)
		r.remove(m, handled)
	case r.work.Err() != nil:
		r.release(m, 0)
	case errors.As(err, &own):
		r.opts.Logger.Debug("message given back", "source", r.opts.Name, "message", m.ID, "error", err)
		r.release(m, max(own.RetryAfter(), r.opts.Redeliver(m.Receives)))
	case fault.Retryable(err):
		r.refused(m, began, err)
	default:
		key := r.opts.Name + "/" + m.ID
		if kept := r.opts.Bury(r.work, key, err.Error(), m.Body); kept != nil {
			r.refused(m, began, fmt.Errorf("a message that can't be handled is not buried either: %w", kept))
			return
		}
		r.opts.Logger.Warn("message buried", "source", r.opts.Name, "message", m.ID, "error", err)
		r.remove(m, buried)
	}
}

// guarded calls the handler; a panic is an error like others.
func (r *run) guarded(m *held) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "the handler panicked: %v", p)
			r.opts.Logger.Error("handler panicked", "source", r.opts.Name, "message", m.ID, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return r.opts.Handle(r.work, m.Message)
}

// refused pauses the polling and gives the message back, for longer the more often it came.
func (r *run) refused(m *held, began time.Time, err error) {
	r.gates[handling].fail(began, fmt.Sprintf("queue %s: messages wait in the queue: %v", r.opts.Name, err))
	r.release(m, r.opts.Redeliver(m.Receives))
}

// remove deletes a message for good.
func (r *run) remove(m *held, result string) {
	defer r.hand.drop(m)
	for attempt := 1; ; attempt++ {
		began := time.Now()
		err := r.deletes.do(r.settle, m, 0)
		if err == nil {
			r.gates[settling].ok(began)
			r.opts.Metrics.messages.WithLabelValues(r.opts.Name, result).Inc()
			return
		}
		var stale *entryError
		if !errors.As(err, &stale) && r.settle.Err() == nil {
			r.gates[settling].fail(began, r.problem(err))
		}
		if attempt == deleteAttempts || !fault.Retryable(err) || sleep(r.settle, r.opts.Backoff(attempt)) != nil {
			r.opts.Metrics.messages.WithLabelValues(r.opts.Name, unsettled).Inc()
			r.opts.Logger.Warn("handled message not deleted, it will come again", "source", r.opts.Name, "message", m.ID, "error", err)
			return
		}
	}
}

// release makes a message visible again after a while. Where that fails it becomes visible by itself.
func (r *run) release(m *held, after time.Duration) {
	r.hand.drop(m) // or the heartbeat would hide it again
	r.opts.Metrics.messages.WithLabelValues(r.opts.Name, retried).Inc()
	if err := r.changes.do(r.settle, m, after); err != nil {
		r.opts.Logger.Debug("message not given back, it becomes visible by itself", "source", r.opts.Name, "message", m.ID, "error", err)
	}
}
