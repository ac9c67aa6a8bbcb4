package detect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
)

func TestHandleStartsTheResponseFirst(t *testing.T) {
	w := newWorld()
	e := w.engine(t, stopped)
	env := stopLogging(t, "c1")
	if err := e.Handle(context.Background(), env, w.now); err != nil {
		t.Fatal(err)
	}
	if want := []string{"admit", "start", "observe", "upsert"}; !slices.Equal(w.order(), want) {
		t.Errorf("calls %v, want %v: people are told by the playbook, and nothing comes before the start", w.order(), want)
	}
	r := one(t, w.started)
	f := one(t, w.found)
	if r.Playbook != "restart-trail" || r.Mode != guard.Auto || r.Rule != "trail-stopped" || r.RuleHash == "" || r.Cause != env.Cause() ||
		r.Root != env.Cause() || string(r.Input) != `{"region":"eu-west-1","trail":"audit"}` || string(r.Event) != string(env.JSON()) ||
		!r.Received.Equal(w.now) || r.Severity != finding.High || r.Title != "IAM user mallory stopped audit" || r.Notify[0] != "secops" || r.Finding != f.ID {
		t.Errorf("response %+v", r)
	}
	if f.ProductFields[event.RootCauseField] != string(env.Cause()) {
		t.Errorf("the finding's root cause is %q", f.ProductFields[event.RootCauseField])
	}
}

func TestHandleTwiceDoesNothingTwice(t *testing.T) {
	w := newWorld()
	e := w.engine(t, stopped)
	received := w.now
	for range 3 {
		if err := e.Handle(context.Background(), stopLogging(t, "c1"), received); err != nil {
			t.Fatal(err)
		}
		w.sleep(10 * time.Second)
	}
	one(t, w.started)
	if f := one(t, w.found); f.UpdatedAt != finding.Time(received) {
		t.Errorf("updated at %s: a second delivery would count as news", f.UpdatedAt)
	}
}

func TestGuardVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		verdict          guard.Verdict
		err              error
		starts, findings int
		notices, dead    int
		retry            bool
		reason           string
	}{
		"respond":          {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.DryRun, Reasons: []string{"Paused."}}, starts: 1, findings: 1},
		"respond by notes": {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Notify, Reasons: []string{"Paused."}}, findings: 1, notices: 1, reason: "Paused."},
		"notify only":      {verdict: guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify, Reasons: []string{"Too old."}}, findings: 1, notices: 1, reason: "Too old."},
		"our own":          {verdict: guard.Verdict{Outcome: guard.Ignore}},
		"misuse":           {verdict: guard.Verdict{Outcome: guard.Misuse, Reasons: []string{"Not ours."}}, findings: 2, notices: 2, reason: "Not ours."},
		"cannot decide":    {err: errDown, findings: 1, notices: 1, retry: true, reason: "the guard could not decide: down for a moment"},
		"broken":           {err: fault.New(fault.Internal, "broken"), findings: 1, notices: 1, dead: 1, reason: "the guard could not decide: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.verdict = func(guard.Admission) (guard.Verdict, error) { return c.verdict, c.err }
			err := w.engine(t, stopped).Handle(context.Background(), stopLogging(t, "c1"), w.now)
			if (err != nil) != c.retry || err != nil && !fault.Retryable(err) {
				t.Errorf("error %v", err)
			}
			if len(w.started) != c.starts || len(w.found) != c.findings || len(w.notices) != c.notices || len(w.dead) != c.dead {
				t.Errorf("%d started, %d findings, %d notices, %d dead; want %d, %d, %d, %d", len(w.started), len(w.found), len(w.notices),
					len(w.dead), c.starts, c.findings, c.notices, c.dead)
			}
			for key, n := range w.notices {
				if !strings.Contains(strings.Join(n.Reasons, " "), c.reason) {
					t.Errorf("notice %s gives the reasons %q, want %q", key, n.Reasons, c.reason)
				}
			}
		})
	}
}

