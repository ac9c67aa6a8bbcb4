package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
)

// said writes steps as lines.
func said(steps []Step) string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", s.Stage, s.Answer, s.Why))
	}
	return strings.Join(lines, "\n")
}

func wantSteps(t *testing.T, steps []Step, stages int, wants ...string) {
	t.Helper()
	if len(steps) != stages {
		t.Errorf("%d steps, want %d:\n%s", len(steps), stages, said(steps))
	}
	for _, s := range steps {
		if s.Why == "" {
			t.Errorf("the stage %s doesn't say why", s.Stage)
		}
	}
	for _, want := range wants {
		if !strings.Contains("\n"+said(steps), "\n"+want) {
			t.Errorf("no step says %q:\n%s", want, said(steps))
		}
	}
}

const (
	admitStages  = 6
	decideStages = 12
)

func TestAdmitTellsWhatEachStageSaid(t *testing.T) {
	tests := []struct {
		name   string
		mode   Mode
		mutate func(*event.Record)
		wants  []string
	}{
		{"admitted", Auto, nil, []string{
			"own change: passed: arn:aws:iam::111122223333:user/mallory is not as whom riposte acts.", "failed call: passed", "age: passed: It happened 1m0s ago",
			"break-glass: passed", "pause: passed", "mode: passed: The mode is auto."}},
		{"only told of", Notify, nil, []string{"mode: refused: The rule's mode is notify"}},
		{"a failed call", Auto, func(r *event.Record) { r.ErrorCode = "AccessDenied" }, []string{
			"own change: passed", "failed call: refused: The call failed with AccessDenied", "age: not asked: The stage failed call has answered.", "mode: not asked"}},
		{"our own", Auto, asResponder, []string{"own change: refused: Riposte's role", "failed call: not asked"}},
		{"no mode", "", nil, []string{"pause: passed", `mode: refused: The guard could not be evaluated, so nothing is done: there is no mode ""`}},
		{"no time", Auto, func(r *event.Record) { r.EventTime = time.Time{} }, []string{"age: refused: The guard could not", "break-glass: not asked: The stage age could not answer."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := newGuard(t, &clock{now: noon}, Options{}).Admit(context.Background(), Admission{Rule: "r", Mode: tt.mode, Event: record(t, tt.mutate)})
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, v.Trace, admitStages, tt.wants...)
		})
	}
	alarm := &event.Envelope{ID: "e", Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Time: noon, Detail: []byte(`{}`)}
	v, err := newGuard(t, &clock{now: noon}, Options{}).Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: alarm})
	if err != nil {
		t.Fatal(err)
	}
	wantSteps(t, v.Trace, admitStages, "own change: not asked", "failed call: not asked", "break-glass: not asked", "mode: passed")
	none, err := newGuard(t, &clock{now: noon}, Options{}).Admit(context.Background(), Admission{Rule: "r", Mode: Auto})
	if err != nil {
		t.Fatal(err)
	}
	wantSteps(t, none.Trace, admitStages, "own change: refused: The guard could not be evaluated", "mode: not asked")
}

