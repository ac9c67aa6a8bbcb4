package playbook_test

import (
	"testing"

	"riposte.dev/action"
	"riposte.dev/playbook"
)

func TestCheck(t *testing.T) {
	actions, err := action.NewSet(switchOn{newWorld()})
	if err != nil {
		t.Fatal(err)
	}
	if err := playbook.Check(machine(t, fix), actions); err != nil {
		t.Errorf("a good playbook: %v", err)
	}
	err = playbook.Check(machine(t, `
StartAt: A
States:
  A: {Type: Task, Resource: "riposte:action:fake.switch-no", Next: B}
  B: {Type: Task, Resource: "arn:aws:lambda:eu-west-1:111122223333:function:f", End: true}
`), actions)
	want := `fix.yaml:4:29: there is no action "fake.switch-no" — the actions are: fake.switch-on
fix.yaml:5:29: riposte has no resource "arn:aws:lambda:eu-west-1:111122223333:function:f" — write riposte:action:<action> or riposte:notify`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
