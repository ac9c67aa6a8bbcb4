package playbook_test

import (
	"encoding/json"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

func TestRehearse(t *testing.T) {
	looping := `
StartAt: Look
States:
  Look:
    Type: Task
    Resource: riposte:action:fake.switch-on
    Parameters: {names.$: $.names}
    ResultPath: $.fix
    Next: Wait
  Wait: {Type: Wait, Seconds: 3600, Next: Again}
  Again:
    Type: Choice
    Choices: [{Variable: $.fix.status, StringEquals: changed, Next: Done}]
    Default: Look
  Done: {Type: Succeed}
`
	for _, tc := range []struct {
		name, playbook, input string
		plans                 int
		items                 action.Status // of every plan's first item
		failed                []fault.Code
		status                asl.Status
	}{
		{"plans and tells nobody", fix, `{"names": ["a"]}`, 1, action.Change, nil, asl.Succeeded},
		{"nothing to do", fix, `{"names": ["b"]}`, 1, action.Unneeded, nil, asl.Succeeded},
		{"what fails is tried once", fix, `{"names": ["gone"]}`, 0, "", []fault.Code{fault.NotFound}, asl.Failed},
		{"waits that would not end are bounded", looping, `{"names": ["a"]}`, 50, action.Change, []fault.Code{fault.Invalid}, asl.Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld("a", "b")
			w.on["b"] = true
			actions, err := action.NewSet(switchOn{w})
			if err != nil {
				t.Fatal(err)
			}
			start := playbook.Start{Playbook: "fix", Account: "111122223333", Region: "eu-west-1", Input: json.RawMessage(tc.input)}
			r := playbook.Rehearse(t.Context(), machine(t, tc.playbook), actions, nil, start, time.Unix(1_700_000_000, 0))
			if r.Status != tc.status || len(r.Plans) != tc.plans || len(r.Failed) != len(tc.failed) {
				t.Fatalf("it ended %s with %d plans and failed with %v", r.Status, len(r.Plans), r.Failed)
			}
			for i, code := range tc.failed {
				if fault.CodeOf(r.Failed[i]) != code {
					t.Errorf("failed with %v, want %s", r.Failed[i], code)
				}
			}
			for _, p := range r.Plans {
				if p.Items[0].Status != tc.items || p.Account != "111122223333" {
					t.Errorf("planned %+v", p)
				}
			}
			if on, effects := w.is("a"); on || effects != 0 {
				t.Error("the rehearsal changed something")
			}
		})
	}
}
