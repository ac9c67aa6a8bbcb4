package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// rig is a router on fakes. start runs it until the test's end.
type rig struct {
	*Router
	queue *memQueue
	log   *memLog
	mail  *post
	sns   *topic
	reg   *prometheus.Registry
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	r := &rig{
		queue: newMemQueue(), log: &memLog{}, mail: &post{topic{name: "mail"}}, sns: &topic{name: "sns-security"},
		reg: prometheus.NewRegistry(),
	}
	cfg := Config{
		Channels: []Channel{r.mail, r.sns},
		Routes: []Route{
			{Name: "secops", Channels: []string{"mail", "sns-security"}, To: []string{"secops@example.com"}},
			{Name: "pager", Channels: []string{"sns-security"}, MinSeverity: "HIGH"},
		},
		Default: "secops", Queue: r.queue, Log: r.log, Registerer: r.reg, Random: func() float64 { return 0.5 },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if r.Router, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs the router; call inside of a synctest bubble.
func (r *rig) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// count reads a counter as it would be scraped; labels are the values in the order of their names.
func (r *rig) count(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetValue())
			}
			if f.GetName() == name && slices.Equal(got, labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func message(id string) Message {
	return Message{
		ID: id, Time: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), Severity: "HIGH",
		Subject: "CloudTrail logging was stopped", Summary: "alice stopped main; riposte started it again.",
	}
}

func TestNotifyReachesEveryChannelOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		for range 3 { // the caller retries
			if err := r.Notify(t.Context(), []string{"secops", "pager"}, message("m1")); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if got := r.mail.recipients(); !slices.Equal(got, []string{"secops@example.com"}) {
			t.Errorf("mailed to %v", got)
		}
		if got := len(r.sns.deliveries()); got != 1 {
			t.Errorf("published %d times", got)
		}
		d := r.mail.deliveries()[0]
		if d.Message.ID != "m1" || !strings.Contains(d.Body.Text, "alice stopped main") || !strings.Contains(d.Body.HTML, "alice stopped main") {
			t.Errorf("got %+v", d)
		}
		if got := r.count(t, "riposte_notify_deliveries_total", "mail", "sent"); got != 1 {
			t.Errorf("metric counts %v sent mails", got)
		}
	})
}

func TestRouting(t *testing.T) {
	tests := []struct {
		name     string
		routes   []string
		severity string
		owners   []string
		mailed   []string
		topics   int
		skipped  []string
		says     string // in the mail to secops
	}{
		{name: "by name", routes: []string{"secops"}, mailed: []string{"secops@example.com"}, topics: 1},
		{name: "nobody named", mailed: []string{"secops@example.com"}, topics: 1},
		{
			name: "unknown route", routes: []string{"secopps"}, mailed: []string{"secops@example.com"}, topics: 1,
			says: `meant for the route "secopps", which does not exist`,
		},
		{
			name: "below the severity", routes: []string{"pager"}, severity: "LOW",
			skipped: []string{"pager: below the route's severity of HIGH"},
		},
		{name: "a severity that nobody knows passes", routes: []string{"pager"}, severity: "URGENT", topics: 1},
		{
			name: "owner in a known domain, by upper and lower case", routes: []string{"secops"},
			owners: []string{"bob@Example.com", "BOB@example.com ", "secops@EXAMPLE.com"},
			mailed: []string{"bob@Example.com", "secops@example.com"}, topics: 1,
		},
		{
			name: "owner in a foreign domain", routes: []string{"secops"}, owners: []string{"mallory@evil.example"},
			mailed: []string{"secops@example.com"}, topics: 1, says: "The owner mallory@evil.example was not told",
			skipped: []string{"mallory@evil.example: riposte may not write to that domain"},
		},
		{
			name: "owner who is none", routes: []string{"secops"}, owners: []string{"team-a"},
			mailed: []string{"secops@example.com"}, topics: 1, says: `The owner "team-a" was not told: that is no mail address`,
			skipped: []string{"team-a: not a mail address"},
		},
		{
			name: "owner by a route without mail", routes: []string{"pager"}, owners: []string{"bob@partner.example"},
			mailed: []string{"bob@partner.example"}, topics: 1,
		},
		{
			name: "owner below the route's severity", routes: []string{"pager"}, severity: "LOW", owners: []string{"bob@example.com"},
			mailed: []string{"bob@example.com"}, skipped: []string{"pager: below the route's severity of HIGH"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.OwnerDomains = []string{"Partner.example"} })
				r.start(t)
				m := message("m")
				m.To = tt.owners
				if tt.severity != "" {
					m.Severity = tt.severity
				}
				if err := r.Notify(t.Context(), tt.routes, m); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if diff := cmp.Diff(tt.mailed, r.mail.recipients()); diff != "" {
					t.Error("mailed", diff)
				}
				if got := len(r.sns.deliveries()); got != tt.topics {
					t.Errorf("published %d times, want %d", got, tt.topics)
				}
				if diff := cmp.Diff(tt.skipped, r.log.skipped()); diff != "" {
					t.Error("skipped", diff)
				}
				if tt.says != "" && !strings.Contains(r.mail.deliveries()[0].Body.Text, tt.says) {
					t.Errorf("the mail does not say %q:\n%s", tt.says, r.mail.deliveries()[0].Body.Text)
				}
			})
		})
	}
}

