package sandbox_test

import (
	"sync"
	"testing"
	"time"
)

// fakeClock starts at the present, so that the SDKs' signatures are in time,
// and moves only when told.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
	asked  chan time.Duration // each After that has to wait
}

type timer struct {
	due time.Time
	c   chan time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Now(), asked: make(chan time.Duration, 1000)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c
	}
	c.timers = append(c.timers, t)
	c.asked <- d
	return t.c
}

// awaited returns for how long somebody waits, once there is one.
func (c *fakeClock) awaited(t testing.TB) time.Duration {
	t.Helper()
	select {
	case d := <-c.asked:
		return d
	case <-time.After(20 * time.Second):
		t.Fatal("nothing waits for the clock")
		return 0
	}
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var left []timer
	for _, t := range c.timers {
		if t.due.After(c.now) {
			left = append(left, t)
		} else {
			t.c <- c.now
		}
	}
	c.timers = left
}
