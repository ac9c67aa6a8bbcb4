package playbook_test

import (
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

const fixPair = `
StartAt: Fix
States:
  Fix:
    Type: Task
    Resource: riposte:action:fake.switch-pair
    ResultPath: $.fix
    Parameters: {}
    Retry: [{ErrorEquals: [Riposte.ActionFailed], IntervalSeconds: 1, MaxAttempts: 2}]
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.fix.status}, End: true}
`

// A change whose second call fails is shown as made in part, and can be taken back.
func TestWhatWasChangedInPartIsTakenBack(t *testing.T) {
	r := newRig(t, "left", "right")
	r.world.fail = func(name string, _ int) error {
		if name == "right" {
			return fault.New(fault.Denied, "may not switch the right one")
		}
		return nil
	}
	p := r.boot(fixPair, r.journal, nil)
	v := p.run(t, start(guard.Auto))
	item := v.Plans[0].Items[0]
	if item.Status != action.Failed || !item.Touched() || !v.Undoable || r.inbox.all()[0].Message != "partial" {
		t.Fatalf("item %+v, undoable %v, told %+v", item, v.Undoable, r.inbox.all())
	}
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
	if err != nil || undone.Plans[0].Items[0].Status != action.Changed {
		t.Fatalf("%+v, %v", undone, err)
	}
	if left, _ := r.world.is("left"); left {
		t.Error("the left one is still on")
	}
}

// A try that changed a part and failed, and one that changed the rest, are both taken back: the latest first.
func TestTwoTriesThatChangedAPartEach(t *testing.T) {
	r := newRig(t, "left", "right")
	r.world.fail = func(name string, call int) error {
		if name == "right" && call == 2 {
			return fault.New(fault.Throttled, "slow down")
		}
		return nil
	}
	p := r.boot(fixPair, r.journal, nil)
	v := p.run(t, start(guard.Auto))
	if len(v.Plans) != 2 || v.Plans[0].Items[0].Status != action.Failed || v.Plans[1].Items[0].Status != action.Changed {
		t.Fatalf("plans %+v", v.Plans)
	}
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
	if err != nil || undone.Status != playbook.Succeeded {
		t.Fatalf("%+v, %v", undone, err)
	}
	if left, _ := r.world.is("left"); left {
		t.Error("the left one is still on")
	}
	if right, _ := r.world.is("right"); right {
		t.Error("the right one is still on")
	}
}

// What an action can't tell from somebody else's change is riposte's own half all the same: people are told so.
func TestAHalfIsNobodyElsesConflict(t *testing.T) {
	r := newRig(t, "left", "right")
	r.strict = true
	r.world.fail = func(name string, _ int) error {
		if name == "right" {
			return fault.New(fault.Denied, "may not switch the right one")
		}
		return nil
	}
	p := r.boot(fixPair, r.journal, nil)
	v := p.run(t, start(guard.Auto))
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	if item := undone.Plans[0].Items[0]; item.Status != action.Escalated || !strings.HasPrefix(item.Reason, "Riposte changed it in part and failed") {
		t.Errorf("item %+v", item)
	}
}
