package guard

import (
	"context"
	"fmt"
	"time"

	"riposte.dev/action"
)

// Breaker says when an action rests: after failures, or when it is asked for unusually often. After a rest one change is
// tried; where it works, the action goes on.
type Breaker struct {
	Failures int           `yaml:"failures" doc:"Failed changes of one action after which it rests; 5 by default."`
	Volume   int           `yaml:"volume" doc:"Changes of one action after which it rests; 100 by default."`
	Within   time.Duration `yaml:"within" doc:"In how long they are counted; 10m by default."`
	Rest     time.Duration `yaml:"rest" doc:"How long the action rests before one change is tried; 15m by default."`
}

func (b Breaker) withDefaults() Breaker {
	for _, d := range []struct {
		value *int
		then  int
	}{{&b.Failures, 5}, {&b.Volume, 100}} {
		if *d.value == 0 {
			*d.value = d.then
		}
	}
	if b.Within == 0 {
		b.Within = 10 * time.Minute
	}
	if b.Rest == 0 {
		b.Rest = 15 * time.Minute
	}
	return b
}

func (b Breaker) check(fail Fail) {
	if b.Failures < 0 || b.Volume < 0 || b.Failures > maxBudget || b.Volume > maxBudget {
		fail("breaker", "failures and volume are 0 to %d", maxBudget)
	}
	if b.Within < 0 || b.Rest < 0 || b.Within > maxBudgetWithin || b.Rest > maxBudgetWithin {
		fail("breaker", "within and rest are up to %s", maxBudgetWithin)
	}
}

// breakerState is one action's breaker.
type breakerState struct {
	failures []time.Time
	open     time.Time // when it opened; zero: it is closed
	why      string
	probe    string // key of the change that is tried; "" for none
	probed   time.Time
}

// probeFor is how long a probe may take before another one is tried.
const probeFor = 15 * time.Minute

// applyBreaker leaves to people what a breaker holds up.
func (g *Guard) applyBreaker(_ context.Context, d *draft) error {
	if d.Undo || !d.policy.has(LimitBreaker) {
		return nil
	}
	limit := d.policy.Breaker
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.breaker(d.Spec.Name)
	if s.open.IsZero() {
		if n := h.volume(d.Spec.Name, d.now.Add(-limit.Within)); n >= limit.Volume {
			s.open, s.why = d.now, fmt.Sprintf("%d changes in %s", n, limit.Within)
		}
	}
	return d.each(func(item *action.Item) (string, error) {
		key := d.Effect + "/" + item.ID
		switch {
		case s.open.IsZero() || s.probe != "" && s.probe == key:
			return "", nil
		case d.now.Before(s.open.Add(limit.Rest)):
			return fmt.Sprintf("%s rests until %s after %s.", d.Spec.Name, s.open.Add(limit.Rest).UTC().Format(time.RFC3339), s.why), nil
		case s.probe != "" && d.now.Before(s.probed.Add(probeFor)):
			return fmt.Sprintf("%s rests after %s; one change is being tried.", d.Spec.Name, s.why), nil
		}
		if d.mode == Auto && d.Effect != "" {
			s.probe, s.probed = key, d.now
		}
		return "", nil
	})
}

func (h *History) breaker(actionName string) *breakerState {
	s := h.breakers[actionName]
	if s == nil {
		s = &breakerState{}
		h.breakers[actionName] = s
	}
	return s
}

// volume counts the changes of an action since then.
func (h *History) volume(actionName string, since time.Time) (n int) {
	for i := len(h.changes) - 1; i >= 0 && h.changes[i].At.After(since); i-- {
		if h.changes[i].Action == actionName {
			n++
		}
	}
	return n
}

// Done tells the guard what became of an item that it let pass: the breaker opens after failures, and closes when what it
// tried has worked.
func (g *Guard) Done(p Proposal, item action.Item) {
	if p.Undo {
		return
	}
	limit := g.policy().Breaker
	now := g.now()
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.breaker(p.Spec.Name)
	key := p.Effect + "/" + item.ID
	switch item.Status {
	case action.Changed:
		if s.probe == key {
			*s = breakerState{}
		}
	case action.Failed:
		kept := s.failures[:0]
		for _, at := range s.failures {
			if at.After(now.Add(-limit.Within)) {
				kept = append(kept, at)
			}
		}
		s.failures = append(kept, now)
		if s.probe == key || s.open.IsZero() && len(s.failures) >= limit.Failures {
			s.open, s.why, s.probe = now, fmt.Sprintf("%d failures in %s", len(s.failures), limit.Within), ""
		}
	}
}
