package playbook_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

const pauseAndFix = `
StartAt: Pause
States:
  Pause: {Type: Wait, Seconds: 3600, Next: Fix}
  Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names.$: $.names}, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {}, End: true}
`

// jump moves the rig's clock past what After leaves out.
func (r *rig) jump(d time.Duration) {
	r.clock.mu.Lock()
	defer r.clock.mu.Unlock()
	r.clock.now = r.clock.now.Add(d)
}

func TestWaitsSurviveARestart(t *testing.T) {
	r := newRig(t, "lamp")
	first := r.boot(pauseAndFix, r.journal, nil)
	if err := first.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 20 {
		s := start(guard.Auto, "lamp")
		s.Cause = event.Cause(fmt.Sprintf("cause-%d", i))
		id, _, err := first.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	first.kill()
	r.jump(2 * time.Hour)
	second := r.boot(pauseAndFix, r.journal, nil)
	if err := second.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, id := range ids {
		if v, err := second.Wait(ctx, id); err != nil || v.Status != playbook.Succeeded {
			t.Errorf("execution %s: %s, %v", id, v.Status, err)
		}
	}
}

func TestIndexFollowsTheJournal(t *testing.T) {
	r := newRig(t, "lamp", "door")
	p := r.boot(fix, r.journal, nil)
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := p.run(t, start(guard.Auto, "lamp", "door"))
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := r.indexed(t, p, v.ID, func(s playbook.Summary) bool { return s.Status == playbook.Succeeded && s.UndoneBy != "" })
	if s.Items[action.Changed] != 2 || len(s.Resources) != 2 || !s.Undoable || s.UndoneBy != undone.ID || s.Account != "111122223333" || s.FirstCall < 0 {
		t.Errorf("summary %+v", s)
	}
	receipt := v.Visits[0].Tries[0].Effect.Plan.Items[0].Receipts[0]
	request, err := r.index.Request(t.Context(), receipt.RequestID)
	if err != nil || request.Execution != v.ID || request.Operation != "Switch" {
		t.Errorf("the index knows request %s as %+v, %v", receipt.RequestID, request, err)
	}

	// Losing the index loses nothing.
	r.index = &playbooktest.Index{}
	again := r.boot(fix, r.journal, nil)
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	rebuilt, err := r.index.Get(t.Context(), v.ID)
	if err != nil || rebuilt.UndoneBy != s.UndoneBy || rebuilt.Seq != s.Seq || rebuilt.Items[action.Changed] != 2 {
		t.Errorf("rebuilt %+v, %v; want %+v", rebuilt, err, s)
	}
	all, err := r.index.List(t.Context(), playbook.Filter{})
	if err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(s playbook.Summary) bool { return s.Undoes == v.ID }) {
		t.Errorf("the rebuilt index lists %+v, %v", all, err)
	}
}

// indexed waits until the index has what is wanted.
func (r *rig) indexed(t *testing.T, p *process, id string, want func(playbook.Summary) bool) playbook.Summary {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		s, err := r.index.Get(ctx, id)
		if err == nil && want(s) {
			return s
		}
		if ctx.Err() != nil {
			t.Fatalf("the index has %+v, %v", s, err)
		}
	}
}

// A journal that can't be read is reported and left alone; the others go on.
func TestAPoisonedJournal(t *testing.T) {
	r := newRig(t, "lamp")
	first := r.boot(pauseAndFix, r.journal, nil)
	if err := first.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad, _, err := first.Start(t.Context(), start(guard.Auto, "lamp"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(guard.Auto, "lamp")
	s.Cause = "good"
	good, _, err := first.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	r.indexed(t, first, good, func(playbook.Summary) bool { return true })
	first.kill()
	entries, _ := r.journal.Load(t.Context(), bad)
	if _, err := r.journal.Append(t.Context(), bad, entries[len(entries)-1].Seq, []byte(`{"v":99}`)); err != nil {
		t.Fatal(err)
	}
	r.jump(2 * time.Hour)
	second := r.boot(pauseAndFix, r.journal, nil)
	if err := second.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if v, err := second.Wait(ctx, good); err != nil || v.Status != playbook.Succeeded {
		t.Errorf("the good one: %s, %v", v.Status, err)
	}
	if _, err := second.Wait(ctx, bad); err == nil {
		t.Error("the poisoned journal can be read")
	}
	if !slices.ContainsFunc(r.inbox.all(), func(n playbook.Notice) bool { return n.Execution == bad && n.Failed != "" }) {
		t.Errorf("nobody was told: %+v", r.inbox.all())
	}
}

// Shutting down lets a call under way come to its record.
func TestRunDrains(t *testing.T) {
	r := newRig(t, "lamp")
	called, proceed := make(chan struct{}), make(chan struct{})
	r.world.onApply = func() {
		close(called)
		<-proceed
	}
	p := r.boot(fix, r.journal, nil)
	id, _, err := p.Start(t.Context(), start(guard.Auto, "lamp"))
	if err != nil {
		t.Fatal(err)
	}
	<-called
	stopped := make(chan struct{})
	go func() {
		p.kill()
		close(stopped)
	}()
	for { // starts are refused once it is stopping; the call is not cut off
		if _, _, err := p.Start(t.Context(), start(guard.Auto, "lamp")); err != nil {
			break
		}
	}
	close(proceed)
	<-stopped
	v, err := p.Get(t.Context(), id)
	if err != nil || v.Visits[0].Tries[0].Effect == nil || v.Visits[0].Tries[0].Effect.Plan.Items[0].Status != action.Changed {
		t.Errorf("the call was made but not recorded: %+v, %v", v.Visits, err)
	}
}

func TestProgressIsObserved(t *testing.T) {
	r := newRig(t, "lamp")
	var mu sync.Mutex
	var steps []playbook.Step
	p := r.boot(fix, r.journal, func(p playbook.Progress) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, p.Step)
	})
	p.run(t, start(guard.Auto, "lamp"))
	want := []playbook.Step{"started", "entered", "planned", "intended", "applied", "verified", "finished", "entered", "notified", "finished", "ended"}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(steps, want) {
		t.Errorf("observed %v\nwant     %v", steps, want)
	}
}

func TestTimeouts(t *testing.T) {
	for name, tt := range map[string]struct {
		text, failed string
		status       playbook.Status
	}{
		"of the execution": {"TimeoutSeconds: 5\nStartAt: Pause\nStates: {Pause: {Type: Wait, Seconds: 20, End: true}}", "the playbook took longer", playbook.TimedOut},
		"of a task": {"StartAt: Fix\nStates: {Fix: {Type: Task, Resource: 'riposte:action:fake.switch-on', Parameters: {names.$: $.names}, TimeoutSeconds: 20, End: true}}",
			"Fix failed with States.Timeout", playbook.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "lamp")
			r.world.lag, r.verifyFor = 1<<30, 1000*time.Hour
			v := r.boot(tt.text, r.journal, nil).run(t, start(guard.Auto, "lamp"))
			if v.Status != tt.status || len(r.inbox.all()) != 1 || len(r.inbox.all()[0].Failed) < len(tt.failed) || r.inbox.all()[0].Failed[:len(tt.failed)] != tt.failed {
				t.Errorf("%s: %s %s; notices %+v", v.Status, v.Error, v.Why, r.inbox.all())
			}
		})
	}
}
