package playbook_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"riposte.dev/action"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// witness stands between the runtime and the guard, and watches the world. It knows by itself whether riposte is paused and
// what people approved, reads in the journal what was intended, and accuses every call that nobody let pass.
type witness struct {
	playbook.Guard
	pauses  *pauses
	journal playbook.Journal

	gate     sync.RWMutex // a pause begins and ends between two questions, never within one
	mu       sync.Mutex
	paused   bool
	decided  map[string]decided // by effect and item: the latest decision
	approved map[string]bool    // by effect and hash: somebody said yes to the plan
	permits  map[string]bool    // by item and effect: a call may be made
	accused  []string
	calls    int
}

type decided struct {
	mode  guard.Mode
	calls string
}

func newWitness(r *rig, p *pauses) *witness {
	return &witness{Guard: r.guard, pauses: p, journal: r.journal, decided: map[string]decided{}, approved: map[string]bool{}, permits: map[string]bool{}}
}

// pause turns the kill switch.
func (w *witness) pause(on bool) {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.pauses.set(on)
	w.paused = on
}

// approve remembers what somebody is about to say yes to.
func (w *witness) approve(a playbook.Approval) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.approved[a.Execution+"/"+a.Key+" "+a.Hash] = true
}

// intent is the latest plan that was journaled for an effect; nil where none was.
func (w *witness) intent(effect string) *action.Plan {
	id, key, _ := strings.Cut(effect, "/")
	entries, _ := w.journal.Load(context.Background(), id)
	var plan *action.Plan
	for _, entry := range entries {
		if r, err := playbook.DecodeRecord(entry.Data); err == nil && r.Intent != nil && r.Intent.Effect == key {
			plan = &r.Intent.Plan
		}
	}
	return plan
}

// approvedPlan reports whether somebody approved all that was intended.
func (w *witness) approvedPlan(effect string, intended *action.Plan) bool {
	hash, err := intended.Hash()
	return err == nil && w.approved[effect+" "+hash]
}

func callsOf(item action.Item) string {
	text := ""
	for _, call := range item.Calls {
		text += " " + call.Operation + string(call.Input)
	}
	return text
}

func (w *witness) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	d, err := w.Guard.Decide(ctx, p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		return d, err
	}
	for _, item := range d.Plan.Items {
		delete(w.permits, item.ID+" "+p.Effect)
		w.decided[p.Effect+"/"+item.ID] = decided{d.Mode, callsOf(item)}
		if w.paused && (!p.Undo || p.Expired) && len(item.Calls) > 0 {
			w.accused = append(w.accused, fmt.Sprintf("%s let pass in a pause for %s", item.ID, p.Effect))
		}
	}
	return d, err
}

func (w *witness) MayCall(ctx context.Context, p guard.Proposal, r action.Resource) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	err := w.Guard.MayCall(ctx, p, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		return err
	}
	if w.paused && (!p.Undo || p.Expired) {
		w.accused = append(w.accused, fmt.Sprintf("a call on %s permitted in a pause for %s", r.Name, p.Effect))
	}
	w.permits[r.Name+" "+p.Effect] = true
	return nil
}

// saw is told of every call that reached the world. The world doesn't know for what a call is made: something that may make
// it must be there.
func (w *witness) saw(name string, on, was bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	why := "nobody asked whether the call may be made"
	if on == was {
		why = "it was so already"
	}
	for key := range w.permits {
		item, effect, _ := strings.Cut(key, " ")
		if item != name || on == was {
			continue
		}
		if why = w.forbids(effect, name, on); why == "" {
			delete(w.permits, key)
			return
		}
	}
	w.accused = append(w.accused, fmt.Sprintf("switching %s to %v: %s", name, on, why))
}

// forbids says why a call may not be made for an effect; "" where it may.
func (w *witness) forbids(effect, name string, on bool) string {
	d := w.decided[effect+"/"+name]
	intended := w.intent(effect)
	switch {
	case d.calls != fmt.Sprintf(` Switch{"name":%q,"on":%v}`, name, on):
		return fmt.Sprintf("decided was%s for %s", d.calls, effect)
	case intended == nil || !slices.ContainsFunc(intended.Items, func(item action.Item) bool { return item.ID == name && callsOf(item) == d.calls }):
		return fmt.Sprintf("it was not intended by %s: %+v", effect, intended)
	case d.mode == guard.Approve && !w.approvedPlan(effect, intended):
		return "nobody approved the plan of " + effect
	case d.mode != guard.Auto && d.mode != guard.Approve:
		return "the mode is " + string(d.mode)
	}
	return ""
}

func (w *witness) accusations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.accused)
}
