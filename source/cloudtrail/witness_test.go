package cloudtrail_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/sandbox"
	"riposte.dev/source/cloudtrail"
)

var _ guard.Corroborator = (*cloudtrail.Witness)(nil)

func TestWitness(t *testing.T) {
	const delay = 5 * time.Minute
	w := newWorld(t, sandbox.Options{Delivery: sandbox.Delivery{LookupDelay: delay}})
	asked := ""
	witness := cloudtrail.NewWitness(func(_ context.Context, account, region string) (aws.Config, error) {
		asked = account + " " + region
		return w.config(w.admin, region), nil
	}, cloudtrail.NewPaces(w.clock))
	w.act("eu-west-1", 2)
	w.clock.advance(delay)
	events, _ := read(t, w.reader(w.admin, "eu-west-1"), w.clock.Now().Add(-time.Hour), w.clock.Now())
	old := events[len(events)-1].ID
	lookups := func() int { return len(w.Calls(sandbox.Match{Operation: "LookupEvents"})) }
	before := lookups()
	for range 2 { // the second time it remembers
		r, err := witness.Recorded(t.Context(), account, "eu-west-1", old)
		if err != nil || r == nil || r.EventID != old || r.EventName != "CreateTopic" || asked != account+" eu-west-1" {
			t.Fatalf("%+v, %v, asked %s", r, err, asked)
		}
	}
	if n := lookups() - before; n != 1 {
		t.Errorf("%d calls for one record", n)
	}
	for region, id := range map[string]string{"us-east-1": old, "eu-west-1": "11111111-2222-4333-8444-555555555555"} {
		if r, err := witness.Recorded(t.Context(), account, region, id); r != nil || err != nil {
			t.Errorf("%s in %s: %+v, %v", id, region, r, err)
		}
	}
}

func TestAWitnessWaitsForARecord(t *testing.T) {
	const delay = 5 * time.Minute
	made := make(chan string, 1)
	w := newWorld(t, sandbox.Options{Delivery: sandbox.Delivery{LookupDelay: delay}, OnEvent: func(envelope []byte) { made <- eventID(t, envelope) }})
	witness := cloudtrail.NewWitness(func(_ context.Context, _, region string) (aws.Config, error) { return w.config(w.admin, region), nil },
		cloudtrail.NewPaces(w.clock))
	w.act("eu-west-1", 1)
	id := <-made
	if r, err := witness.Recorded(t.Context(), account, "eu-west-1", id); r != nil || err != nil {
		t.Fatalf("before it shows: %+v, %v", r, err)
	}
	w.clock.advance(delay)
	if r, err := witness.Recorded(t.Context(), account, "eu-west-1", id); r == nil || err != nil {
		t.Errorf("when it shows: %+v, %v: that it did not show must not be remembered", r, err)
	}
}

func TestAWitnessThatCannotTell(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	denied, err := w.account.CreateUser("nobody")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config cloudtrail.AWS
		fault  *sandbox.FaultError
		want   fault.Code
	}{
		"no way into the account": {config: func(context.Context, string, string) (aws.Config, error) {
			return aws.Config{}, fault.New(fault.NotFound, "no such account")
		}, want: fault.NotFound},
		"not allowed": {config: func(_ context.Context, _, region string) (aws.Config, error) { return w.config(denied, region), nil }, want: fault.Denied},
		"throttled": {config: func(_ context.Context, _, region string) (aws.Config, error) { return w.config(w.admin, region), nil },
			fault: &sandbox.FaultError{Code: "ThrottlingException"}, want: fault.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fault != nil {
				defer w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "LookupEvents"}, Error: c.fault})()
			}
			r, err := cloudtrail.NewWitness(c.config, cloudtrail.NewPaces(w.clock)).Recorded(t.Context(), account, "eu-west-1", "x")
			if r != nil || fault.CodeOf(err) != c.want {
				t.Errorf("%+v, %v, want %s", r, err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	config := func(_ context.Context, _, region string) (aws.Config, error) { return w.config(w.admin, region), nil }
	if _, err := cloudtrail.NewWitness(config, cloudtrail.NewPaces(w.clock)).Recorded(ctx, account, "eu-west-1", "x"); err == nil {
		t.Error("no error when the context has ended")
	}
}

func eventID(t *testing.T, envelope []byte) string {
	t.Helper()
	e, err := event.Parse(envelope)
	if err != nil {
		t.Error(err)
		return ""
	}
	return e.Record().EventID
}
