package sqs

import (
	"context"
	"sync"
	"time"
)

// gate is closed for a while after a failure, longer with each one that follows.
type gate struct {
	backoff func(int) time.Duration
	say     func(problem string) // "" when it is over; called in the order of what happened

	mu       sync.Mutex
	failures int
	closed   time.Time // when the last failure closed it
	until    time.Time
}

// fail notes a failure of something that began then. What began before the gate closed, or fails while it is closed, tells
// nothing new: many messages that were in hand together are one failure, and the pause grows with the outage, not with them.
func (g *gate) fail(began time.Time, problem string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say(problem)
	now := time.Now()
	if g.failures > 0 && (!began.After(g.closed) || now.Before(g.until)) {
		return
	}
	g.failures++
	g.closed = now
	g.until = g.closed.Add(g.backoff(g.failures))
}

// ok notes a success of something that began then.
func (g *gate) ok(began time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures > 0 && began.After(g.closed) {
		g.failures, g.until = 0, time.Time{}
		g.say("")
	}
}

// failing says whether the last try failed.
func (g *gate) failing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failures > 0
}

// wait returns when the gate is open. Its error is the end of ctx.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		d := time.Until(g.until)
		g.mu.Unlock()
		if d <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
