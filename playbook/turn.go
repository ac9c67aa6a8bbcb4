package playbook

import (
	"context"
	"fmt"
	"sync"

	"riposte.dev/action"
)

// turns lets executions change a resource one after the other. Two answers to one deed (the call itself, and the finding
// about it) look within milliseconds of each other; without turns both would see the resource as it was, and both would
// change it.
type turns struct {
	mu   sync.Mutex
	held map[string]chan struct{} // by resource; closed when it is given back
	open map[*turn]bool
}

func newTurns() *turns { return &turns{held: map[string]chan struct{}{}, open: map[*turn]bool{}} }

// turn is one task's part in turns, from before its first look to its end.
type turn struct {
	turns   *turns
	holds   []string
	touched map[string]bool // resources that others gave back since the last look
}

// begin is called before a look.
func (t *turns) begin() *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := &turn{turns: t, touched: map[string]bool{}}
	t.open[mine] = true
	return mine
}

// take waits until the resources of the items are free and holds them, all or none, so that nobody waits in a circle. What
// was held before is given back. fresh is false where somebody else has held one of them since the last look: look again.
func (m *turn) take(ctx context.Context, plan *action.Plan, items []int) (fresh bool, err error) {
	m.turns.mu.Lock()
	defer m.turns.mu.Unlock()
	resources := resourcesOf(plan, items)
	if m.hold(resources) {
		return true, nil // nobody else can have changed them since
	}
	m.release()
	for busy := m.turns.busy(resources); busy != nil; busy = m.turns.busy(resources) {
		m.turns.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
		}
		m.turns.mu.Lock()
		if ctx.Err() != nil {
			return false, fmt.Errorf("waiting for another change of the same resource: %w", context.Cause(ctx))
		}
	}
	fresh = true
	for _, name := range resources {
		fresh = fresh && !m.touched[name]
		m.turns.held[name] = make(chan struct{})
	}
	m.holds = resources
	clear(m.touched)
	if fresh {
		delete(m.turns.open, m)
	}
	return fresh, nil
}

// hold reports whether all of the resources are held already.
func (m *turn) hold(resources []string) bool {
	mine := map[string]bool{}
	for _, name := range m.holds {
		mine[name] = true
	}
	for _, name := range resources {
		if !mine[name] {
			return false
		}
	}
	return true
}

func (t *turns) busy(resources []string) chan struct{} {
	for _, name := range resources {
		if held := t.held[name]; held != nil {
			return held
		}
	}
	return nil
}

// release gives back what is held, and lets those who have looked meanwhile know.
func (m *turn) release() {
	for _, name := range m.holds {
		close(m.turns.held[name])
		delete(m.turns.held, name)
		for other := range m.turns.open {
			if other != m {
				other.touched[name] = true
			}
		}
	}
	m.holds = nil
}

func (m *turn) end() {
	m.turns.mu.Lock()
	defer m.turns.mu.Unlock()
	m.release()
	delete(m.turns.open, m)
}

// resourcesOf names the resources of some items, each once.
func resourcesOf(plan *action.Plan, items []int) []string {
	var names []string
	seen := map[string]bool{}
	for _, i := range items {
		r := plan.Items[i].Resource
		name := r.ARN
		if name == "" {
			name = r.Account + "/" + r.Region + "/" + plan.Items[i].ID
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
