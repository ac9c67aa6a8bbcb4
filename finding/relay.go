package finding

import (
	"context"
	"fmt"
	"time"
)

// relayBatch is how many events Relay hands over at once: a bus syncs a group for the price of one.
const relayBatch = 100

// maxRetry bounds the wait between two attempts to publish.
const maxRetry = 5 * time.Second

// Relay publishes the events of changed findings, in the order of the changes, until ctx ends; then it returns nil. It
// wakes at once on a change through this hub. publish gets EventBridge envelopes and must return only when it has them
// safely; an event is forgotten after that. A crash in between publishes it again under the same event id. Where publish
// or the store fails, Relay logs it once, waits and tries again: nothing is skipped. Run one Relay a store.
func (h *Hub) Relay(ctx context.Context, publish func(ctx context.Context, events [][]byte) error) error {
	wait := h.retry
	failing := false
	for {
		more, err := h.drain(ctx, publish)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for
		}
		if err != nil && !failing {
			h.logger.Warn("findings wait to be published", "error", err)
		}
		if err == nil && failing {
			h.logger.Info("findings are published again")
		}
		if failing = err != nil; failing {
			sleep(ctx, wait, nil)
			wait = min(2*wait, maxRetry)
			continue
		}
		wait = h.retry
		if !more {
			sleep(ctx, h.poll, h.wake)
		}
	}
}

// drain publishes one batch and reports whether there may be more.
func (h *Hub) drain(ctx context.Context, publish func(context.Context, [][]byte) error) (more bool, err error) {
	waiting, err := h.store.Outbox(ctx, relayBatch)
	if err != nil {
		return false, fmt.Errorf("read the outbox: %w", err)
	}
	if len(waiting) == 0 {
		return false, nil
	}
	events, seqs := make([][]byte, len(waiting)), make([]int64, len(waiting))
	for i, w := range waiting {
		events[i], seqs[i] = w.Event, w.Seq
	}
	if err := publish(ctx, events); err != nil {
		return false, fmt.Errorf("publish %d events: %w", len(events), err)
	}
	if err := h.store.Sent(ctx, seqs); err != nil {
		return false, fmt.Errorf("mark events as sent: %w", err)
	}
	return len(waiting) == relayBatch, nil
}

// sleep waits for d, a token in wake, or the end of ctx.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}
