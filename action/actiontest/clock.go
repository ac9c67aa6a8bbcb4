package actiontest

import (
	"sync/atomic"
	"time"

	"riposte.dev/sandbox"
)

// clock is AWS's: the machine's, and ahead of it by as much as a test wants.
type clock struct {
	sandbox.SystemClock
	ahead atomic.Int64
}

// Now is the time.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Later lets a time pass in AWS, of minutes at most: it refuses requests whose clocks differ more.
func (c *Cloud) Later(d time.Duration) { c.clock.ahead.Add(int64(d)) }
