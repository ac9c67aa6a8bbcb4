package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/conf"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

const (
	escalation = "escalate: {times: 3, within: 10m, playbook: contain, mode: approve, input: {user: $.detail.userIdentity.userName}}"
	escalated  = "trail-stopped/escalate cloudtrail|111122223333|"
)

// fighting is the rule on stopped trails that escalates.
var fighting = strings.Replace(stopped, "cooldown: 1m", escalation+", cooldown: 1m", 1)

// stopAt is a stop of the trail at a second of the world's minute.
func stopAt(t *testing.T, id string, second int) *event.Envelope {
	t.Helper()
	env := stopLogging(t, id)
	raw := strings.Replace(string(env.JSON()), `"time":"2024-05-01T12:00:00Z"`, fmt.Sprintf(`"time":"2024-05-01T12:00:%02dZ"`, second), 1)
	moved, err := event.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

func TestTheNthBreakEscalatesBesideTheResponse(t *testing.T) {
	w := newWorld()
	l := &later{kept: map[string]Postponed{}}
	metrics := prometheus.NewRegistry()
	e := w.engine(t, fighting, func(o *Options) { o.Postponer, o.Registerer = l, metrics })
	for i := 1; i <= 5; i++ {
		for range 2 { // every event comes twice
			if err := e.Handle(context.Background(), stopAt(t, fmt.Sprint("c", i), i), w.now); err != nil {
				t.Fatal(err)
			}
		}
		w.sleep(time.Second)
	}
	if len(w.started) != 2 || len(l.kept) != 4 {
		t.Fatalf("%d started, %d wait; want one response and one escalation, and the later events in their cooldown", len(w.started), len(l.kept))
	}
	r, ok := w.started[escalated+"c3"]
	if !ok {
		t.Fatalf("started %v, want the escalation by the third break", w.started)
	}
	if r.Playbook != "contain" || r.Mode != guard.Approve || string(r.Input) != `{"user":"mallory"}` || r.RuleHash == "" || r.Finding == "" ||
		r.Title != "IAM user mallory stopped audit: broken 3 times or more within 10m, so it escalates" || r.Notify[0] != "secops" {
		t.Errorf("escalation %+v", r)
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "riposte_detect_escalations_total" && f.GetMetric()[0].GetCounter().GetValue() == 2 {
			return // one for each delivery, as with responses
		}
	}
	t.Error("the escalation was not counted")
}

func TestOtherResourcesAndOtherRulesDoNotEscalate(t *testing.T) {
	w := newWorld()
	e := w.engine(t, fighting, func(o *Options) { o.Postponer = &later{kept: map[string]Postponed{}} })
	for i, trail := range []string{"audit", "backup", "audit", "backup"} {
		raw := strings.Replace(string(stopAt(t, fmt.Sprint("c", i), i).JSON()), `"name":"audit"`, `"name":"`+trail+`"`, 1)
		env, err := event.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Handle(context.Background(), env, w.now); err != nil {
			t.Fatal(err)
		}
	}
	for key := range w.started {
		if strings.Contains(key, "/escalate") {
			t.Errorf("%s: each trail was stopped twice only", key)
		}
	}
}

func TestAnEscalationThatIsHeldIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		verdict      guard.Verdict
		err          error
		start        error
		says         string
		retry        bool
		dead         int
		withoutInput bool
	}{
		"by its mode":         {verdict: guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify, Reasons: []string{"The mode is notify."}}, says: "The mode is notify."},
		"by a guard that can": {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Notify, Reasons: []string{"Paused."}}, says: "Paused."},
		"by a broken guard":   {err: errDown, says: "could not decide: down for a moment", retry: true},
		"by its start":        {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Approve}, start: errDown, says: "could not be started", retry: true},
		"for want of input":   {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Approve}, says: "has no $.detail.nobody", dead: 1, withoutInput: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.verdict = func(a guard.Admission) (guard.Verdict, error) {
				if a.Rule == "trail-stopped" {
					return guard.Verdict{Outcome: guard.Respond, Mode: a.Mode}, nil
				}
				if a.Rule != "trail-stopped/escalate" || a.Mode != guard.Approve || a.MaxAge != time.Hour {
					t.Errorf("asked about %+v", a)
				}
				return c.verdict, c.err
			}
			rule := fighting
			if c.withoutInput {
				rule = strings.Replace(rule, "$.detail.userIdentity.userName", "$.detail.nobody", 1)
			}
			e := w.engine(t, rule, func(o *Options) { o.Postponer = &later{kept: map[string]Postponed{}} })
			var err error
			for i := 1; i <= 3; i++ {
				if i == 3 && c.start != nil {
					w.fail["start"] = c.start
				}
				err = e.Handle(context.Background(), stopAt(t, fmt.Sprint("c", i), i), w.now)
			}
			if (err != nil) != c.retry || err != nil && !fault.Retryable(err) {
				t.Errorf("error %v", err)
			}
			if len(w.started) != 1 || len(w.dead) != c.dead {
				t.Errorf("%d started, %d dead letters", len(w.started), len(w.dead))
			}
			n := w.notices["detect/trail-stopped/escalate/cloudtrail|111122223333|c3"]
			if !strings.Contains(strings.Join(n.Reasons, " "), c.says) || !strings.Contains(n.Title, "so it escalates") || n.Finding == "" {
				t.Errorf("notice %+v, want one that says %q", n, c.says)
			}
			if !c.retry {
				return
			}
			delete(w.fail, "start")
			c.err, c.verdict = nil, guard.Verdict{Outcome: guard.Respond, Mode: guard.Approve}
			if err := e.Handle(context.Background(), stopAt(t, "c3", 3), w.now); err != nil || w.started[escalated+"c3"].Playbook != "contain" {
				t.Errorf("when the event came again: %v, %v", err, w.started)
			}
		})
	}
}

