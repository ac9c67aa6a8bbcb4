package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

func TestARunOfAPlaybook(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.lag = 2
	p := r.boot(fix, r.journal, nil)
	v := p.run(t, start(guard.Auto, "lamp"))
	if v.Status != playbook.Succeeded || len(v.Visits) != 2 {
		t.Fatalf("status %s (%s %s), %d visits", v.Status, v.Error, v.Why, len(v.Visits))
	}
	if on, effects := r.world.is("lamp"); !on || effects != 1 {
		t.Errorf("the lamp is on: %v, after %d calls", on, effects)
	}
	var out struct {
		Fix struct {
			Status string
			Items  []struct{ Status action.Status }
		}
	}
	if err := json.Unmarshal(v.Output, &out); err != nil || out.Fix.Status != "changed" || out.Fix.Items[0].Status != action.Changed {
		t.Errorf("output %s", v.Output)
	}
	fixed := v.Visits[0].Tries[0]
	if fixed.Intent == nil || string(fixed.Intent.Plan.Items[0].Before) != `{"on":false}` || len(fixed.Diff["lamp"]) == 0 {
		t.Errorf("the history lacks the intent with the state before, or the diff: %+v", fixed)
	}
	if !v.Undoable || v.Start.Account != "111122223333" {
		t.Errorf("undoable %v, account %q", v.Undoable, v.Start.Account)
	}
	notices := r.inbox.all()
	if len(notices) != 1 || notices[0].Message != "lamp is changed" || len(notices[0].Plans) != 1 || notices[0].Failed != "" || notices[0].Took == 0 {
		t.Errorf("notices %+v", notices)
	}
	for _, receipt := range append(fixed.Effect.Receipts, fixed.Effect.Plan.Items[0].Receipts...) {
		if known, err := p.ledger.Known(t.Context(), receipt.RequestID); err != nil || !known {
			t.Errorf("request %s is not known as ours (%v)", receipt.RequestID, err)
		}
	}
	if pending, _ := p.ledger.Pending(t.Context()); pending {
		t.Error("calls are pending after the end")
	}
}

func TestOneCauseOneExecution(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fix, r.journal, nil)
	v := p.run(t, start(guard.Auto, "lamp"))
	id, started, err := p.Start(t.Context(), start(guard.Auto, "lamp"))
	if started || err != nil || id != v.ID {
		t.Errorf("the second start: %v, %v, id %s after %s", started, err, id, v.ID)
	}
	other := r.boot(fix, r.journal, nil) // another process knows it from the journal
	if _, started, err := other.Start(t.Context(), start(guard.Auto, "lamp")); started || err != nil {
		t.Errorf("the start elsewhere: %v, %v", started, err)
	}
}

func TestModes(t *testing.T) {
	for _, tt := range []struct {
		mode   guard.Mode
		status string
		item   action.Status
		calls  int
		reason string
	}{
		{guard.Notify, "dry-run", action.Change, 1, "It is wrong."},
		{guard.DryRun, "dry-run", action.Change, 1, "It is wrong."},
	} {
		t.Run(string(tt.mode), func(t *testing.T) {
			r := newRig(t, "lamp")
			v := r.boot(fix, r.journal, nil).run(t, start(tt.mode, "lamp"))
			if _, effects := r.world.is("lamp"); effects != 0 || r.world.calls != 0 {
				t.Fatalf("%d calls were made in mode %s", r.world.calls, tt.mode)
			}
			item := v.Plans[0].Items[0]
			if item.Status != tt.item || len(item.Calls) != tt.calls || item.Reason != tt.reason {
				t.Errorf("item %+v", item)
			}
			if !strings.Contains(string(v.Output), `"status":"`+tt.status+`","mode":"`+string(tt.mode)+`"`) {
				t.Errorf("output %s does not say %s", v.Output, tt.status)
			}
			if len(r.inbox.all()) != 1 || v.Undoable {
				t.Errorf("%d notices, undoable %v", len(r.inbox.all()), v.Undoable)
			}
		})
	}
}

func TestAFailingItemDoesNotStopTheOthers(t *testing.T) {
	r := newRig(t, "a", "b", "c")
	r.world.fail = func(name string, _ int) error {
		if name == "b" {
			return fault.New(fault.Denied, "may not")
		}
		return nil
	}
	v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "a", "b", "c"))
	want := []action.Status{action.Changed, action.Failed, action.Changed}
	for i, item := range v.Plans[0].Items {
		if item.Status != want[i] {
			t.Errorf("item %s is %s, want %s", item.ID, item.Status, want[i])
		}
	}
	if !strings.Contains(string(v.Output), `"status":"partial"`) {
		t.Errorf("output %s", v.Output)
	}
}

// apiError is an error as the AWS SDK makes them.
type apiError struct{ code string }

