package detect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/target"
)

// outbox takes deliveries.
type outbox struct {
	sent []target.Delivery
	err  error
}

func (o *outbox) Enqueue(_ context.Context, d target.Delivery) error {
	if o.err == nil {
		o.sent = append(o.sent, d)
	}
	return o.err
}

const forwarded = `
id: forward
title: A trail was stopped
story: It is sent on.
severity: LOW
match: {pattern: {detail: {eventName: [StopLogging]}}}
notify: secops
targets:
  - {id: queue, arn: "arn:aws:sqs:eu-west-1:111122223333:security", input_path: $.detail}
  - {id: function, arn: "arn:aws:lambda:eu-west-1:111122223333:function:contain"}
`

func TestTargets(t *testing.T) {
	for name, c := range map[string]struct {
		verdict guard.Verdict
		err     error
		enqueue error
		sent    []string
		reason  string
		dead    int
		retry   bool
	}{
		"auto":               {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Auto}, sent: []string{"queue", "function"}},
		"dry run":            {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.DryRun}, sent: []string{"queue"}, reason: "function was not told, because it acts by itself and the mode is dry-run"},
		"too old":            {verdict: guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify}, sent: []string{"queue"}, reason: "the mode is notify"},
		"our own":            {verdict: guard.Verdict{Outcome: guard.Ignore}},
		"no room":            {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Auto}, enqueue: fault.New(fault.Unavailable, "full"), retry: true, reason: "could not be told: full"},
		"refused":            {verdict: guard.Verdict{Outcome: guard.Respond, Mode: guard.Auto}, enqueue: fault.New(fault.Invalid, "no"), dead: 2, reason: "could not be told: no"},
		"no guard":           {err: errors.New("broken"), sent: []string{"queue"}, reason: "the mode is notify", dead: 1},
		"guard not yet open": {err: fault.New(fault.Unavailable, "later"), sent: []string{"queue"}, retry: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, box := newWorld(), &outbox{err: c.enqueue}
			asked := guard.Mode("")
			w.verdict = func(a guard.Admission) (guard.Verdict, error) { asked = a.Mode; return c.verdict, c.err }
			e := w.engine(t, forwarded, func(o *Options) { o.Targets = box })
			err := e.Handle(t.Context(), stopLogging(t, "c1"), w.now)
			if fault.Retryable(err) != c.retry || len(w.dead) != c.dead {
				t.Errorf("error %v, dead letters %+v", err, w.dead)
			}
			var ids []string
			for _, d := range box.sent {
				ids = append(ids, d.Target.ID)
				if d.Rule != "forward" || d.RuleARN != "arn:aws:events:eu-west-1:111122223333:rule/forward" || d.Cause == "" || len(d.Event) == 0 || !d.Ingested.Equal(w.now) {
					t.Errorf("delivery %+v", d)
				}
			}
			if !slices.Equal(ids, c.sent) || asked != guard.Auto {
				t.Errorf("sent to %v in mode %s", ids, asked)
			}
			if c.reason != "" && !strings.Contains(strings.Join(one(t, w.notices).Reasons, " "), c.reason) {
				t.Errorf("people are told %+v", w.notices)
			}
		})
	}
}

func TestWrongTargetsAreRefusedWithTheirPlace(t *testing.T) {
	_, err := Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": strings.Replace(forwarded, "input_path: $.detail", "input_path: detail", 1)})}}, LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "rules/r.yaml:9:") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	connected := strings.Replace(forwarded, `arn: "arn:aws:lambda:eu-west-1:111122223333:function:contain"`, `url: "https://hooks.example.com/x", connection: ticketz`, 1)
	_, err = Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": connected})}}, LoadOptions{Connections: []string{"tickets"}})
	if err == nil || !strings.Contains(err.Error(), `rules/r.yaml:10:`) || !strings.Contains(err.Error(), `did you mean "tickets"`) {
		t.Errorf("got %v", err)
	}
}