func TestWhatTheGuardKeepsOutIsNoBreak(t *testing.T) {
	for name, verdict := range map[string]guard.Verdict{
		"our own":         {Outcome: guard.Ignore},
		"a failed call":   {Outcome: guard.NotifyOnly, Mode: guard.Notify},
		"another's":       {Outcome: guard.Misuse},
		"nobody is to do": {Outcome: guard.Respond, Mode: guard.Notify},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.verdict = func(a guard.Admission) (guard.Verdict, error) {
				if a.Rule != "trail-stopped" {
					t.Errorf("asked about %s", a.Rule)
				}
				return verdict, nil
			}
			e := w.engine(t, fighting)
			for i := 1; i <= 4; i++ {
				env := stopAt(t, fmt.Sprint("c", i), i)
				if err := errors.Join(e.Recall(context.Background(), env), e.Handle(context.Background(), env, w.now)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestCountsAreReadBack(t *testing.T) {
	first, second := newWorld(), newWorld()
	postponed := func(o *Options) { o.Postponer = &later{kept: map[string]Postponed{}} }
	killed := first.engine(t, fighting, postponed)
	var kept []*event.Envelope
	for i := 1; i <= 2; i++ {
		kept = append(kept, stopAt(t, fmt.Sprint("c", i), i))
		if err := killed.Handle(context.Background(), kept[i-1], first.now); err != nil {
			t.Fatal(err)
		}
	}
	e := second.engine(t, fighting, postponed)
	for _, env := range kept {
		if err := e.Recall(context.Background(), env); err != nil {
			t.Fatal(err)
		}
	}
	if len(second.started) != 0 || len(second.notices) != 0 || len(second.found) != 0 || slices.Contains(second.log, "start") {
		t.Errorf("recalling did something: %v", second.log)
	}
	if err := e.Handle(context.Background(), stopAt(t, "c3", 3), second.now); err != nil {
		t.Fatal(err)
	}
	if _, ok := second.started[escalated+"c3"]; !ok {
		t.Errorf("started %v, want the escalation: two breaks were before the restart", second.started)
	}
	second.sleep(time.Hour)
	before := len(second.log)
	if err := e.Recall(context.Background(), kept[0]); err != nil || len(second.log) != before {
		t.Errorf("%v, %v: an event that no count needs was asked about", err, second.log[before:])
	}
}

// The past is counted as the engine counts.
func TestBreaksOfThePast(t *testing.T) {
	set := loadText(t, fighting, LoadOptions{})
	var b Breaks
	var escalated []string
	for _, id := range []string{"c1", "c2", "c2", "c3", "c3", "c4", "c5"} {
		env := stopAt(t, id, int(id[1]-'0'))
		matches, _, err := set.Match(context.Background(), env)
		if err != nil || len(matches) != 1 {
			t.Fatalf("%d matches, %v", len(matches), err)
		}
		if x := b.Count(&matches[0], env); x != nil {
			escalated = append(escalated, id)
			if x.Rule != "trail-stopped/escalate" || x.Playbook != "contain" || x.Mode != guard.Approve || string(x.Input) != `{"user":"mallory"}` || x.Err != nil ||
				x.Title != "IAM user mallory stopped audit: broken 3 times or more within 10m, so it escalates" {
				t.Errorf("escalated %+v", x)
			}
		}
	}
	if !slices.Equal(escalated, []string{"c3"}) {
		t.Errorf("escalated at %v, want c3", escalated)
	}
	never := loadText(t, stopped, LoadOptions{})
	for i := range 5 {
		env := stopAt(t, fmt.Sprint("d", i), i)
		matches, _, _ := never.Match(context.Background(), env)
		if x := b.Count(&matches[0], env); x != nil {
			t.Errorf("a rule without an escalation escalates: %+v", x)
		}
	}
}

func TestActor(t *testing.T) {
	for name, c := range map[string]struct {
		record string
		want   string
	}{
		"a long-term key":   {`"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/m","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}`, "AKIAIOSFODNN7EXAMPLE"},
		"a session of user": {`"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/m","accessKeyId":"ASIAIOSFODNN7EXAMPLE"}`, "arn:aws:iam::111122223333:user/m"},
		"a role, whatever its session is called": {`"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Dev/x","accessKeyId":"ASIAIOSFODNN7EXAMPLE",
			"sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/Dev"}}}`, "arn:aws:iam::111122223333:role/Dev"},
	} {
		t.Run(name, func(t *testing.T) {
			env := record(t, `"eventID":"c","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",`+c.record)
			if got := actor(env.Record()); got != c.want {
				t.Errorf("actor %q, want %q", got, c.want)
			}
		})
	}
	if actor(nil) != "" {
		t.Error("an event without a record has an actor")
	}
}

func TestEscalationMistakes(t *testing.T) {
	for name, c := range map[string]struct{ escalate, says string }{
		"once":            {"{times: 1, within: 10m, playbook: contain, mode: auto}", "can't escalate at break 1"},
		"too often":       {"{times: 101, within: 10m, playbook: contain, mode: auto}", "can't escalate at break 101"},
		"no time":         {"{times: 3, within: 0s, playbook: contain, mode: auto}", "can't be counted in 0s"},
		"for a day":       {"{times: 3, within: 24h, playbook: contain, mode: auto}", "can't be counted in 24h"},
		"nobody knows it": {"{times: 3, within: 10m, playbook: contian, mode: auto}", `there is no playbook "contian"`},
		"bold":            {"{times: 3, within: 10m, playbook: contain, mode: bold}", `there is no mode "bold"`},
		"no mode":         {"{times: 3, within: 10m, playbook: contain}", "mode"},
		"a bad path":      {`{times: 3, within: 10m, playbook: contain, mode: auto, input: {a: "$.["}}`, "$.["},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": strings.Replace(stopped, "cooldown: 1m", "escalate: "+c.escalate, 1)})}},
				LoadOptions{Playbooks: []string{"restart-trail", "contain"}})
			var problems conf.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), c.says) || problems[0].Position.Line == 0 {
				t.Errorf("error %v, want one problem that says %q", err, c.says)
			}
		})
	}
	set := loadText(t, strings.Replace(fighting, "mode: auto", "mode: notify", 1), LoadOptions{})
	if w := set.Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, "nothing escalates") {
		t.Errorf("warnings %v", w)
	}
}

