package playbook_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// ask starts an execution in mode approve and returns the question that it asks.
func (p *process) ask(t *testing.T, r *rig, s playbook.Start) playbook.Approval {
	t.Helper()
	if _, started, err := p.Start(t.Context(), s); err != nil || !started {
		t.Fatalf("start: %v, %v", started, err)
	}
	return r.question(t, 1)
}

// question waits until people have been asked n times, and returns the last question.
func (r *rig) question(t *testing.T, n int) playbook.Approval {
	t.Helper()
	var asked []playbook.Approval
	eventually(t, "a question", func() bool {
		asked = nil
		for _, notice := range r.inbox.all() {
			if notice.Approval != nil {
				asked = append(asked, *notice.Approval)
			}
		}
		return len(asked) == n
	})
	return asked[n-1]
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

func (p *process) resume(t *testing.T) {
	t.Helper()
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (p *process) end(t *testing.T, id string) playbook.View {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	v, err := p.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (p *process) says(t *testing.T, q playbook.Approval, by string, approve bool) {
	t.Helper()
	if _, err := p.Answer(t.Context(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: by, Approve: approve, Comment: "OPS-7"}); err != nil {
		t.Fatalf("%s: %v", by, err)
	}
}

func TestApprovedPlansRun(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	q := p.ask(t, r, start(guard.Approve, "lamp"))
	if hash, err := q.Plan.Hash(); err != nil || hash != q.Hash || q.Status != playbook.Open || len(q.Plan.Items[0].Calls) != 1 || r.world.calls != 0 {
		t.Fatalf("asked %+v (%v) after %d calls", q, err, r.world.calls)
	}
	p.says(t, q, "ana", true)
	v := p.end(t, q.Execution)
	if on, effects := r.world.is("lamp"); !on || effects != 1 || v.Status != playbook.Succeeded || !v.Undoable {
		t.Errorf("on %v after %d effects, %s", on, effects, v.Status)
	}
	if !strings.Contains(strings.Join(v.Reasons, " "), "Approved by ana (OPS-7).") {
		t.Errorf("reasons %q", v.Reasons)
	}
	try := v.Visits[0].Tries[0]
	if len(try.Approvals) != 1 || try.Approvals[0].Status != playbook.Approved || try.Intent == nil || try.Intent.Approval != q.ID {
		t.Errorf("try %+v", try)
	}
}

func TestQuestionsThatAreNotApproved(t *testing.T) {
	tests := []struct {
		name   string
		policy playbook.ApprovalPolicy
		answer func(t *testing.T, p *process, q playbook.Approval)
		status playbook.ApprovalStatus
		on     bool
		says   string
	}{
		{"refused", playbook.ApprovalPolicy{}, func(t *testing.T, p *process, q playbook.Approval) { p.says(t, q, "ben", false) },
			playbook.Refused, false, "ben refused it (OPS-7)."},
		{"one yes of two and then a no", playbook.ApprovalPolicy{Quorum: 2}, func(t *testing.T, p *process, q playbook.Approval) {
			p.says(t, q, "ana", true)
			p.says(t, q, "ben", false)
		}, playbook.Refused, false, "ben refused it"},
		{"two of two", playbook.ApprovalPolicy{Quorum: 2}, func(t *testing.T, p *process, q playbook.Approval) {
			p.says(t, q, "ana", true)
			p.says(t, q, "ben", true)
		}, playbook.Approved, true, "Approved by ana, ben"},
		{"nobody answers", playbook.ApprovalPolicy{Within: 20 * time.Second}, nil, playbook.Expired, false, "got none within 20s"},
		{"nobody answers, and then it is done", playbook.ApprovalPolicy{Within: 20 * time.Second, Otherwise: playbook.Act}, nil,
			playbook.Expired, true, "Nobody refused it within 20s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "lamp")
			p := r.boot(fix, r.journal, nil)
			p.resume(t)
			s := start(guard.Approve, "lamp")
			s.Approval = &tt.policy
			q := p.ask(t, r, s)
			if tt.answer != nil {
				tt.answer(t, p, q)
			}
			v := p.end(t, q.Execution)
			on, _ := r.world.is("lamp")
			if on != tt.on || !strings.Contains(strings.Join(v.Reasons, " "), tt.says) {
				t.Errorf("on %v, want %v; reasons %q", on, tt.on, v.Reasons)
			}
			if got := v.Visits[0].Tries[0].Approvals[0].Status; got != tt.status {
				t.Errorf("the question is %s, want %s", got, tt.status)
			}
			if item := v.Plans[0].Items[0]; !tt.on && (item.Status != action.Escalated || len(item.Calls) != 0) {
				t.Errorf("item %+v", item)
			}
			eventually(t, "the index", func() bool {
				list, err := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Now: r.clock.Now()})
				return err == nil && len(list) == 1 && list[0].Status == tt.status
			})
		})
	}
}

