package actiontest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// reversible leaves a part out where the action can't be undone.
func reversible(check func(*testing.T, World)) func(*testing.T, World) {
	return func(t *testing.T, w World) {
		if w.whole().Spec().Irreversible == "" {
			check(t, w)
		}
	}
}

// checkIrreversible wants an error of Undo that says why there is none.
func checkIrreversible(t *testing.T, w World) {
	a := w.whole()
	why := a.Spec().Irreversible
	if why == "" {
		return
	}
	for _, item := range change(t, a, w.plan(t, a)) {
		if p, err := a.Undo(t.Context(), item); p != nil || fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), why) {
			t.Errorf("the undo of %s: %+v, %v; want an error that says why there is none", item.ID, p, err)
		}
	}
}

func checkUndo(t *testing.T, w World) {
	a, before := w.whole(), w.State()
	done := change(t, a, w.plan(t, a))
	for _, item := range slices.Backward(done) {
		changed, writes := w.State(), w.Writes()
		undo, err := a.Undo(t.Context(), item)
		if err != nil {
			t.Fatalf("undo: %v", err)
		}
		if w.State() != changed || w.Writes() != writes {
			t.Error("the plan of an undo made changes")
		}
		for _, item := range undo.Items {
			if err := a.Verify(t.Context(), item); !errors.Is(err, action.ErrNotYet) {
				t.Errorf("before it is undone, verify says %v, want not yet", err)
			}
		}
		change(t, a, throughJSON(t, undo))
		again, err := a.Undo(t.Context(), item)
		if err != nil {
			t.Fatalf("undo what is undone: %v", err)
		}
		for _, item := range again.Items {
			if item.Status != action.Unneeded || len(item.Calls) > 0 {
				t.Errorf("undone again, %s is %s with %d calls", item.ID, item.Status, len(item.Calls))
			}
		}
	}
	if after := w.State(); after != before {
		t.Errorf("the undo restored\n%s\nwant\n%s", after, before)
	}
}

func checkConflict(t *testing.T, w World) {
	if w.Interfere == nil {
		return
	}
	a := w.whole()
	done := change(t, a, w.plan(t, a))
	w.Interfere()
	for _, item := range done {
		undo, err := a.Undo(t.Context(), item)
		if err != nil {
			t.Fatalf("undo: %v", err)
		}
		for _, item := range undo.Items {
			if item.Status != action.Conflict || len(item.Calls) > 0 || item.Reason == "" {
				t.Errorf("%s is %s with %d calls (%s), want a conflict without calls and with a reason", item.ID, item.Status, len(item.Calls), item.Reason)
			}
		}
	}
}

// checkPermissions runs the whole life of a change with the policy that `riposte iam policy` prints for the action, and again
// without each of its permissions, and each resource that its specification narrows one to. One is needed where AWS refuses a call without it; that the
// action gets by without the answer is fine.
func checkPermissions(t *testing.T, open func(*testing.T) World) {
	first := open(t)
	all := grants(first.Action(nil).Spec())
	try := func(name string, left int, refused bool) {
		t.Run(strings.ReplaceAll(name, ":", " "), func(t *testing.T) {
			permissions, err := without(all, left)
			if err != nil {
				t.Fatal(err)
			}
			w := open(t)
			ctx, recorder := action.Record(bounded(t))
			err = live(ctx, w.Action(permissions), w.Request)
			switch was := denied(recorder.Receipts()); {
			case !refused && (err != nil || was):
				t.Errorf("the policy that is printed doesn't suffice: %v, %+v", err, recorder.Receipts())
			case refused && !was:
				t.Errorf("%s is in the policy and nothing was refused without it: if the action never needs it, leave it out by Spec.Within", name)
			}
		})
	}
	try("all", -1, false)
	for i, g := range all {
		if !g.elsewhere(first.Elsewhere) {
			try(g.name(), i, true)
		}
	}
}

// live plans, applies, verifies, undoes, and verifies that.
func live(ctx context.Context, a action.Action, req action.Request) error {
	p, err := a.Plan(ctx, req)
	if err != nil {
		return err
	}
	done, err := carryOut(ctx, a, p)
	if err != nil {
		return err
	}
	if a.Spec().Irreversible != "" {
		return nil
	}
	for _, item := range done {
		undo, err := a.Undo(ctx, item)
		if err != nil {
			return err
		}
		if _, err := carryOut(ctx, a, undo); err != nil {
			return err
		}
	}
	return nil
}
