package sandbox

import (
	"time"

	"riposte.dev/sandbox/wire"
)

type rateKey struct{ account, region, operation string }

// throttle refuses a call above n a second, when the sandbox applies rates.
func (c *call) throttle(n int) error {
	s := c.sb
	if !s.opts.Throttle {
		return nil
	}
	key := rateKey{c.account.id, c.region, c.op.action}
	var recent []time.Time
	for _, t := range s.rates[key] {
		if c.time.Sub(t) < time.Second {
			recent = append(recent, t)
		}
	}
	s.rates[key] = recent
	if len(recent) >= n {
		return c.fail(wire.Throttled, "Rate exceeded")
	}
	s.rates[key] = append(recent, c.time)
	return nil
}