func TestMisuseIsCritical(t *testing.T) {
	w := newWorld()
	w.verdict = func(a guard.Admission) (guard.Verdict, error) {
		return guard.Verdict{Outcome: guard.Misuse, Mode: guard.Notify, Reasons: []string{"The request is none of riposte's."}}, nil
	}
	own := func(o *Options) { o.OwnRole = func(id event.Identity) bool { return id.UserName == "mallory" } }
	env := record(t, `"eventID":"c9","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","sourceIPAddress":"203.0.113.7","readOnly":false,"userIdentity":{"type":"IAMUser","userName":"mallory"}`)
	e := w.engine(t, stopped, own)
	if err := e.Handle(context.Background(), env, w.now); err != nil {
		t.Fatal(err)
	}
	f, n := one(t, w.found), one(t, w.notices)
	if f.Severity.Label != finding.Critical || n.Severity != finding.Critical || f.Title != "The responder role was used by somebody else: ec2:RunInstances from 203.0.113.7" {
		t.Errorf("finding %+v, notice %+v", f, n)
	}
	reads := record(t, `"eventID":"c8","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","readOnly":true,"userIdentity":{"type":"IAMUser","userName":"mallory"}`)
	if err := e.Handle(context.Background(), reads, w.now); err != nil || len(w.found) != 1 {
		t.Errorf("our own reads are not journaled and say nothing: %d findings, %v", len(w.found), err)
	}
}

func TestFailuresAreRetriedOrBuried(t *testing.T) {
	poison := fault.New(fault.Invalid, "unusable")
	for _, call := range []string{"start", "upsert", "notify"} {
		rules := stopped
		if call == "notify" {
			rules = strings.Replace(stopped, "mode: auto", "mode: notify", 1)
		}
		w := newWorld()
		e := w.engine(t, rules)
		w.fail[call] = errDown
		if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); !fault.Retryable(err) || len(w.dead) != 0 {
			t.Errorf("%s is down: error %v, %d dead letters", call, err, len(w.dead))
		}
		delete(w.fail, call)
		if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil {
			t.Errorf("%s is back: %v", call, err)
		}
		if (call == "start" && len(w.started) != 1) || (call == "upsert" && len(w.found) != 1) || (call == "notify" && len(w.notices) != 1) {
			t.Errorf("%s is back: %d started, %d findings, %d notices", call, len(w.started), len(w.found), len(w.notices))
		}

		w = newWorld()
		w.fail[call] = poison
		if err := w.engine(t, rules).Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil || len(w.dead) != 1 {
			t.Fatalf("%s cannot work: error %v, %d dead letters", call, err, len(w.dead))
		}
		if d := w.dead[0]; d.Rule != "trail-stopped" || !strings.Contains(d.Reason, "unusable") || len(d.Event) == 0 {
			t.Errorf("dead letter %+v", d)
		}
		w.fail["dead"] = errors.New("disk full")
		if err := w.engine(t, rules).Handle(context.Background(), stopLogging(t, "c2"), w.now); !fault.Retryable(err) {
			t.Errorf("no dead letter could be written, and the error is %v: the event would be lost", err)
		}
	}
}

func TestAResponseThatCannotStartIsTold(t *testing.T) {
	w := newWorld()
	w.fail["start"] = fault.New(fault.NotFound, "there is no playbook restart-trail")
	if err := w.engine(t, stopped).Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil {
		t.Fatal(err)
	}
	n := one(t, w.notices)
	if !strings.Contains(n.Reasons[0], "there is no playbook") || n.Finding == "" || n.Routes[0] != "secops" {
		t.Errorf("notice %+v", n)
	}
}

func TestRuleErrorsAreToldAndBuried(t *testing.T) {
	w := newWorld()
	rules := strings.Replace(stopped, `"!has(event.detail.errorCode)"`, `event.detail.errorCode == "x"`, 1)
	if err := w.engine(t, rules).Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil {
		t.Fatal(err)
	}
	if len(w.started) != 0 || len(w.found) != 0 || len(w.dead) != 1 || w.dead[0].Stage != "when" {
		t.Errorf("%d started, %d findings, dead %+v", len(w.started), len(w.found), w.dead)
	}
	if n := one(t, w.notices); !strings.Contains(n.Title, "could not be evaluated") || !strings.Contains(n.Reasons[1], "rules/r.yaml:2:1") {
		t.Errorf("notice %+v", n)
	}

	w = newWorld()
	noName := record(t, `"eventID":"c1","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","userIdentity":{"type":"Root"}`)
	if err := w.engine(t, stopped).Handle(context.Background(), noName, w.now); err != nil {
		t.Fatal(err)
	}
	if len(w.started) != 0 || len(w.found) != 1 || len(w.dead) != 1 || w.dead[0].Stage != "respond.input" {
		t.Errorf("%d started, %d findings, dead %+v", len(w.started), len(w.found), w.dead)
	}
	if n := one(t, w.notices); !strings.Contains(n.Reasons[0], "the event has no $.detail.requestParameters.name") {
		t.Errorf("notice %+v", n)
	}
}

