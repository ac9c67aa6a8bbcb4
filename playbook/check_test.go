package playbook_test

import (
	"testing"

	"riposte.dev/action"
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
	want := `fix.yaml:4:29: there is no action "fake.switch-no" — the actions are: fake.blow-fuse, fake.switch-on
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