func TestDecideTellsWhatEachStageSaid(t *testing.T) {
	allow := Policy{Allow: []Scope{{Regions: []string{"us-*"}}, {Accounts: []string{account}}}}
	with := func(change func(*Policy)) Policy {
		p := allow
		change(&p)
		return p
	}
	two := func(p *Proposal) { p.Plan.Items = append(p.Plan.Items, trail("other")) }
	evidence := func(p *Proposal) { p.Spec.Evidence, p.Event = action.EventEvidence, record(t, nil) }
	night := Window{Name: "night", From: "11:00", To: "13:00", Mode: Approve}
	tests := []struct {
		name       string
		policy     Policy
		exceptions fakeExceptions
		mode       Mode
		change     func(*Proposal)
		wants      []string
	}{
		{"done", allow, fakeExceptions{}, Auto, nil, []string{
			"plan: passed", "exceptions: passed: No exception", "pause: passed", "protected: passed",
			"scope: passed: It is allowed by guard.allow[1] (accounts 111122223333).", "window: passed", "corroboration: not asked: cloudtrail.start-logging looks",
			"breaker: passed: It is closed: cloudtrail.start-logging failed 0 times of 5 in 10m0s.", "blast radius: passed: The plan changes 1 of at most 10 resources.",
			"budget: passed: Left before it of the budget of 20 changes for each action and account in 1h0m0s: 20.", "mode: passed: The mode is auto.",
			"approval: not asked: Nobody is asked in mode auto."}},
		{"people have to agree always", allow, fakeExceptions{}, Auto, func(p *Proposal) { p.Spec.Approval = "it stops a whole account" }, []string{
			"plan: refused: main: It is what it claims to be. cloudtrail.start-logging is done only once people have agreed: it stops a whole account.",
			"mode: passed: The mode is approve.", "approval: refused: The mode is approve: nothing is done until"}},
		{"to be approved", allow, fakeExceptions{}, Approve, nil, []string{"mode: passed: The mode is approve.", "approval: refused: The mode is approve: nothing is done until"}},
		{"dry run", Policy{}, fakeExceptions{}, DryRun, evidence, []string{"scope: not asked: guard.allow names nothing yet", "corroboration: not asked: In mode dry-run",
			"mode: refused: The mode is dry-run", "approval: not asked"}},
		{"denied", with(func(p *Policy) { p.Deny = []Scope{{Regions: []string{"eu-*"}}} }), fakeExceptions{}, Auto, nil, []string{
			"protected: passed", "scope: refused: It is denied by guard.deny[0] (regions eu-*).", "breaker: not asked: Nothing is left to be changed.",
			"budget: not asked"}},
		{"protected", with(func(p *Policy) { p.Protected = []string{"*:trail/main"} }), fakeExceptions{}, Auto, nil, []string{"protected: refused: It is protected (*:trail/main).", "scope: not asked"}},
		{"one is protected", with(func(p *Policy) { p.Protected = []string{"*:trail/main"} }), fakeExceptions{}, Auto, two, []string{
			"protected: refused: main: It is protected (*:trail/main). other: No pattern", "scope: passed: It is allowed by guard.allow[1]"}},
		{"excepted", allow, fakeExceptions{list: []Exception{exception("main")}}, Auto, nil, []string{"exceptions: refused: Exception ex-1 holds until", "scope: not asked"}},
		{"in a window", with(func(p *Policy) { p.Windows = []Window{night} }), fakeExceptions{}, Auto, nil, []string{
			"window: refused: The window night (11:00 to 13:00) allows no more than mode approve.", "approval: refused"}},
		{"not proved", allow, fakeExceptions{}, Auto, evidence, []string{"corroboration: refused: Nothing can corroborate", "approval: refused"}},
		{"too many", with(func(p *Policy) { p.BlastRadius = 1 }), fakeExceptions{}, Auto, two, []string{"blast radius: refused: The plan would change 2 resources", "budget: not asked"}},
		{"the last of a budget", with(func(p *Policy) {
			p.Budgets = []Budget{{Changes: 9, Within: time.Hour}, {Changes: 1, Per: PerAction, Within: time.Hour}}
		}), fakeExceptions{}, Approve, two, []string{
			"budget: refused: main: Left before it of the budget of 1 changes for each action in 1h0m0s: 1. other: The budget of"}},
		{"without limits", with(func(p *Policy) { p.Without = []Limit{LimitBlastRadius, LimitBudgets, LimitBreaker} }), fakeExceptions{}, Auto, nil, []string{
			"breaker: not asked: guard.without", "blast radius: not asked: guard.without", "budget: not asked: guard.without"}},
		{"an undo", allow, fakeExceptions{}, Auto, func(p *Proposal) { p.Undo = true }, []string{"plan: passed", "exceptions: not asked", "pause: not asked", "protected: passed",
			"scope: not asked", "window: not asked", "corroboration: not asked", "breaker: not asked", "blast radius: not asked", "budget: not asked", "mode: passed"}},
		{"a broken store", allow, fakeExceptions{err: errors.New("disk on fire")}, Auto, nil, []string{
			"plan: passed", "exceptions: refused: The guard could not be evaluated, so nothing is done: read the exceptions: disk on fire.",
			"pause: not asked: The stage exceptions could not answer.", "approval: not asked"}},
		{"nothing to change", allow, fakeExceptions{}, Auto, func(p *Proposal) { p.Plan.Items[0].Status = action.Unneeded }, []string{"plan: not asked: Nothing is left", "scope: not asked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := proposal(tt.mode)
			if tt.change != nil {
				tt.change(&p)
			}
			d, err := newGuard(t, &clock{now: noon}, Options{Exceptions: tt.exceptions, Policy: func() *Policy { return &tt.policy }}).Decide(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, d.Trace, decideStages, tt.wants...)
		})
	}
}

// What is left of a budget and the breaker's state are those of what was done before.
func TestTheTraceTellsWhatIsLeft(t *testing.T) {
	l := newLimited(t, Policy{Breaker: Breaker{Failures: 2}, Budgets: []Budget{{Changes: 4, Within: time.Hour}}})
	l.decide(1, nil)
	l.done(action.Failed)
	wantSteps(t, l.decide(1, nil).Trace, decideStages, "breaker: passed: It is closed: cloudtrail.start-logging failed 1 times of 2", "budget: passed: Left before it of the budget of 4 changes for each action and account in 1h0m0s: 3.")
	l.done(action.Failed)
	wantSteps(t, l.decide(1, nil).Trace, decideStages, "breaker: refused: cloudtrail.start-logging rests until 2026-03-01T12:15:00Z after 2 failures")
	l.clock.now = noon.Add(15 * time.Minute)
	look := func(p *Proposal) { p.Effect = "" }
	for range 2 { // a look tries nothing
		d := l.decide(2, look)
		wantSteps(t, d.Trace, decideStages, "breaker: refused: t0: cloudtrail.start-logging rested after 2 failures in 10m0s; this change is tried. t1: cloudtrail.start-logging rests")
		if let(d) != 1 {
			t.Errorf("%d of 2 are let pass while one is tried", let(d))
		}
	}
}

// What people approve is spent when it is done.
func TestApprovedChangesSpendTheBudget(t *testing.T) {
	l := newLimited(t, Policy{Budgets: []Budget{{Changes: 1, Within: time.Hour}}})
	approve := func(p *Proposal) { p.Mode = Approve }
	for range 2 {
		if let(l.decide(1, approve)) != 1 {
			t.Fatal("a question spends the budget")
		}
	}
	l.done(action.Changed)
	if let(l.decide(1, approve)) != 0 {
		t.Error("a change that people approved is not counted")
	}
}

func TestEachStageIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/reference/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(t, &clock{now: noon}, Options{})
	var names []string
	for _, s := range g.admission {
		names = append(names, s.name)
	}
	for _, s := range g.decision {
		names = append(names, s.name)
	}
	rest := string(page)
	for _, name := range names { // in their order
		_, after, found := strings.Cut(rest, "| "+name+" |")
		if !found {
			t.Fatalf("guard.md has no line of the stage %q at its place", name)
		}
		rest = after
	}
}