func TestWaitingIsNotThePlaybooksTime(t *testing.T) {
	r := newRig(t, "lamp")
	hurried := strings.Replace(strings.Replace(fix, "StartAt: Fix", "TimeoutSeconds: 60\nStartAt: Fix", 1), "Type: Task\n", "Type: Task\n    TimeoutSeconds: 45\n", 1)
	p := r.boot(hurried, r.journal, nil)
	p.resume(t)
	q := p.ask(t, r, start(guard.Approve, "lamp"))
	for range 60 {
		r.clock.After(30 * time.Second)
	}
	p.says(t, q, "ana", true)
	if v := p.end(t, q.Execution); v.Status != playbook.Succeeded || r.world.calls != 1 {
		t.Errorf("%s (%s) after %d calls", v.Status, v.Why, r.world.calls)
	}
}

func TestAChangedPlanIsAskedAgain(t *testing.T) {
	r := newRig(t, "lamp", "fan")
	p := r.boot(fix, r.journal, nil)
	first := p.ask(t, r, start(guard.Approve, "lamp", "fan"))
	r.world.mu.Lock()
	r.world.on["fan"] = true // somebody else did that
	r.world.mu.Unlock()
	p.says(t, first, "ana", true)
	second := r.question(t, 2)
	if second.Hash == first.Hash || r.world.calls != 0 {
		t.Fatalf("asked for %s again, after %d calls", second.Hash, r.world.calls)
	}
	_, err := p.Answer(t.Context(), first.Execution, first.Hash, playbook.Answer{Question: first.ID, By: "ben", Approve: true})
	if fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "the plan has changed") {
		t.Errorf("the old question: %v", err)
	}
	p.says(t, second, "ana", true)
	v := p.end(t, second.Execution)
	if on, _ := r.world.is("lamp"); !on || r.world.calls != 1 || v.Status != playbook.Succeeded {
		t.Errorf("on %v after %d calls, %s", on, r.world.calls, v.Status)
	}
	if a := v.Visits[0].Tries[0].Approvals; len(a) != 2 || a[0].Status != playbook.Superseded || a[1].Status != playbook.Approved {
		t.Errorf("approvals %+v", a)
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	s := start(guard.Approve, "lamp")
	s.By, s.Approval = "eve", &playbook.ApprovalPolicy{Quorum: 2}
	q := p.ask(t, r, s)
	p.says(t, q, "ana", true)
	for _, tt := range []struct {
		name   string
		hash   string
		answer playbook.Answer
		code   fault.Code
	}{
		{"who asked for it", q.Hash, playbook.Answer{Question: q.ID, By: "eve", Approve: true}, fault.Denied},
		{"twice", q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true}, fault.Conflict},
		{"another plan", "sha256:00", playbook.Answer{Question: q.ID, By: "ben", Approve: true}, fault.Conflict},
		{"no such question", q.Hash, playbook.Answer{Question: "none", By: "ben", Approve: true}, fault.NotFound},
		{"nobody", q.Hash, playbook.Answer{Question: q.ID, Approve: true}, fault.Invalid},
		{"a novel", q.Hash, playbook.Answer{Question: q.ID, By: "ben", Comment: strings.Repeat("x", 4000)}, fault.Invalid},
	} {
		if _, err := p.Answer(t.Context(), q.Execution, tt.hash, tt.answer); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
	if r.world.calls != 0 {
		t.Errorf("%d calls", r.world.calls)
	}
	p.says(t, q, "eve", false) // but she may call it off
	if v := p.end(t, q.Execution); v.Status != playbook.Succeeded || r.world.calls != 0 {
		t.Errorf("%s after %d calls", v.Status, r.world.calls)
	}
	_, err := p.Answer(t.Context(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ben", Approve: true})
	if fault.CodeOf(err) != fault.Conflict {
		t.Errorf("after the end: %v", err)
	}
}

func TestAQuestionOutlivesACrash(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	q := p.ask(t, r, start(guard.Approve, "lamp"))
	p.kill()
	looked := r.world.requests
	p = r.boot(fix, r.journal, nil)
	p.resume(t)
	open, err := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Open: true, Now: r.clock.Now()})
	if err != nil || len(open) != 1 || open[0].ID != q.ID || r.world.requests != looked {
		t.Fatalf("open: %+v, %v; it looked %d times while it waited", open, err, r.world.requests-looked)
	}
	p.says(t, q, "ana", true)
	if v := p.end(t, q.Execution); v.Status != playbook.Succeeded || r.world.calls != 1 || len(r.inbox.all()) != 2 {
		t.Errorf("%s after %d calls and %d notices", v.Status, r.world.calls, len(r.inbox.all()))
	}
}