func (e apiError) Error() string     { return e.code }
func (e apiError) ErrorCode() string { return e.code }
func (e apiError) Service() string   { return "Fake" }

func TestWhatPassesIsTriedAgain(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.fail = func(_ string, call int) error {
		if call <= 2 {
			return &fault.Error{Code: fault.Throttled, Message: "slow down", Err: apiError{"Throttled"}}
		}
		return nil
	}
	v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "lamp"))
	tries := v.Visits[0].Tries
	if v.Status != playbook.Succeeded || len(tries) != 3 || tries[0].Error != "Fake.Throttled" || tries[2].Error != "" {
		t.Fatalf("%s after %d tries: %+v", v.Status, len(tries), tries)
	}
	if len(v.Plans) != 1 || v.Plans[0].Items[0].Status != action.Changed || len(r.inbox.all()) != 1 || r.inbox.all()[0].Failed != "" {
		t.Errorf("people are shown %+v", v.Plans)
	}
}

func TestNothingFailsSilently(t *testing.T) {
	const silent = `
StartAt: Fix
States:
  Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", End: true, Parameters: {names.$: $.names}}
`
	for name, tt := range map[string]struct {
		text, want string
		names      []string
	}{
		"a failed task":           {silent, "Fix failed with Riposte.NotFound: there is no switch", []string{"nowhere"}},
		"a Fail state":            {"StartAt: No\nStates: {No: {Type: Fail, Error: Mine, Cause: because}}", "Mine: because", nil},
		"a wrong parameter":       {strings.Replace(silent, "names.$", "nams.$", 1), "Fix failed with Riposte.InvalidInput", nil},
		"an unknown action":       {strings.Replace(silent, "fake.switch-on", "fake.nothing", 1), "Riposte.UnknownResource", nil},
		"a path that isn't there": {strings.Replace(silent, "$.names", "$.nothing", 1), "States.Runtime", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			v := r.boot(tt.text, r.journal, nil).run(t, start(guard.Auto, tt.names...))
			notices := r.inbox.all()
			if v.Status != playbook.Failed || len(notices) != 1 || !strings.Contains(notices[0].Failed, tt.want) {
				t.Errorf("status %s, notices %+v; want one that says %s", v.Status, notices, tt.want)
			}
		})
	}
}

func TestAChangeThatNeverShows(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.lag = 1 << 30
	v := r.boot(strings.Replace(fix, "MaxAttempts: 2", "MaxAttempts: 0", 1), r.journal, nil).run(t, start(guard.Auto, "lamp"))
	if v.Status != playbook.Failed || v.Error != playbook.ErrActionFailed || !strings.Contains(v.Plans[0].Items[0].Error, "not seen as planned within 1m0s") {
		t.Errorf("%s %s: %+v", v.Status, v.Error, v.Plans)
	}
}

func TestAChangeThatTakesLong(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.lag, r.world.takes = 1<<30, 300
	v := r.boot(strings.Replace(fix, "MaxAttempts: 2", "MaxAttempts: 0", 1), r.journal, nil).run(t, start(guard.Auto, "lamp"))
	if !strings.Contains(v.Plans[0].Items[0].Error, "not seen as planned within 5m0s") {
		t.Errorf("%s %s: %+v", v.Status, v.Error, v.Plans)
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	r := newRig(t, "lamp")
	r.world.onApply = func() { panic("boom") }
	v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "lamp"))
	if item := v.Plans[0].Items[0]; item.Status != action.Failed || !strings.Contains(item.Error, "boom") {
		t.Errorf("item %+v", item)
	}
}

// brokenGuard cannot decide.
type brokenGuard struct{ plainGuard }

func (brokenGuard) Decide(context.Context, guard.Proposal) (guard.Decision, error) {
	return guard.Decision{}, errors.New("the store is gone")
}

func TestAGuardThatFailsMeansNoAction(t *testing.T) {
	r := newRig(t, "lamp")
	r.guard = brokenGuard{}
	v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "lamp"))
	if v.Status != playbook.Failed || r.world.calls != 0 || !strings.Contains(v.Why, "guard") {
		t.Errorf("%s: %s, after %d calls", v.Status, v.Why, r.world.calls)
	}
}

// doubtfulGuard is not sure of the event the first times.
type doubtfulGuard struct {
	plainGuard
	doubts *atomic.Int32
}

func (g doubtfulGuard) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	d, err := g.plainGuard.Decide(ctx, p)
	if p.Event == nil {
		return d, errors.New("the proposal does not say for what event")
	}
	if g.doubts.Add(-1) >= 0 {
		d.NotYet = "CloudTrail does not show the event yet"
	}
	return d, err
}

