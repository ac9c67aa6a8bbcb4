package playbook_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// bell is an action outside of what can be looked at: it is asked for by an effect's name, answers, and can't be taken back.
type bell struct {
	asked *[]string
	fails *int
}

func (bell) Spec() action.Spec {
	return action.Spec{Name: "fake.ring-bell", Title: "Ring", Effect: action.AtLeastOnce, Irreversible: "it was heard", Outside: true}
}

func (b bell) Plan(_ context.Context, req action.Request) (*action.Plan, error) {
	*b.asked = append(*b.asked, req.Effect)
	return &action.Plan{Action: "fake.ring-bell", Account: req.Account, Region: req.Region, Items: []action.Item{{
		ID: "bell", Status: action.Change, Reason: "It rings.",
		Resource: action.Resource{Type: "Fake::Bell", ARN: "arn:riposte:fake:::bell", Name: "bell", Account: req.Account, Region: req.Region},
		Calls:    []action.Call{{Service: "fake", Operation: "Ring", Account: req.Account, Region: req.Region, Input: json.RawMessage(`{}`)}},
	}}}, nil
}

func (b bell) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, _ action.Call) error {
		r := action.Receipt{Service: "fake", Operation: "Ring", Region: "eu-west-1", RequestID: "ring", At: time.Unix(1_700_000_000, 0),
			Output: json.RawMessage(`{"heard":true}`), Said: "password=hunter2hunter2"}
		if *b.fails--; *b.fails >= 0 {
			r.Error, r.Output = "busy", nil
			action.Note(ctx, r)
			return fault.New(fault.Throttled, "busy")
		}
		action.Note(ctx, r)
		return nil
	})
}

func (b bell) Verify(context.Context, action.Item) error {
	if *b.fails >= 0 {
		return action.ErrNotYet
	}
	return nil
}

func (bell) Undo(context.Context, action.Item) (*action.Plan, error) {
	return nil, fault.New(fault.Invalid, "it was heard")
}

const ringAndFix = `
StartAt: Ring
States:
  Ring:
    Type: Task
    Resource: riposte:action:fake.ring-bell
    ResultPath: $.rung
    Parameters: {}
    Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 1, MaxAttempts: 2}]
    Next: Fix
  Fix: {Type: Task, Resource: riposte:action:fake.switch-on, Parameters: {names: [lamp]}, End: true, ResultPath: $.fixed}
`

// What an action answers is given to the playbook; it is asked for under one name however often it is tried; and what can't be taken
// back doesn't keep the rest from being taken back, and is told.
func TestWhatIsOutside(t *testing.T) {
	r := newRig(t, "lamp")
	var asked []string
	fails := 1
	p := r.bootWith(ringAndFix, r.journal, nil, func(o *playbook.Options) {
		actions, err := action.NewSet(switchOn{r.world}, bell{&asked, &fails})
		if err != nil {
			t.Fatal(err)
		}
		o.Actions = actions
	})
	v := p.run(t, start(guard.Auto, "lamp"))
	if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), `"output":{"heard":true}`) {
		t.Fatalf("%s %s: %s", v.Status, v.Why, v.Output)
	}
	if len(asked) != 2 || asked[0] != asked[1] || !strings.HasPrefix(asked[0], v.ID+"/") {
		t.Errorf("asked for %q", asked)
	}
	if _, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{Step: "Ring"}); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "it was heard") {
		t.Errorf("undo of the bell: %v", err)
	}
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{})
	if err != nil || undone.Status != playbook.Succeeded || len(undone.Plans) != 1 {
		t.Fatalf("%+v, %v", undone, err)
	}
	if on, _ := r.world.is("lamp"); on {
		t.Error("the lamp is on")
	}
	notices := r.inbox.all()
	if told := notices[len(notices)-1].Message; !strings.Contains(told, `What fake.ring-bell did in "Ring" stays: it was heard.`) {
		t.Errorf("told %q", told)
	}
}
