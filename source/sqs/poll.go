package sqs

import (
	"context"
	"sync"
	"time"
)

// poll receives until ctx ends. The first receiver stays; the others are there for a rush and leave after it.
func (r *run) poll(ctx context.Context, first bool) {
	pollers := r.opts.Metrics.pollers.WithLabelValues(r.opts.Name)
	pollers.Inc()
	defer pollers.Dec()
	defer r.pollers.Add(-1)
	for {
		for _, g := range r.gates {
			if g.wait(ctx) != nil {
				return
			}
		}
		probing := r.failing()
		if probing && !first {
			return
		}
		n, err := r.reserve(ctx, probing)
		if err != nil {
			return
		}
		wait := longPoll
		if !first || r.gates[receiving].failing() { // soon gone, or its recovery is to be seen soon
			wait = shortPoll
		}
		began := time.Now()
		messages, err := r.receive(ctx, r.client, n, wait)
		r.slots.Release(int64(n - len(messages)))
		if ctx.Err() != nil {
			r.giveBack(messages)
			return
		}
		if err != nil {
			r.gates[receiving].fail(began, r.problem(err))
			continue
		}
		r.gates[receiving].ok(began)
		if len(messages) == 0 && !first {
			return
		}
		if !probing && 2*len(messages) >= n {
			r.help(ctx)
		}
		r.start(ctx, messages, probing)
	}
}

// reserve waits for a free slot and takes as many as a receive can fill; while something fails one, to try with.
func (r *run) reserve(ctx context.Context, probing bool) (int, error) {
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	n := 1
	for n < maxBatch && !probing && r.slots.TryAcquire(1) {
		n++
	}
	return n, nil
}

// help starts another receiver where one may be added.
func (r *run) help(ctx context.Context) {
	if int(r.pollers.Add(1)) > r.opts.Pollers {
		r.pollers.Add(-1)
		return
	}
	r.receivers.Go(func() { r.poll(ctx, false) })
}

// start hands messages to handlers. While something fails it waits until they are through, so that the next receive knows
// more.
func (r *run) start(ctx context.Context, messages []*held, wait bool) {
	var batch sync.WaitGroup
	for i, m := range messages {
		r.hand.add(m)
		if r.room.Acquire(ctx, m.size()) != nil {
			r.giveBack(messages[i:])
			break
		}
		batch.Add(1)
		r.handlers.Go(func() {
			defer batch.Done()
			defer r.slots.Release(1)
			defer r.room.Release(m.size())
			r.message(m)
		})
	}
	if wait {
		batch.Wait()
	}
}

// giveBack makes messages visible again that nobody has begun with.
func (r *run) giveBack(messages []*held) {
	for _, m := range messages {
		r.handlers.Go(func() {
			defer r.slots.Release(1)
			r.release(m, 0)
		})
	}
}
