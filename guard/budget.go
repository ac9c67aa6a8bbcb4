package guard

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"riposte.dev/action"
)

// Change is a resource that was changed, or was about to be: what budgets count.
type Change struct {
	Key      string    `json:"key"` // of execution, effect and item; the same one counts once
	Action   string    `json:"action"`
	Account  string    `json:"account"`
	Resource string    `json:"resource"` // ARN
	At       time.Time `json:"at"`
}

// History remembers changes for budgets, the breaker and its probes. It is made before the guard and outlives reloads. What
// came before the start of the process is told by [History.Seed]. It is safe for concurrent use.
type History struct {
	mu       sync.Mutex
	seen     map[string]bool // keys of changes
	changes  []Change        // by time
	breakers map[string]*breakerState
}

// NewHistory returns an empty history.
func NewHistory() *History {
	return &History{seen: map[string]bool{}, breakers: map[string]*breakerState{}}
}

// Seed takes in changes of earlier processes, in any order.
func (h *History) Seed(changes []Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range changes {
		h.add(c)
	}
}

// add keeps the changes sorted; nearly always at the end.
func (h *History) add(c Change) {
	if h.seen[c.Key] {
		return
	}
	h.seen[c.Key] = true
	i := len(h.changes)
	for i > 0 && h.changes[i-1].At.After(c.At) {
		i--
	}
	h.changes = append(h.changes, Change{})
	copy(h.changes[i+1:], h.changes[i:])
	h.changes[i] = c
}

// forget drops what no budget counts any more.
func (h *History) forget(before time.Time) {
	i := 0
	for i < len(h.changes) && h.changes[i].At.Before(before) {
		delete(h.seen, h.changes[i].Key)
		i++
	}
	if i > 0 {
		h.changes = append([]Change(nil), h.changes[i:]...)
	}
}

// counts reports whether the budget counts a change of this action at all.
func (b Budget) counts(actionName string) bool {
	return len(b.Actions) == 0 || anyGlob(b.Actions, actionName)
}

// same reports whether two changes share the budget.
func (b Budget) same(x, y Change) bool {
	switch b.Per {
	case PerAction:
		return x.Action == y.Action
	case PerAccount:
		return x.Account == y.Account
	case PerResource:
		return x.Resource == y.Resource
	case PerEverything:
		return true
	default:
		return x.Action == y.Action && x.Account == y.Account
	}
}

// tightest returns the budget with the least room for the change, and how much of it is spent by what was changed and by what the
// same plan changes before it; nil where no budget counts it.
func (h *History) tightest(budgets []Budget, planned []Change, c Change) (least *Budget, spent int) {
	for i := range budgets {
		b := &budgets[i]
		if !b.counts(c.Action) {
			continue
		}
		used := 0
		for j := len(h.changes) - 1; j >= 0 && h.changes[j].At.After(c.At.Add(-b.Within)); j-- {
			if x := h.changes[j]; b.counts(x.Action) && b.same(x, c) {
				used++
			}
		}
		for _, x := range planned {
			if b.same(x, c) {
				used++
			}
		}
		if least == nil || b.Changes-used < least.Changes-spent {
			least, spent = b, used
		}
	}
	return least, spent
}

func (b Budget) String() string {
	per := "for each " + strings.ReplaceAll(string(b.Per), "-", " ")
	switch b.Per {
	case "":
		per = "for each action and account"
	case PerEverything:
		per = "in all"
	}
	return fmt.Sprintf("%d changes %s in %s", b.Changes, per, b.Within)
}

// applyBlastRadius leaves a plan to people as a whole that would change more than one plan may.
func (g *Guard) applyBlastRadius(_ context.Context, d *draft) error {
	switch {
	case d.Undo:
		d.skip("The blast radius doesn't hold up an undo.")
		return nil
	case !d.policy.has(LimitBlastRadius):
		d.skip("guard.without switches the blast radius off.")
		return nil
	}
	due := 0
	for _, item := range d.plan.Items {
		if item.Status == action.Change {
			due++
		}
	}
	said := letPass("The plan changes %d of at most %d resources.", due, d.policy.BlastRadius)
	if due > d.policy.BlastRadius {
		said = leave("The plan would change %d resources, more than the %d of guard.blast_radius.", due, d.policy.BlastRadius)
	}
	return d.each(func(*action.Item) (ruling, error) { return said, nil })
}

// applyBudgets leaves to people what is over a budget. What is let pass in mode auto is spent at once, so that two plans can't share
// the last of it.
func (g *Guard) applyBudgets(_ context.Context, d *draft) error {
	switch {
	case d.Undo:
		d.skip("Budgets don't hold up an undo.")
		return nil
	case !d.policy.has(LimitBudgets):
		d.skip("guard.without switches the budgets off.")
		return nil
	}
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(d.now.Add(-maxBudgetWithin))
	var planned []Change // let pass and not spent: it is a look, or waits for people
	return d.each(func(item *action.Item) (ruling, error) {
		c := Change{Key: d.Effect + "/" + item.ID, Action: d.Spec.Name, Account: item.Resource.Account, Resource: item.Resource.ARN, At: d.now}
		if d.Effect != "" && h.seen[c.Key] { // it looks again
			return letPass("It was let pass before."), nil
		}
		budget, spent := h.tightest(d.policy.Budgets, planned, c)
		switch {
		case budget == nil:
			return letPass("No budget counts it."), nil
		case spent >= budget.Changes:
			return leave("The budget of %s is spent (%d).", budget, spent), nil
		}
		if d.mode == Auto && d.Effect != "" {
			h.add(c)
		} else {
			planned = append(planned, c)
		}
		return letPass("Left before it of the budget of %s: %d.", budget, budget.Changes-spent), nil
	})
}
