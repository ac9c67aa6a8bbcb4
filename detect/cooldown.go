package detect

import (
	"sync"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Later is returned by Engine.Handle, where Options.Postponer is nil, for an event whose response has to wait: put the event
// aside, so that it does not hold up others, and give it to the engine again after that time. It is retryable. Everything
// else of the event is done.
type Later struct {
	After time.Duration
	Rule  string
}

// Error says what waits and why.
func (l *Later) Error() string {
	return "rule " + l.Rule + " answered for the same resource a moment ago; its next response waits " + l.After.String()
}

// Unwrap makes fault.Retryable true.
func (l *Later) Unwrap() error { return fault.New(fault.Throttled, "cooldown") }

// cooldowns spaces the responses of a rule to one resource. A response looks at the resource's present state, so one that
// starts after an event was received answers that event too; an event received since the last start gets a response of its
// own when the time has come. Nothing is dropped: otherwise stopping a trail twice would keep it stopped.
type cooldowns struct {
	mu   sync.Mutex
	last map[string]lastStart
}

type lastStart struct {
	at    time.Time
	until time.Time
	cause event.Cause
}

type turn int

const (
	goAhead  turn = iota // start now
	wait                 // start later
	answered             // a response that started since answers this event too
)

// maxCooldowns bounds the memory; over it, what is over goes, and if all is pending the table starts again: a response too
// many does no harm.
const maxCooldowns = 100_000

// take decides for an event and, where it may go ahead, reserves the turn.
func (c *cooldowns) take(key string, cause event.Cause, received, now time.Time, period time.Duration) (turn, time.Duration) {
	if period <= 0 {
		return goAhead, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = map[string]lastStart{}
	}
	if last, ok := c.last[key]; ok && last.cause != cause {
		if received.Before(last.at) {
			return answered, 0
		}
		if now.Before(last.until) {
			return wait, last.until.Sub(now)
		}
	}
	c.bound(now)
	c.last[key] = lastStart{at: now, until: now.Add(period), cause: cause}
	return goAhead, 0
}

// release gives the turn back where the start failed.
func (c *cooldowns) release(key string, cause event.Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last[key].cause == cause {
		delete(c.last, key)
	}
}

func (c *cooldowns) bound(now time.Time) {
	if len(c.last) < maxCooldowns {
		return
	}
	for key, last := range c.last {
		if !now.Before(last.until) {
			delete(c.last, key)
		}
	}
	if len(c.last) >= maxCooldowns {
		clear(c.last)
	}
}
