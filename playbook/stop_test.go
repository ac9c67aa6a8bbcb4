package playbook_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

func (r *rig) audited(t *testing.T, kind audit.Kind, actor, text string) {
	t.Helper()
	eventually(t, "the audit record of: "+text, func() bool {
		return slices.ContainsFunc(r.index.Audit(), func(e audit.Entry) bool { return e.Kind == kind && e.Actor == actor && strings.HasPrefix(e.Text, text) })
	})
}

func TestStopWhileItWaits(t *testing.T) {
	r := newRig(t)
	p := r.boot(waitsForToken, r.journal, nil)
	p.resume(t)
	id := p.begin(t, start(guard.Auto))
	r.token(t, 1)
	if err := p.Stop(t.Context(), id, "Enough", "it takes too long", "ana"); err != nil {
		t.Fatal(err)
	}
	if v := p.wait(t, id); v.Status != playbook.Aborted || v.Error != "Enough" || v.Why != "it takes too long" || v.Ended.IsZero() {
		t.Errorf("%s %s %s", v.Status, v.Error, v.Why)
	}
	if err := p.Stop(t.Context(), id, "", "", "ana"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "ABORTED") {
		t.Errorf("stopped again: %v", err)
	}
	if err := p.Stop(t.Context(), strings.Repeat("0", 20), "", "", "ana"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("what is not there was stopped: %v", err)
	}
	r.audited(t, audit.Outcome, "ana", "The execution ended: ABORTED, Enough it takes too long")
	s := r.indexed(t, p, id, func(s playbook.Summary) bool { return s.Status == playbook.Aborted })
	if s.Error != "Enough" {
		t.Errorf("summary %+v", s)
	}
	if len(r.inbox.all()) != 1 { // who stopped it knows
		t.Errorf("told %+v", r.inbox.all())
	}
}

// What a task has begun is on record when the execution is stopped, and can be taken back.
func TestStopInTheMiddleOfACall(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.lag, r.verifyFor = 1<<30, 1000*time.Hour
	applied := make(chan struct{})
	once := sync.OnceFunc(func() { close(applied) })
	p := r.boot(fix, r.journal, func(p playbook.Progress) {
		if p.Step == playbook.StepApplied {
			once()
		}
	})
	p.resume(t)
	id := p.begin(t, start(guard.Auto, "lamp"))
	<-applied
	if err := p.Stop(t.Context(), id, "", "", "ana"); err != nil {
		t.Fatal(err)
	}
	v, err := p.Get(t.Context(), id)
	if err != nil || v.Status != playbook.Aborted || !v.Undoable || v.Visits[0].Tries[0].Effect == nil || v.Plans[0].Items[0].Status != action.Failed {
		t.Fatalf("%s, undoable %v, %+v, %v", v.Status, v.Undoable, v.Visits, err)
	}
	r.world.lag = 0
	if undone, err := p.Undo(t.Context(), id, playbook.UndoOptions{By: "ana"}); err != nil || undone.Status != playbook.Succeeded {
		t.Errorf("%+v, %v", undone, err)
	}
	if on, _ := r.world.is("lamp"); on {
		t.Error("the lamp is still on")
	}
	r.indexed(t, p, id, func(s playbook.Summary) bool { return s.UndoneBy != "" })
	if err := p.Redrive(t.Context(), id, "ana"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "taken back") {
		t.Errorf("redriven after it was taken back: %v", err)
	}
}

// goesOn fails at its second task, until that may work.
const goesOn = `
StartAt: Both
States:
  Both:
    Type: Parallel
    ResultPath: null
    Branches:
      - StartAt: Left
        States:
          Left: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [left]}, End: true}
      - StartAt: First
        States:
          First: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [first]}, Next: Say}
          Say: {Type: Task, Resource: "riposte:notify", Parameters: {message: first}, Next: Second}
          Second: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [second]}, End: true}
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, ResultPath: null, End: true}
`

// A redrive goes on where the execution failed: what has succeeded is not done again, also after a restart.
func TestRedrive(t *testing.T) {
	r := newRig(t, "left", "first") // second is missing
	p := r.boot(goesOn, r.journal, nil)
	p.resume(t)
	v := p.run(t, start(guard.Auto))
	if v.Status != playbook.Failed || len(r.inbox.all()) != 1 || r.inbox.all()[0].Failed != "" { // the playbook has told people itself
		t.Fatalf("%s, told %+v", v.Status, r.inbox.all())
	}
	p.kill()
	p = r.boot(goesOn, r.journal, nil)
	p.resume(t)
	if err := p.Redrive(t.Context(), v.ID, "ana"); err != nil {
		t.Fatal(err)
	}
	if v = p.wait(t, v.ID); v.Status != playbook.Failed || v.Error != playbook.ErrNotFound {
		t.Fatalf("%s %s %s", v.Status, v.Error, v.Why)
	}
	if told := r.inbox.all(); len(told) != 2 || told[1].Failed == "" { // of the second failure too
		t.Fatalf("told %+v", told)
	}
	r.world.mu.Lock()
	r.world.on["second"] = false
	r.world.mu.Unlock()
	if err := p.Redrive(t.Context(), v.ID, "ana"); err != nil {
		t.Fatal(err)
	}
	if v = p.wait(t, v.ID); v.Status != playbook.Succeeded || v.Error != "" {
		t.Fatalf("%s %s %s", v.Status, v.Error, v.Why)
	}
	for _, name := range []string{"left", "first", "second"} {
		if on, effects := r.world.is(name); !on || effects != 1 {
			t.Errorf("%s is on: %v, after %d calls", name, on, effects)
		}
	}
	r.audited(t, audit.Decision, "ana", "The execution goes on where it had ended.")
	s := r.indexed(t, p, v.ID, func(s playbook.Summary) bool { return s.Status == playbook.Succeeded })
	if s.Error != "" || s.Why != "" {
		t.Errorf("summary %+v", s)
	}
	if err := p.Redrive(t.Context(), v.ID, "ana"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "succeeded") {
		t.Errorf("redriven after its success: %v", err)
	}
}

func TestRedrivesThatAreRefused(t *testing.T) {
	r := newRig(t)
	p := r.boot(waitsForToken, r.journal, nil)
	p.resume(t)
	id := p.begin(t, start(guard.Auto))
	token := r.token(t, 1)
	if err := p.Redrive(t.Context(), id, "ana"); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "still running") {
		t.Errorf("a running one: %v", err)
	}
	if err := p.Redrive(t.Context(), strings.Repeat("0", 20), "ana"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
	if err := p.Stop(t.Context(), id, "", "", "ana"); err != nil {
		t.Fatal(err)
	}
	if err := p.Redrive(t.Context(), id, "ana"); err != nil {
		t.Fatal(err)
	}
	s := r.indexed(t, p, id, func(s playbook.Summary) bool { return s.Status == playbook.Running })
	if !s.Ended.IsZero() {
		t.Errorf("summary %+v", s)
	}
	if next := r.token(t, 2); next == token { // it is asked anew
		t.Error("the token is the same")
	} else if err := p.Signal(t.Context(), playbook.Signal{Token: next, Output: []byte("1")}); err != nil {
		t.Error(err)
	}
	if v := p.wait(t, id); v.Status != playbook.Succeeded {
		t.Errorf("%s %s", v.Status, v.Error)
	}
}
