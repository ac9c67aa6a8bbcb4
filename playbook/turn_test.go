package playbook_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// meeting is a guard that answers the first decisions only when all of them have been asked for: until then every execution
// has looked and none has changed anything.
type meeting struct {
	playbook.Guard
	mu      sync.Mutex
	missing int
	all     chan struct{}
}

func (m *meeting) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	m.mu.Lock()
	if m.missing--; m.missing == 0 {
		close(m.all)
	}
	m.mu.Unlock()
	select {
	case <-m.all:
	case <-ctx.Done():
		return guard.Decision{}, ctx.Err()
	}
	return m.Guard.Decide(ctx, p)
}

// Executions that all saw the same resource as wrong change it once: whoever comes later looks again, and finds it right.
func TestExecutionsChangeAResourceInTurn(t *testing.T) {
	tests := []struct {
		name  string
		names [][]string // of the resources, by execution
		want  map[string]int
	}{
		{"the same", [][]string{{"lamp"}, {"lamp"}, {"lamp"}}, map[string]int{"lamp": 1}},
		{"some in common, in another order", [][]string{{"lamp", "door"}, {"door", "lamp"}, {"door"}}, map[string]int{"lamp": 1, "door": 1}},
		{"none in common", [][]string{{"lamp"}, {"door"}}, map[string]int{"lamp": 1, "door": 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "lamp", "door")
			r.guard = &meeting{Guard: r.guard, missing: len(tt.names), all: make(chan struct{})}
			p := r.boot(fix, r.journal, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var ids []string
			for i, names := range tt.names {
				s := start(guard.Auto, names...)
				s.Rule = string(rune('a' + i))
				id, _, err := p.Start(ctx, s)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			changed := map[string]int{}
			for _, id := range ids {
				v, err := p.Wait(ctx, id)
				if err != nil || v.Status != playbook.Succeeded {
					t.Fatalf("%s is %s (%s): %v", id, v.Status, v.Why, err)
				}
				for _, item := range v.Plans[0].Items {
					if item.Status == action.Changed {
						changed[item.ID]++
					}
				}
			}
			for name, want := range tt.want {
				if on, effects := r.world.is(name); !on || effects != want || changed[name] != want {
					t.Errorf("%s is on: %v, after %d calls, in %d plans", name, on, effects, changed[name])
				}
			}
		})
	}
}
