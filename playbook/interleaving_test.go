package playbook_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// mortal is a journal whose process dies at an append, once it is armed.
type mortal struct {
	playbook.Journal

	mu    sync.Mutex
	left  int // appends until it dies; 0: it lives
	after bool
	dead  bool
}

func (m *mortal) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	died := fault.New(fault.Internal, "the process is dead")
	if m.dead {
		return 0, died
	}
	if m.left--; m.left == 0 {
		m.dead = true
		if !m.after {
			return 0, died
		}
	}
	last, err := m.Journal.Append(ctx, id, expected, records...)
	if m.dead {
		return 0, died
	}
	return last, err
}

func (m *mortal) arm(appends int, after bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.after = appends, after
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// stage is a rig on which people, events, time and crashes come as they like.
type stage struct {
	*rig
	rt      *rapid.T
	witness *witness
	journal *mortal
	process *process
	starts  int
}

// live begins a life of the process.
func (s *stage) live() {
	if s.process != nil {
		s.process.kill()
	}
	s.journal = &mortal{Journal: s.rig.journal}
	s.process = s.boot(fixFor, s.journal, nil)
	s.process.resume(s.t)
}

func (s *stage) executions() []playbook.Summary {
	list, err := s.index.List(context.Background(), playbook.Filter{})
	if err != nil {
		s.rt.Fatal(err)
	}
	return list
}

func (s *stage) questions() []playbook.Approval {
	list, err := s.index.Approvals(context.Background(), playbook.ApprovalFilter{Open: true, Now: s.clock.Now()})
	if err != nil {
		s.rt.Fatal(err)
	}
	return list
}

func (s *stage) event(t *rapid.T) {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"lamp", "door", "fan"}), 1, 2, rapid.ID[string]).Draw(t, "resources")
	begin := startFor(rapid.SampledFrom([]string{"20s", "30h", "8000h"}).Draw(t, "for"), names...)
	begin.Mode = rapid.SampledFrom([]guard.Mode{guard.Auto, guard.Approve, guard.Approve, guard.DryRun}).Draw(t, "mode")
	begin.Cause = event.Cause(fmt.Sprint("cause-", s.starts))
	if rapid.IntRange(0, 4).Draw(t, "a new event") > 0 { // else it is delivered again
		s.starts++
	}
	_, _, _ = s.process.Start(context.Background(), begin) // a process that has died refuses
}

func (s *stage) answerAny(t *rapid.T) {
	open := s.questions()
	if len(open) == 0 {
		return
	}
	q := open[rapid.IntRange(0, len(open)-1).Draw(t, "question")]
	yes := rapid.Bool().Draw(t, "yes")
	if yes && s.witness != nil {
		s.witness.approve(q)
	}
	_, _ = s.process.Answer(context.Background(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: yes})
}

func (s *stage) undo(t *rapid.T) {
	all := s.executions()
	if len(all) == 0 {
		return
	}
	of := all[rapid.IntRange(0, len(all)-1).Draw(t, "execution")]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, _ = s.process.Undo(ctx, of.ID, playbook.UndoOptions{By: "ben"})
}

// rests waits until every execution has ended or waits for something that can be named.
func (s *stage) rests(ended bool) {
	s.rt.Helper()
	var waits string
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		waits = ""
		// What is to be taken back comes first: once it is no longer pending, its execution is among those that are listed after.
		if pending, err := s.index.Expiries(ctx); ended && (err != nil || len(pending) > 0) {
			waits += fmt.Sprintf("not taken back: %v, %v", pending, err)
		}
		asked := map[string]bool{}
		for _, q := range s.questions() {
			asked[q.Execution] = true
		}
		for _, x := range s.executions() {
			if x.Status == playbook.Running && (ended || !asked[x.ID] && x.Held == "") {
				waits += fmt.Sprintf("%s is in %q and waits for nothing that has a name; ", x.ID, x.State)
			}
		}
		if waits == "" {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
	s.rt.Fatal(waits)
}

// Whatever comes in whatever order: no call is made that the guard, or a person within it, did not let pass; none in a
// pause, but for a person's undo; none twice; and everything comes to an end, or to a rest that has a name.
func TestNothingRunsOutsideItsGuard(t *testing.T) {
	calls := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &stage{rig: newRig(t, "lamp", "door", "fan"), rt: rt}
		kill := s.realGuard(&guard.Policy{Without: []guard.Limit{guard.LimitBlastRadius, guard.LimitBudgets, guard.LimitBreaker}})
		s.witness = newWitness(s.rig, kill)
		s.guard, s.world.watch = s.witness, s.witness.saw
		s.live()
		defer func() { s.process.kill() }()
		rt.Repeat(map[string]func(*rapid.T){
			"event":        s.event,
			"event again":  s.event,
			"answer":       s.answerAny,
			"undo":         s.undo,
			"pause":        func(*rapid.T) { s.witness.pause(true) },
			"resume":       func(*rapid.T) { s.witness.pause(false) },
			"a day passes": func(*rapid.T) { s.clock.advance(24 * time.Hour) },
			"riposte is away for two days": func(*rapid.T) {
				s.process.kill()
				s.clock.advance(48 * time.Hour)
				s.live()
			},
			"crash soon": func(t *rapid.T) {
				s.journal.arm(rapid.IntRange(1, 6).Draw(t, "appends"), rapid.Bool().Draw(t, "written"))
			},
			"": func(*rapid.T) {
				if s.journal.isDead() {
					s.live()
				}
				if accused := s.witness.accusations(); len(accused) > 0 {
					rt.Fatalf("%q", accused)
				}
			},
		})
		s.live()
		s.rests(false)
		s.witness.pause(false)
		s.process.kill()
		s.clock.advance(9000 * time.Hour) // what was asked, and what was to last for a time, is over
		s.live()
		s.rests(true)
		if accused := s.witness.accusations(); len(accused) > 0 {
			rt.Fatalf("%q", accused)
		}
		for _, name := range []string{"lamp", "door", "fan"} {
			if on, effects := s.world.is(name); on || effects%2 != 0 {
				rt.Fatalf("%s is on: %v, after %d effects", name, on, effects)
			}
		}
		calls += s.witness.calls
	})
	if calls == 0 && !t.Failed() {
		t.Error("no call was made in any of the interleavings")
	}
}
