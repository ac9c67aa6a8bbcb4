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
	switch {
	case d.Undo:
		d.skip("The breaker doesn't hold up an undo.")
		return nil
	case !d.policy.has(LimitBreaker):
		d.skip("guard.without switches the breaker off.")
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
	next := *s // as it will be when the plan is carried out: a look leaves it as it was
	err := d.each(func(item *action.Item) (ruling, error) {
		key := d.Effect + "/" + item.ID
		switch {
		case next.open.IsZero():
			return letPass("It is closed: %s failed %d times of %d in %s.", d.Spec.Name, next.failed(d.now.Add(-limit.Within)), limit.Failures, limit.Within), nil
		case next.probe == key:
			return letPass("%s rested after %s; this change is being tried.", d.Spec.Name, next.why), nil
		case d.now.Before(next.open.Add(limit.Rest)):
			return leave("%s rests until %s after %s.", d.Spec.Name, next.open.Add(limit.Rest).UTC().Format(time.RFC3339), next.why), nil
		case next.probe != "" && d.now.Before(next.probed.Add(probeFor)):
			return leave("%s rests after %s; one change is being tried.", d.Spec.Name, next.why), nil
		}
		next.probe, next.probed = key, d.now
		return letPass("%s rested after %s; this change is tried.", d.Spec.Name, next.why), nil
	})
	if d.mode == Auto && d.Effect != "" {
		*s = next
	}
	return err
}

// failed counts the failures since then.
func (s breakerState) failed(since time.Time) (n int) {
	for _, at := range s.failures {
		if at.After(since) {
			n++
		}
	}
	return n
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
	if p.Effect != "" && (item.Status == action.Changed || item.Status == action.Failed) { // what people approved is spent now
		h.add(Change{Key: key, Action: p.Spec.Name, Account: item.Resource.Account, Resource: item.Resource.ARN, At: now})
	}
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
