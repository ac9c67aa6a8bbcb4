package playbook_test

import (
	"context"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

func TestUndo(t *testing.T) {
	r := newRig(t, "lamp", "door")
	p := r.boot(fix, r.journal, nil)
	v := p.run(t, start(guard.Auto, "lamp", "door"))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	preview, err := p.Undo(ctx, v.ID, playbook.UndoOptions{DryRun: true})
	if err != nil || len(preview.Plans) != 1 || preview.Plans[0].Items[0].Status != action.Change || preview.ID != "" {
		t.Fatalf("preview %+v, %v", preview, err)
	}
	if on, _ := r.world.is("lamp"); !on {
		t.Fatal("the preview changed something")
	}
	delete(r.world.on, "door") // somebody took it away
	undone, err := p.Undo(ctx, v.ID, playbook.UndoOptions{By: "ana"})
	if err != nil || undone.Status != playbook.Succeeded {
		t.Fatalf("%+v, %v", undone, err)
	}
	want := []action.Status{action.Changed, action.Conflict}
	for i, item := range undone.Plans[0].Items {
		if item.Status != want[i] {
			t.Errorf("%s is %s, want %s", item.ID, item.Status, want[i])
		}
	}
	if on, effects := r.world.is("lamp"); on || effects != 2 {
		t.Errorf("the lamp is on: %v, after %d effects", on, effects)
	}
	history, err := p.Get(ctx, undone.ID)
	if err != nil || history.Start.Undoes != v.ID || history.Start.By != "ana" || history.Start.Mode != guard.Auto || history.Undoable {
		t.Errorf("history %+v, %v", history.Start, err)
	}
	if notices := r.inbox.all(); len(notices) != 2 || notices[1].Start.Undoes != v.ID {
		t.Errorf("notices %+v", notices)
	}
}

func TestUndoAgain(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	v := p.run(t, start(guard.Auto, "lamp"))
	r.world.fail = func(string, int) error { return fault.New(fault.Denied, "may not") }
	first, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{Step: "Fix"})
	if err != nil || first.Plans[0].Items[0].Status != action.Failed {
		t.Fatalf("%+v, %v", first, err)
	}
	r.world.fail = nil
	second, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{Step: "Fix"})
	if err != nil || second.ID == first.ID || second.Plans[0].Items[0].Status != action.Changed {
		t.Fatalf("after a failure: %+v, %v", second, err)
	}
	if _, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{Step: "Fix"}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("after a success: %v, want a conflict", err)
	}
}

func TestUndoRefusals(t *testing.T) {
	const pausing = "StartAt: Pause\nStates: {Pause: {Type: Wait, Seconds: 99, End: true}}"
	r := newRig(t, "lamp")
	dry := r.boot(fix, r.journal, nil).run(t, start(guard.DryRun, "lamp"))
	s := start(guard.Auto)
	s.Cause = "other"
	p := r.boot(pausing, r.journal, nil)
	running, _, err := p.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		id, step string
		code     fault.Code
	}{
		"unknown":         {"nobody", "", fault.NotFound},
		"changed nothing": {dry.ID, "", fault.Invalid},
		"no such step":    {dry.ID, "Fxi", fault.NotFound},
		"running":         {running, "", fault.Conflict},
	} {
		if _, err := p.Undo(t.Context(), tt.id, playbook.UndoOptions{Step: tt.step}); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want code %s", name, err, tt.code)
		}
	}
}

// An undo is as durable as any execution.
func TestCrashInAnUndo(t *testing.T) {
	for n := 1; n <= 4; n++ {
		r := newRig(t, "lamp")
		v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "lamp"))
		journal := &crashing{Journal: r.journal, at: n, after: true, dead: make(chan struct{})}
		first := r.boot(fix, journal, nil)
		_, _ = first.Undo(t.Context(), v.ID, playbook.UndoOptions{})
		first.kill()
		second := r.boot(fix, r.journal, nil)
		if err := second.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Undo(t.Context(), v.ID, playbook.UndoOptions{}); err != nil && fault.CodeOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		if on, effects := r.world.is("lamp"); on || effects != 2 {
			t.Errorf("crash at append %d: the lamp is on %v after %d effects, want it off after 2", n, on, effects)
		}
	}
}