func TestNotifyRefuses(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Default = "" })
	for name, tt := range map[string]struct {
		routes []string
		m      Message
		code   fault.Code
	}{
		"no id":         {[]string{"secops"}, message(""), fault.Invalid},
		"unknown route": {[]string{"nobody"}, message("m"), fault.NotFound},
		"no route":      {nil, message("m"), fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Notify(t.Context(), tt.routes, tt.m); fault.CodeOf(err) != tt.code {
				t.Errorf("got %v, want code %s", err, tt.code)
			}
		})
	}
}

// A queue that is full has the caller try again; what was queued by then is not sent twice.
func TestNotifyAgainAfterFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		r.queue.full["notify-sns-security"] = true
		err := r.Notify(t.Context(), []string{"secops"}, message("m"))
		if !fault.Retryable(err) {
			t.Fatalf("got %v, want a retryable error", err)
		}
		synctest.Wait()
		r.queue.full = map[string]bool{}
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if mails, topics := len(r.mail.deliveries()), len(r.sns.deliveries()); mails != 1 || topics != 1 {
			t.Errorf("%d mails and %d publications, want one of each", mails, topics)
		}
	})
}

// Nothing that a channel gets holds a secret, and the caller's own message stays as it was.
func TestNotifyRedacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		m := message("m")
		m.Sections = []Section{{Title: "What", Facts: []Fact{{Label: "Request", Value: `{"password":"hunter2"}`}}}}
		if err := r.Notify(t.Context(), []string{"secops"}, m); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		d := r.mail.deliveries()[0]
		if all := fmt.Sprintf("%+v", d); strings.Contains(all, "hunter2") || !strings.Contains(all, Redacted) {
			t.Errorf("not redacted: %s", all)
		}
		if got := m.Sections[0].Facts[0].Value; got != `{"password":"hunter2"}` {
			t.Errorf("the caller's message became %q", got)
		}
	})
}

func TestNewNamesEveryMistake(t *testing.T) {
	mail, sns := &post{topic{name: "mail"}}, &topic{name: "SNS"}
	_, err := New(Config{
		Channels: []Channel{mail, sns, mail}, Log: &memLog{}, Default: "nobody",
		Routes: []Route{
			{Name: "a", Channels: []string{"mail"}},
			{Name: "a", Channels: []string{"SNS"}, To: []string{"x@example.com"}},
			{Name: "b", MinSeverity: "high"},
			{Name: "c", Channels: []string{"mail", "fax"}, To: []string{"nobody"}},
		},
	})
	if fault.CodeOf(err) != fault.Invalid {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"a queue and a log are required", `channel "SNS": a name has`, `channel "mail" is there twice`,
		`route "a": channel "mail" needs addresses`, `route "a": every route needs a name of its own`,
		`route "a": "to" has addresses, but none`, `route "b": min_severity "high" is none of`, `route "b" has no channels`,
		`route "c": there is no channel "fax"`, `route "c": "nobody" is not a mail address`, `default route "nobody" is not defined`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// A queue that can't be worked ends Run, so that somebody notices, and takes the other channels with it.
func TestRunEndsWithTheQueuesError(t *testing.T) {
	broken := errors.New("no such stream")
	r := newRig(t, func(c *Config) { c.Queue = &brokenQueue{memQueue: newMemQueue(), err: broken} })
	if err := r.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type brokenQueue struct {
	*memQueue
	err error
}

func (q *brokenQueue) Work(ctx context.Context, queue string, cfg WorkConfig, handle func(context.Context, Job) error) error {
	if queue == "notify-mail" {
		return q.err
	}
	return q.memQueue.Work(ctx, queue, cfg, handle)
}
