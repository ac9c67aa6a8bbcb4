package accounts_test

import (
	"testing"
	"time"

	"riposte.dev/accounts"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

func TestTags(t *testing.T) {
	w := newWorld(t, nil)
	w.organize()
	w.accounts[other].SetTag("stage", "sandbox")
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	a := w.open(func(o *accounts.Options) {
		o.Now, o.Organization = func() time.Time { return now }, &accounts.Organization{RoleName: "riposte"}
	})
	if _, err := a.Tags(t.Context(), other); fault.CodeOf(err) != fault.Denied {
		t.Errorf("of an account that is not looked after: %v", err)
	}
	if err := a.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	stage := func(account, want string) {
		t.Helper()
		if tags, err := a.Tags(t.Context(), account); err != nil || tags["stage"] != want {
			t.Errorf("account %s is %q (%v), want %q", account, tags["stage"], err, want)
		}
	}
	stage(other, "sandbox")
	stage(third, "")
	w.accounts[other].SetTag("stage", "production")
	stage(other, "sandbox")
	if n := len(w.Calls(sandbox.Match{Operation: "ListTagsForResource"})); n != 2 {
		t.Errorf("AWS was asked %d times within a moment", n)
	}
	now = now.Add(5 * time.Minute)
	stage(other, "production")

	now = now.Add(5 * time.Minute)
	fixed := w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "ListTagsForResource"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}})
	if tags, err := a.Tags(t.Context(), other); err == nil {
		t.Errorf("AWS refuses, and the tags are %v", tags)
	}
	fixed()
	stage(other, "production")
	if tags, err := w.open(nil).Tags(t.Context(), own); err != nil || len(tags) != 0 {
		t.Errorf("without an organisation: %v, %v", tags, err)
	}
}
