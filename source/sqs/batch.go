package sqs

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	linger      = 5 * time.Millisecond // how long an entry waits for others
	batcherSize = 8                    // calls at a time
)

// entry is a message to delete or to hide for a time, in a call with others.
type entry struct {
	message *held
	hide    time.Duration
	err     error // what became of it, once the call was answered
	done    chan struct{}
}

// batcher sends entries that come at the same time in calls of up to ten.
type batcher struct {
	send  func(context.Context, []*entry) error // an error is that of all; an entry's own is in it
	in    chan *entry
	calls *semaphore.Weighted
}

func newBatcher(send func(context.Context, []*entry) error) *batcher {
	return &batcher{send: send, in: make(chan *entry), calls: semaphore.NewWeighted(batcherSize)}
}

// do returns when the message's call was answered.
func (b *batcher) do(ctx context.Context, m *held, hide time.Duration) error {
	e := &entry{message: m, hide: hide, done: make(chan struct{})}
	select {
	case b.in <- e:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-e.done:
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *batcher) run(ctx context.Context) {
	var sent sync.WaitGroup
	defer sent.Wait()
	for {
		entries := b.gather(ctx)
		if b.calls.Acquire(ctx, 1) != nil {
			return
		}
		sent.Go(func() {
			defer b.calls.Release(1)
			err := b.send(ctx, entries)
			for _, e := range entries {
				if err != nil {
					e.err = err
				}
				close(e.done)
			}
		})
	}
}

// gather waits for a first entry, and then for as many as come soon.
func (b *batcher) gather(ctx context.Context) []*entry {
	var entries []*entry
	var late <-chan time.Time
	for len(entries) < maxBatch {
		select {
		case e := <-b.in:
			entries = append(entries, e)
			if late == nil {
				late = time.After(linger)
			}
		case <-late:
			return entries
		case <-ctx.Done():
			return entries
		}
	}
	return entries
}
