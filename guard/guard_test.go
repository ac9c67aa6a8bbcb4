package guard

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
)

const (
	account = "111122223333"
	roleARN = "arn:aws:iam::111122223333:role/security/riposte-responder"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeRequests knows some ids; learn is called at each look and may add to them, as an outcome does.
type fakeRequests struct {
	known   map[string]bool
	pending bool
	err     error
	looks   int
	learn   func(look int, f *fakeRequests)
}

func (f *fakeRequests) Known(_ context.Context, id string) (bool, error) { return f.known[id], f.err }

func (f *fakeRequests) Pending(context.Context) (bool, error) {
	f.looks++
	if f.learn != nil {
		f.learn(f.looks, f)
	}
	return f.pending, f.err
}

// fakeExceptions returns all of them, expired or not: the guard must not rely on the store for that.
type fakeExceptions struct {
	list []Exception
	err  error
}

func (f fakeExceptions) Active(context.Context, time.Time) ([]Exception, error) { return f.list, f.err }

type fakeLost struct {
	lost bool
	err  error
}

func (f fakeLost) Lost(_ context.Context, service, operation, acct string, _ time.Time) (bool, error) {
	return f.lost && service == "cloudtrail" && operation == "StopLogging" && acct == account, f.err
}

// clock advances only when somebody sleeps.
type clock struct {
	now   time.Time
	slept time.Duration
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

func newGuard(t testing.TB, c *clock, o Options) *Guard {
	t.Helper()
	if o.Exceptions == nil {
		o.Exceptions = fakeExceptions{}
	}
	if o.Requests == nil {
		o.Requests = &fakeRequests{}
	}
	if o.Responders == nil {
		o.Responders = []string{roleARN}
	}
	if o.Policy == nil {
		o.Policy = func() *Policy { return &Policy{Allow: []Scope{{Accounts: []string{"*"}}}} }
	}
	o.Now, o.Sleep = func() time.Time { return c.now }, c.sleep
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// record returns a CloudTrail envelope of a StopLogging by a user, changed by mutate.
func record(t testing.TB, mutate func(r *event.Record)) *event.Envelope {
	t.Helper()
	r := event.Record{
		EventVersion: "1.11", EventTime: noon.Add(-time.Minute), EventSource: "cloudtrail.amazonaws.com", EventName: "StopLogging",
		AWSRegion: "eu-west-1", SourceIPAddress: "198.51.100.7", RequestID: "req-1", EventID: "ev-1", EventType: "AwsApiCall",
		RecipientAccountID: account,
		UserIdentity:       event.Identity{Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/mallory", AccountID: account, UserName: "mallory"},
	}
	if mutate != nil {
		mutate(&r)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.FromCloudTrail(raw)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestNewTellsAllProblemsAtOnce(t *testing.T) {
	_, err := New(Options{Responders: []string{"arn:aws:iam::1:role/x", "arn:aws:iam::*:role/ri*", "arn:aws:s3:::bucket"}})
	if fault.CodeOf(err) != fault.Invalid {
		t.Fatalf("error = %v, want invalid", err)
	}
	for _, want := range []string{"exceptions", "requests", `"arn:aws:iam::1:role/x"`, `"arn:aws:iam::*:role/ri*"`, `"arn:aws:s3:::bucket"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
	if _, err := New(Options{Exceptions: fakeExceptions{}, Requests: &fakeRequests{}}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no responder: %v, want invalid", err)
	}
}

func TestEndedContextIsAnErrorAndClosed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g := newGuard(t, &clock{now: noon}, Options{
		Exceptions: fakeExceptions{err: context.Canceled}, Requests: &fakeRequests{err: context.Canceled},
	})
	v, err := g.Admit(ctx, Admission{Rule: "r", Mode: Auto, Event: record(t, asResponder)})
	if !errors.Is(err, context.Canceled) || v.Outcome != NotifyOnly {
		t.Errorf("Admit = %v, %v, want notify-only and the context's end", v, err)
	}
	d, err := g.Decide(ctx, proposal(Auto))
	if !errors.Is(err, context.Canceled) || d.MayApply() || len(d.Plan.Items[0].Calls) > 0 {
		t.Errorf("Decide = %v, %v, want nothing done and the context's end", d, err)
	}
}

// proposal is of one trail that would be changed.
func proposal(mode Mode) Proposal {
	return Proposal{
		Rule: "cloudtrail-logging-stopped", Mode: mode, Spec: action.Spec{Name: "cloudtrail.start-logging"},
		Plan: &action.Plan{Action: "cloudtrail.start-logging", Account: account, Region: "eu-west-1", Items: []action.Item{trail("main")}},
	}
}

func trail(name string) action.Item {
	arn := "arn:aws:cloudtrail:eu-west-1:" + account + ":trail/" + name
	return action.Item{
		ID: arn, Status: action.Change, Reason: "It does not log.",
		Resource: action.Resource{Type: "AWS::CloudTrail::Trail", ARN: arn, Name: name, Account: account, Region: "eu-west-1"},
		Calls:    []action.Call{{Service: "cloudtrail", Operation: "StartLogging"}},
	}
}
