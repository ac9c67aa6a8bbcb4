package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/audit"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

// told waits until the index has an execution's end, and returns what the audit record was told, a line an entry.
func (r *rig) told(t *testing.T, id string, status playbook.Status) (entries []audit.Entry, lines []string) {
	t.Helper()
	eventually(t, "the end in the index", func() bool {
		s, err := r.index.Get(t.Context(), id)
		return err == nil && s.Status == status
	})
	for _, e := range r.index.Audit() {
		entries = append(entries, e)
		lines = append(lines, string(e.Kind)+" "+strings.TrimPrefix(e.Resource, "arn:aws:fake:eu-west-1:111122223333:")+" "+e.Text)
	}
	return entries, lines
}

func same(t *testing.T, got []string, want string) {
	t.Helper()
	if text := strings.Join(got, "\n"); text != strings.TrimSpace(want) {
		t.Errorf("told\n%s\nwant\n%s", text, want)
	}
}

func TestTheAuditRecordIsToldOfEverything(t *testing.T) {
	r := newRig(t, "a", "b")
	r.world.on["b"] = true
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	v := p.run(t, start(guard.Auto, "a", "b"))
	entries, lines := r.told(t, v.ID, playbook.Succeeded)
	same(t, lines, `
decision  Rule switched-off starts playbook fix in mode auto: somebody switched it off
call  fake:Look: ok
decision  fake.switch-on may change 1 resource.
intent switch/a It is wrong.
call  fake:Look: ok
call switch/a fake:Switch: ok
outcome switch/a changed: It is wrong.
outcome switch/b unneeded: It is as it should be.
outcome  People were told (Tell).
outcome  The execution ended: SUCCEEDED`)
	hash, err := v.Visits[0].Tries[0].Intent.Plan.Hash()
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, e := range entries {
		if e.Execution != v.ID || e.Rule != "switched-off" || e.Actor != audit.Self || e.Time.IsZero() || e.Account != "111122223333" {
			t.Errorf("%+v", e)
		}
		switch e.Kind {
		case audit.Intent:
			if want := `{"plan":"` + hash + `","calls":["fake:Switch"]}`; string(e.Data) != want {
				t.Errorf("intent %s, want %s", e.Data, want)
			}
		case audit.Call:
			calls++
			if !strings.Contains(string(e.Data), `"request":"req-`) {
				t.Errorf("call %s", e.Data)
			}
		}
	}
	if calls != r.world.requests {
		t.Errorf("%d calls are told, %d were made", calls, r.world.requests)
	}
}

func TestTheAuditRecordIsToldOfFailures(t *testing.T) {
	r := newRig(t, "a")
	r.world.fail = func(string, int) error { return errors.New("AccessDenied: no") }
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	for name, c := range map[string]struct {
		status playbook.Status
		want   string
	}{
		"a":       {playbook.Succeeded, "outcome switch/a failed: AccessDenied: no"}, // its playbook goes on all the same
		"nowhere": {playbook.Failed, "outcome  The execution ended: FAILED, Riposte."},
	} {
		s := start(guard.Auto, name)
		s.Cause = event.Cause(name)
		v := p.run(t, s)
		if _, lines := r.told(t, v.ID, c.status); !strings.Contains(strings.Join(lines, "\n"), c.want) {
			t.Errorf("no %q in\n%s", c.want, strings.Join(lines, "\n"))
		}
	}
}

func TestTheAuditRecordIsToldOfApprovals(t *testing.T) {
	r := newRig(t, "a")
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	q := p.ask(t, r, start(guard.Approve, "a"))
	id := q.Execution
	if _, err := p.Answer(t.Context(), id, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true, Comment: "OPS-42"}); err != nil {
		t.Fatal(err)
	}
	entries, lines := r.told(t, id, playbook.Succeeded)
	same(t, lines, `
decision  Rule switched-off starts playbook fix in mode approve: somebody switched it off
call  fake:Look: ok
question  People are asked whether fake.switch-on may change 1 resource.
answer  ana approved the plan.
call  fake:Look: ok
decision  fake.switch-on may change 1 resource.
intent switch/a It is wrong.
call  fake:Look: ok
call switch/a fake:Switch: ok
outcome switch/a changed: It is wrong.
outcome  People were told (Tell).
outcome  The execution ended: SUCCEEDED`)
	for _, e := range entries {
		if e.Kind == audit.Answer {
			var said struct{ Approval, Comment string }
			if err := json.Unmarshal(e.Data, &said); err != nil || e.Actor != "ana" || said.Approval != q.ID || said.Comment != "OPS-42" {
				t.Errorf("%s, %s, %v", e.Actor, e.Data, err)
			}
		}
		if e.Kind == audit.Decision && strings.Contains(e.Text, "may change") && !strings.Contains(string(e.Data), `"approval":"`+q.ID) {
			t.Errorf("the decision does not name its approval: %s", e.Data)
		}
	}
}

func TestTheAuditRecordIsToldOfUndoing(t *testing.T) {
	r := newRig(t, "a")
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	v := p.run(t, start(guard.Auto, "a"))
	r.told(t, v.ID, playbook.Succeeded)
	before := len(r.index.Audit())
	undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ben"})
	if err != nil {
		t.Fatal(err)
	}
	entries, _ := r.told(t, undone.ID, playbook.Succeeded)
	if first := entries[before]; first.Actor != "ben" || first.Text != "Execution "+v.ID+" is to be taken back." {
		t.Errorf("%+v", first)
	}
}

func TestTheAuditRecordIsToldNoSecrets(t *testing.T) {
	r := newRig(t, "a")
	r.redact = func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }
	r.world.fail = func(string, int) error { return errors.New("AccessDenied: hunter2") }
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	s := start(guard.Approve, "a")
	s.Title, s.Reasons, s.Event = "the password is hunter2", []string{"hunter2 is no mode"}, json.RawMessage(`{"account":"111122223333","password":"hunter2"}`)
	q := p.ask(t, r, s)
	if _, err := p.Answer(t.Context(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true, Comment: "hunter2"}); err != nil {
		t.Fatal(err)
	}
	entries, lines := r.told(t, q.Execution, playbook.Succeeded)
	for i, e := range entries {
		if strings.Contains(lines[i]+string(e.Data), "hunter2") {
			t.Errorf("%s %s", lines[i], e.Data)
		}
	}
}

// TestTheAuditRecordIsToldOnceOverCrashes kills the process at every append: what it was told before and after is what the
// whole journal tells at once.
func TestTheAuditRecordIsToldOnceOverCrashes(t *testing.T) {
	for n := 1; n <= 6; n++ {
		r := newRig(t, "a")
		journal := &crashing{Journal: r.journal, at: n, after: true, dead: make(chan struct{})}
		first := r.boot(fix, journal, nil)
		first.resume(t)
		s := start(guard.Auto, "a")
		id, _, _ := first.Start(t.Context(), s)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		_, _ = first.Wait(ctx, id) // it dies on the way
		cancel()
		first.kill()
		r.clock.After(10 * time.Second)

		second := r.boot(fix, r.journal, nil)
		second.resume(t)
		id, _, err := second.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		second.end(t, id)
		_, twice := r.told(t, id, playbook.Succeeded)
		second.kill()

		r.index = &playbooktest.Index{}
		r.boot(fix, r.journal, nil).resume(t)
		_, once := r.told(t, id, playbook.Succeeded)
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Errorf("append %d: -at once +over the crash\n%s", n, diff)
		}
	}
}