func TestScopeByTag(t *testing.T) {
	rules := strings.Replace(stopped, "severity: HIGH", `severity: HIGH
scope: {except: {tags: {sandbox: "true"}}}`, 1)
	w := newWorld()
	w.tags = map[string]string{"sandbox": "true"}
	e := w.engine(t, rules)
	if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil || len(w.started)+len(w.found)+len(w.notices) != 0 {
		t.Errorf("an excepted account: %v, %d started, %d findings", err, len(w.started), len(w.found))
	}
	w.tags = map[string]string{"sandbox": "false"}
	if err := e.Handle(context.Background(), stopLogging(t, "c2"), w.now); err != nil || len(w.started) != 1 {
		t.Errorf("another account: %v, %d started", err, len(w.started))
	}

	w = newWorld()
	w.fail["tags"] = errDown
	if err := w.engine(t, rules).Handle(context.Background(), stopLogging(t, "c1"), w.now); !fault.Retryable(err) || len(w.started) != 0 || len(w.found) != 1 {
		t.Errorf("tags unknown: %v, %d started, %d findings; want a finding, no response, and another try", err, len(w.started), len(w.found))
	}
	if n := one(t, w.notices); !strings.Contains(n.Reasons[0], "not known whether the account is in the rule's scope") {
		t.Errorf("notice %+v", n)
	}

	w = newWorld()
	nobody := func(o *Options) { o.Accounts = nil }
	if err := w.engine(t, rules, nobody).Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil || len(w.started) != 0 || len(w.notices) != 1 {
		t.Errorf("nobody knows tags: %v, %d started, %d notices; want no response, and people told", err, len(w.started), len(w.notices))
	}
}

func TestObserversSeeEverythingAndHoldNothingBack(t *testing.T) {
	w := newWorld()
	w.fail["observe"] = errors.New("full")
	activity := NewActivity(0, 0, func() time.Time { return w.now })
	e := w.engine(t, stopped, func(o *Options) { o.Activity = activity })
	other := record(t, `"eventID":"c7","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/mallory"}`)
	for _, env := range []*event.Envelope{stopLogging(t, "c1"), other} {
		if err := e.Handle(context.Background(), env, w.now); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(w.seen, []string{"c1", "c7"}) || len(w.started) != 1 {
		t.Errorf("observed %v, %d started", w.seen, len(w.started))
	}
	if s := activity.Summary("arn:aws:iam::111122223333:user/mallory", w.now, 30*time.Minute); s.Count != 2 {
		t.Errorf("activity %+v", s)
	}
}

func TestSwapTakesEffectAtOnce(t *testing.T) {
	w := newWorld()
	registry := prometheus.NewPedanticRegistry()
	e := w.engine(t, stopped, func(o *Options) { o.Registerer = registry })
	e.Swap(loadText(t, strings.Replace(stopped, "mode: auto", "mode: dry-run", 1), LoadOptions{}))
	if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil {
		t.Fatal(err)
	}
	if r := one(t, w.started); r.Mode != guard.DryRun || r.RuleHash != e.Rules().Rule("trail-stopped").Hash {
		t.Errorf("mode %s after the swap", r.Mode)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "riposte_detect_responses_total" {
			if m := family.GetMetric(); len(m) != 1 || m[0].GetCounter().GetValue() != 1 || m[0].GetLabel()[0].GetValue() != "started" {
				t.Errorf("metrics %v", m)
			}
			return
		}
	}
	t.Error("responses are not counted")
}

func TestCancelledHandlingComesAgain(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.engine(t, stopped).Handle(ctx, stopLogging(t, "c1"), w.now); !fault.Retryable(err) || len(w.dead) != 0 || len(w.started) != 0 {
		t.Errorf("error %v, %d dead letters, %d started", err, len(w.dead), len(w.started))
	}
}

func TestNewEngineNamesWhatIsMissing(t *testing.T) {
	w := newWorld()
	_, err := NewEngine(Options{Rules: loadText(t, stopped, LoadOptions{}), Guard: w, Responder: w, Findings: w, Notices: w})
	if err == nil || !strings.Contains(err.Error(), "DeadLetters") {
		t.Errorf("error %v", err)
	}
}
