package playbook_test

import (
	"context"
	"fmt"
	"testing"

	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// threeEffects has one that expires, one that is asked about, and one that stays.
const threeEffects = `
StartAt: Block
States:
  Block: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [lamp], expires_in: 20s}, ResultPath: null, Next: Isolate}
  Isolate: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [door]}, ResultPath: null, Next: Tag}
  Tag: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [fan]}, ResultPath: null, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, End: true}
`

// askAbout lets people decide about one resource.
type askAbout struct {
	plainGuard
	name string
}

func (g askAbout) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	if p.Plan.Items[0].ID == g.name {
		p.Mode = guard.Approve
	}
	return g.plainGuard.Decide(ctx, p)
}

// goOn lets a process do what is to be done, people's part too, until all of it is done or the process has died.
func (r *rig) goOn(t *testing.T, p *process, dead <-chan struct{}) (id string, undo playbook.View) {
	t.Helper()
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	id, _, _ = p.Start(t.Context(), start(guard.Auto)) // the event comes again: nobody has acknowledged it
	eventually(t, "the end, or a crash", func() bool {
		select {
		case <-dead:
			return true
		default:
		}
		open, err := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Open: true, Now: r.clock.Now()})
		for _, q := range open {
			_, _ = p.Answer(t.Context(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true})
		}
		v, getErr := p.Get(t.Context(), id)
		if err != nil || getErr != nil || v.Status == playbook.Running || len(v.Expiries) != 1 || v.Expiries[0].Execution == "" {
			return false
		}
		undo, err = p.Get(t.Context(), v.Expiries[0].Execution)
		return err == nil && undo.Status != playbook.Running
	})
	return id, undo
}

// SIGKILL at every append of a response with three effects, an approval and an expiry, of the undo of what expired too:
// nothing is lost, and nothing done twice.
func TestKilledAtEveryAppendOfAResponseThatExpires(t *testing.T) {
	for n := 1; ; n++ {
		crashed := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("append %d, after %v", n, after), func(t *testing.T) {
				r := newRig(t, "lamp", "door", "fan")
				r.guard = askAbout{name: "door"}
				journal := &crashing{Journal: r.journal, at: n, after: after, dead: make(chan struct{})}
				first := r.boot(threeEffects, journal, nil)
				r.goOn(t, first, journal.dead)
				first.kill()
				select {
				case <-journal.dead:
					crashed = true
				default:
				}
				second := r.boot(threeEffects, r.journal, nil)
				id, undo := r.goOn(t, second, nil)
				v := second.end(t, id)
				if v.Status != playbook.Succeeded || undo.Status != playbook.Succeeded {
					t.Fatalf("%s (%s), and its end %s (%s)", v.Status, v.Why, undo.Status, undo.Why)
				}
				for name, want := range map[string]struct {
					on      bool
					effects int
				}{"lamp": {false, 2}, "door": {true, 1}, "fan": {true, 1}} {
					if on, effects := r.world.is(name); on != want.on || effects != want.effects {
						t.Errorf("%s is on: %v, after %d effects", name, on, effects)
					}
				}
				eventually(t, "the index", func() bool {
					pending, err := r.index.Expiries(t.Context())
					all, listErr := r.index.List(t.Context(), playbook.Filter{})
					return err == nil && listErr == nil && len(pending) == 0 && len(all) == 2 && all[0].Status == playbook.Succeeded && all[1].Status == playbook.Succeeded
				})
				if told := countMessages(r.inbox.all()); told != 2 {
					t.Errorf("people were told %d times of an end", told)
				}
			})
		}
		if !crashed || t.Failed() {
			if n < 14 {
				t.Fatalf("the response has %d appends", n-1)
			}
			return
		}
	}
}
