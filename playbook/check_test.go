package playbook_test

import (
	"errors"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/conf"
	"riposte.dev/playbook"
)

func TestCheck(t *testing.T) {
	actions, err := action.NewSet(switchOn{newWorld()}, fuse{switchOn{newWorld()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := playbook.Check(machine(t, fix), actions, nil); err != nil {
		t.Errorf("a good playbook: %v", err)
	}
	err = playbook.Check(machine(t, `
StartAt: A
States:
  A: {Type: Task, Resource: "riposte:action:fake.switch-no", Next: B}
  B: {Type: Task, Resource: "arn:aws:lambda:eu-west-1:111122223333:function:f", Next: C}
  C: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [lamp], expires_in: 24}, Next: D}
  D: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {expires_in: 0s}, Next: E}
  E: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {expires_in: 9000h}, Next: F}
  F: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {expires_in: 24h}, Next: G}
  G: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {expires_in.$: $.for}, Next: Asked}
  Asked: {Type: Task, QueryLanguage: JSONata, Resource: "riposte:action:fake.switch-on", Arguments: {expires_in: "{% $states.input.for %}"}, Next: H}
  H: {Type: Task, Resource: "riposte:action:fake.blow-fuse", Parameters: {expires_in.$: $.for}, Next: I}
  I: {Type: Task, Resource: "riposte:action:fake.blow-fuse", Parameters: {expires_in: 1h}, End: true}
`), actions, nil)
	want := `fix.yaml:4:29: there is no action "fake.switch-no" — did you mean fake.switch-on? riposte actions list tells all
fix.yaml:5:29: riposte has no resource "arn:aws:lambda:eu-west-1:111122223333:function:f" — write riposte:action:<action> or riposte:notify
fix.yaml:6:29: expires_in is 24, which is no time up to a year — write a number and a unit, such as "90m" or "24h"; without expires_in the change stays
fix.yaml:7:29: expires_in is "0s", which is no time up to a year — write a number and a unit, such as "90m" or "24h"; without expires_in the change stays
fix.yaml:8:29: expires_in is "9000h", which is no time up to a year — write a number and a unit, such as "90m" or "24h"; without expires_in the change stays
fix.yaml:12:29: what fake.blow-fuse does can't expire, because it can't be taken back: a fuse blows once — leave out expires_in
fix.yaml:13:29: what fake.blow-fuse does can't expire, because it can't be taken back: a fuse blows once — leave out expires_in`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// What a call does not take is a mistake at its place.
func TestCheckCalls(t *testing.T) {
	err := playbook.Check(machine(t, `
StartAt: A
States:
  A: {Type: Task, Resource: "arn:aws:states:::fake:ring", Parameters: {Numbers.$: $.names, number: "1"}, Next: B}
  B: {Type: Task, Resource: "arn:aws:states:::fake:ring.waitForTaskToken", Parameters: {numbers: ["1"], Token.$: $$.Task.Token}, Next: C}
  C: {Type: Task, Resource: "arn:aws:states:::fake:look", Parameters: {anything: 1}, Next: D}
  D: {Type: Task, Resource: "arn:aws:states:::wrong:look", Parameters: {anything: 1}, Next: E}
  E: {Type: Task, Resource: "riposte:approval.waitForTaskToken", Parameters: {text: "May it?"}, End: true}
`), nil, &phone{})
	var problems conf.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("problems %v", err)
	}
	if p := problems[0]; p.Line != 4 || !strings.Contains(p.Message, `fake:ring has no parameter "number"`) || !strings.Contains(p.Hint, "Numbers") {
		t.Errorf("%+v", p)
	}
	if p := problems[1]; p.Line != 7 || !strings.Contains(p.Message, "no resource") {
		t.Errorf("%+v", p)
	}
}
