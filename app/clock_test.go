package app

import (
	"sync"
	"time"
)

// clock runs like the real one, and can be set ahead.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
	set   chan struct{} // closed when it is set
}

func newClock() *clock { return &clock{set: make(chan struct{})} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// advance sets it ahead; who waits for a time that has come wakes.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	close(c.set)
	c.set = make(chan struct{})
}

// After is time.After by this clock.
func (c *clock) After(d time.Duration) <-chan time.Time {
	due := c.Now().Add(d)
	wakes := make(chan time.Time, 1)
	go func() {
		for {
			c.mu.Lock()
			set, now := c.set, time.Now().Add(c.ahead)
			c.mu.Unlock()
			if !now.Before(due) {
				wakes <- now
				return
			}
			select {
			case <-set:
			case <-time.After(due.Sub(now)):
			}
		}
	}()
	return wakes
}
