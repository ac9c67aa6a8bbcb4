package playbook_test

import (
	"testing"

	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

func TestHistoryIsInStepFunctionsEvents(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	v := p.run(t, start(guard.Auto, "lamp"))
	events, err := p.History(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[asl.EventType]bool{}
	for i, e := range events {
		seen[e.Type] = true
		if e.ID != i+1 || e.Previous >= e.ID || e.Time.IsZero() {
			t.Errorf("event %d: %+v", i+1, e)
		}
	}
	for _, want := range []asl.EventType{asl.ExecutionStarted, "TaskStateEntered", asl.TaskScheduled, asl.TaskSucceeded, "TaskStateExited", asl.ExecutionSucceeded} {
		if !seen[want] {
			t.Errorf("no %s among %+v", want, events)
		}
	}
	if _, err := p.History(t.Context(), "0123456789abcdef0123"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("of an execution that there is not: %v", err)
	}
}