func TestWhatIsNotCorroboratedYetIsTriedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		doubts int32
		retry  string
		status playbook.Status
		calls  bool
	}{
		"with Retry":               {2, "Riposte.NotCorroborated", playbook.Succeeded, true},
		"with too little of it":    {5, "Riposte.NotCorroborated", playbook.Failed, false},
		"with Retry for all tasks": {2, "States.TaskFailed", playbook.Succeeded, true},
		"without Retry":            {2, "Fake.Throttled", playbook.Failed, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "lamp")
			g := doubtfulGuard{doubts: &atomic.Int32{}}
			g.doubts.Store(tt.doubts)
			r.guard = g
			s := start(guard.Auto, "lamp")
			s.Event = json.RawMessage(`{"version":"0","id":"e1","source":"aws.guardduty","detail-type":"GuardDuty Finding","account":"111122223333",
				"region":"eu-west-1","time":"2026-03-01T12:00:00Z","resources":[],"detail":{}}`)
			v := r.boot(strings.Replace(fix, "Riposte.ActionFailed, Fake.Throttled", tt.retry, 1), r.journal, nil).run(t, s)
			if v.Status != tt.status || r.world.calls > 0 != tt.calls {
				t.Errorf("%s: %s %s, after %d calls", v.Status, v.Error, v.Why, r.world.calls)
			}
			if tt.status == playbook.Failed && (v.Error != playbook.ErrNotCorroborated || !strings.Contains(v.Why, "does not show the event yet")) {
				t.Errorf("it failed with %s: %s", v.Error, v.Why)
			}
		})
	}
}

// pausedGuard lets a plan pass and is paused before its nth call.
type pausedGuard struct {
	plainGuard
	calls *atomic.Int32
	from  int32
}

func (g pausedGuard) MayCall(context.Context, guard.Proposal, action.Resource) error {
	if g.calls.Add(1) >= g.from {
		return fault.New(fault.Denied, "ana paused everything")
	}
	return nil
}

func TestAPauseHoldsBeforeTheNextCall(t *testing.T) {
	r := newRig(t, "lamp", "fan")
	r.guard = pausedGuard{calls: new(atomic.Int32), from: 2}
	v := r.boot(fix, r.journal, nil).run(t, start(guard.Auto, "lamp", "fan"))
	states := map[action.Status]int{}
	for _, item := range v.Plans[0].Items {
		states[item.Status]++
		if item.Status == action.Failed && !strings.Contains(item.Error, "ana paused everything") {
			t.Errorf("item %+v", item)
		}
	}
	if r.world.calls != 1 || states[action.Changed] != 1 || states[action.Failed] != 1 || v.Status != playbook.Succeeded {
		t.Errorf("%d calls, items %v, %s", r.world.calls, states, v.Status)
	}
}

func TestStartRefusals(t *testing.T) {
	r := newRig(t)
	p := r.boot(fix, r.journal, nil)
	for name, tt := range map[string]struct {
		change func(*playbook.Start)
		code   fault.Code
	}{
		"no such playbook": {func(s *playbook.Start) { s.Playbook = "fxi" }, fault.NotFound},
		"no cause":         {func(s *playbook.Start) { s.Cause = "" }, fault.Invalid},
		"input not JSON":   {func(s *playbook.Start) { s.Input = json.RawMessage("{") }, fault.Invalid},
	} {
		s := start(guard.Auto)
		tt.change(&s)
		if _, started, err := p.Start(t.Context(), s); started || fault.CodeOf(err) != tt.code {
			t.Errorf("%s: started %v, %v; want code %s", name, started, err, tt.code)
		}
	}
	p.kill()
	if _, _, err := p.Start(t.Context(), start(guard.Auto)); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("a start while stopping: %v, want unavailable", err)
	}
}

func TestARunningExecutionKeepsItsDefinition(t *testing.T) {
	const waits = `
StartAt: Pause
States:
  Pause: {Type: Wait, Seconds: 10, Next: Fix}
  Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names.$: $.names}, End: true}
`
	r := newRig(t, "lamp")
	p := r.boot(waits, r.journal, nil)
	id, _, err := p.Start(t.Context(), start(guard.Auto, "lamp"))
	if err != nil {
		t.Fatal(err)
	}
	p.SetDefinitions(nil)
	v, err := p.Wait(t.Context(), id)
	if err != nil || v.Status != playbook.Succeeded || v.Took < 10*time.Second {
		t.Errorf("%s after %v: %v", v.Status, v.Took, err)
	}
}

func TestLargeEventsAreLeftOut(t *testing.T) {
	r := newRig(t, "lamp")
	s := start(guard.Auto, "lamp")
	s.Event = json.RawMessage(`{"account":"999988887777","detail":"` + strings.Repeat("x", playbook.MaxEvent) + `"}`)
	v := r.boot(fix, r.journal, nil).run(t, s)
	if v.Status != playbook.Succeeded || v.Start.Event != nil || v.Start.Account != "999988887777" {
		t.Errorf("%s, event of %d bytes, account %s", v.Status, len(v.Start.Event), v.Start.Account)
	}
}
