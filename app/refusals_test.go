package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/audit"
	"riposte.dev/detect"
	"riposte.dev/event"
)

// paper is an audit record in memory.
type paper struct {
	mu   sync.Mutex
	list []audit.Entry
	err  error
}

func (p *paper) append(_ context.Context, entries ...audit.Entry) (audit.Head, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.list = append(p.list, entries...)
	}
	return audit.Head{}, p.err
}

func (p *paper) texts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	for _, e := range p.list {
		lines = append(lines, e.Resource+" "+e.Text)
	}
	return strings.Join(lines, "\n")
}

func refusal(cause, by, resource string) detect.Refusal {
	return detect.Refusal{Rule: "r", Playbook: "p", Mode: "auto", Cause: event.Cause(cause), Account: ownID, Region: region, Resource: resource, By: by,
		Reasons: []string{"It is " + by + "."}}
}

func TestRefusalsAreCountedWithinAWindow(t *testing.T) {
	p, now := &paper{}, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	r := newRefusals(p.append, func() time.Time { return now })
	refuse := func(cause, by, resource string) {
		t.Helper()
		if err := r.Refused(t.Context(), refusal(cause, by, resource)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 500 {
		refuse(fmt.Sprint("c", i), "paused", "arn:a")
		refuse(fmt.Sprint("c", i), "paused", "arn:a") // delivered twice
		now = now.Add(time.Second)
	}
	refuse("c500", "old", "arn:a")
	refuse("c500", "paused", "arn:b")
	const first = "arn:a Rule r did not start playbook p: It is paused.\narn:a Rule r did not start playbook p: It is old.\narn:b Rule r did not start playbook p: It is paused."
	if got := p.texts(); got != first {
		t.Errorf("recorded\n%s\nwant\n%s", got, first)
	}
	now = now.Add(refusalWindow)
	refuse("c501", "paused", "arn:a")
	const next = first + "\narn:a Rule r did not start playbook p 499 more times until 2026-11-21T03:08:19Z, for the same reason (paused)." +
		"\narn:a Rule r did not start playbook p: It is paused."
	if got := p.texts(); got != next {
		t.Errorf("recorded\n%s\nwant\n%s", got, next)
	}
	refuse("c500", "old", "AWS::::Account:111122223333")
	if last := p.list[len(p.list)-1]; last.Resource != "" || last.Account != ownID {
		t.Errorf("about an account: %+v", last)
	}
	p.list = p.list[:len(p.list)-1]
	refuse("c502", "paused", "arn:a")
	if err := r.close(t.Context(), now.Add(-refusalWindow)); err != nil || p.texts() != next {
		t.Errorf("the window is not over: %v\n%s", err, p.texts())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.run(ctx); err != nil { // riposte stops: what was counted is recorded
		t.Fatal(err)
	}
	if got := p.texts(); !strings.HasSuffix(got, "arn:a Rule r did not start playbook p 1 more times until 2026-11-21T03:18:20Z, for the same reason (paused).") {
		t.Errorf("at the end\n%s", got)
	}
}

func TestAFloodOfResourcesMakesNoFloodOfRecords(t *testing.T) {
	p, now := &paper{}, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	r := newRefusals(p.append, func() time.Time { return now })
	for i := range 3 * maxRefusals {
		if err := r.Refused(t.Context(), refusal(fmt.Sprint("c", i), "paused", fmt.Sprint("arn:", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n := len(p.list); n != maxRefusals+2 {
		t.Fatalf("%d records", n)
	}
	if got := p.list[maxRefusals]; got.Resource != "" || got.Account != "" || !strings.Contains(got.Text, "counted together") {
		t.Errorf("beyond the bound: %+v", got)
	}
	if got := p.list[maxRefusals+1].Text; !strings.Contains(got, fmt.Sprint(2*maxRefusals-1, " more times")) {
		t.Errorf("their count: %s", got)
	}
}

func TestRefusalsThatCannotBeRecordedAreRecordedLater(t *testing.T) {
	p, now := &paper{}, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	r := newRefusals(p.append, func() time.Time { return now })
	down := errors.New("the disk is full")
	if p.err = down; !errors.Is(r.Refused(t.Context(), refusal("c1", "paused", "arn:a")), down) {
		t.Error("nobody hears of it")
	}
	p.err = nil
	for _, cause := range []string{"c1", "c2"} {
		if err := r.Refused(t.Context(), refusal(cause, "paused", "arn:a")); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(refusalWindow)
	p.err = down
	if err := r.close(t.Context(), now.Add(-refusalWindow)); !errors.Is(err, down) {
		t.Errorf("closing: %v", err)
	}
	if err := r.Refused(t.Context(), refusal("c3", "paused", "arn:a")); !errors.Is(err, down) {
		t.Errorf("refusing: %v", err)
	}
	p.err = nil
	if err := r.Refused(t.Context(), refusal("c3", "paused", "arn:a")); err != nil {
		t.Fatal(err)
	}
	const want = "arn:a Rule r did not start playbook p: It is paused.\narn:a Rule r did not start playbook p 1 more times until 2026-11-21T03:00:00Z, for the same reason (paused).\n" +
		"arn:a Rule r did not start playbook p: It is paused."
	if got := p.texts(); got != want {
		t.Errorf("recorded\n%s\nwant\n%s", got, want)
	}
}