func TestRuleTestsLookAtTheEscalation(t *testing.T) {
	for name, c := range map[string]struct{ expect, says string }{
		"as it is":         {"{playbook: contain, input: {user: mallory}}", ""},
		"another playbook": {"{playbook: other}", "the escalation's playbook is contain, want other"},
		"another input":    {"{input: {user: eve}}", `the escalation's input is {"user":"mallory"}, want {"user":"eve"}`},
	} {
		t.Run(name, func(t *testing.T) {
			rule := strings.Replace(fighting, "title: IAM user mallory stopped audit}", "escalate: "+c.expect+"}", 1)
			report, err := Test(context.Background(), loadText(t, rule, LoadOptions{}), TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(report.Failures) > 0 {
				got = strings.Join(report.Failures[0].Problems, "; ")
			}
			if got != c.says {
				t.Errorf("problems %q, want %q", got, c.says)
			}
		})
	}
	rule := strings.Replace(fighting, "$.detail.userIdentity.userName", "$.detail.nobody", 1)
	rule = strings.Replace(rule, "title: IAM user mallory stopped audit}", "escalate: {playbook: contain}}", 1)
	report, err := Test(context.Background(), loadText(t, rule, LoadOptions{}), TestOptions{})
	if err != nil || len(report.Failures) != 1 || !strings.Contains(report.Failures[0].Problems[0], "detail.nobody") {
		t.Errorf("%v, failures %v: an input that can't be made fails the test", err, report.Failures)
	}
	_, err = Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": strings.Replace(stopped, "title: IAM user mallory stopped audit}", "escalate: {playbook: contain}}", 1)})}}, LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "the rule does not escalate") {
		t.Errorf("error %v", err)
	}
}
