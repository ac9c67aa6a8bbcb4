package sqs

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	defaultVisibility = 30 * time.Second // SQS's own default; until the queue has told, or where it tells something odd
	minVisibility     = 2 * time.Second
	maxVisibility     = 15 * time.Minute // so that what a dead process held is soon somebody else's
)

// held is a message in hand.
type held struct {
	Message
	receipt string
	until   time.Time // when it becomes visible to others, by our clock; guarded by hand
}

func (m *held) size() int64 { return min(int64(len(m.Body)), maxHeld) }

// hand is what was received and is neither deleted nor given back.
type hand struct {
	mu   sync.Mutex
	held map[*held]struct{}
}

func (h *hand) add(m *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[m] = struct{}{}
}

func (h *hand) drop(m *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.held, m)
}

// due lists the messages that become visible before then.
func (h *hand) due(then time.Time) []*held {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*held
	for m := range h.held {
		if m.until.Before(then) {
			out = append(out, m)
		}
	}
	return out
}

func (h *hand) extend(m *held, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.until = until
}

func (h *hand) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.held)
}

// heartbeat keeps what is in hand invisible to others: every sixth of the time it extends what has less than half left, so
// that a call that fails can be made again.
func (r *run) heartbeat(ctx context.Context) {
	for {
		visibility := time.Duration(r.visibility.Load())
		if sleep(ctx, visibility/6) != nil {
			return
		}
		r.opts.Metrics.inHand.WithLabelValues(r.opts.Name).Set(float64(r.hand.count()))
		due := r.hand.due(time.Now().Add(visibility / 2))
		var calls errgroup.Group
		calls.SetLimit(4)
		for len(due) > 0 {
			batch := due[:min(maxBatch, len(due))]
			due = due[len(batch):]
			calls.Go(func() error { r.prolong(ctx, batch, visibility); return nil })
		}
		_ = calls.Wait()
	}
}

// prolong extends up to ten messages. One that is not ours any more is left alone: it comes again.
func (r *run) prolong(ctx context.Context, batch []*held, visibility time.Duration) {
	entries := make([]*entry, len(batch))
	for i, m := range batch {
		entries[i] = &entry{message: m, hide: visibility}
	}
	began := time.Now()
	if err := r.changeBatch(ctx, r.client, entries); err != nil {
		return // counted, and tried again at the next beat
	}
	for _, e := range entries {
		var stale *entryError
		switch {
		case e.err == nil:
			r.hand.extend(e.message, began.Add(visibility))
		case errors.As(e.err, &stale):
			r.hand.drop(e.message)
		}
	}
}
