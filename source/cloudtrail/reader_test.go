package cloudtrail_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/cloudtrail"
)

func TestReaderPagesNewestFirst(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	from := w.clock.Now()
	w.act("eu-west-1", 120)
	to := w.clock.Now()
	w.act("eu-west-1", 1)
	w.act("us-east-1", 1)
	events, calls := read(t, w.reader(w.admin, "eu-west-1"), from, to)
	if len(events) != 120 || calls < 3 { // more where a connection broke
		t.Fatalf("%d events in %d calls, want 120 in 3", len(events), calls)
	}
	for i, e := range events {
		env, err := event.FromCloudTrail(e.Record)
		if err != nil || env.ID != e.ID || env.Region != "eu-west-1" || env.Record().EventName != "CreateTopic" {
			t.Fatalf("event %d is %+v, %v", i, env, err)
		}
		if i > 0 && e.Time.After(events[i-1].Time) {
			t.Fatalf("event %d is newer than the one before it", i)
		}
	}
	if events, _ := read(t, w.reader(w.admin, "eu-west-1"), from, from.Add(10*time.Second)); len(events) != 10 {
		t.Errorf("%d events of ten seconds", len(events))
	}
	if _, calls := read(t, w.reader(w.admin, "eu-west-1"), to, to); calls != 0 {
		t.Errorf("%d calls for no time at all", calls)
	}
}

func TestReaderKeepsAWSsRate(t *testing.T) {
	w := newWorld(t, sandbox.Options{Throttle: true})
	from := w.clock.Now()
	w.act("us-east-1", 300)
	began := w.clock.Now()
	events, _ := read(t, w.reader(w.admin, "us-east-1"), from, began)
	if len(events) != 300 {
		t.Errorf("%d events, want 300", len(events))
	}
	for _, c := range w.Calls(sandbox.Match{Operation: "LookupEvents"}) {
		if c.ErrorCode != "" {
			t.Errorf("a call ended in %s", c.ErrorCode)
		}
	}
	if took := w.clock.Now().Sub(began); took < 2*time.Second {
		t.Errorf("six calls took %s by the clock, want at least 2.5 s", took)
	}
}

func TestReaderSlowsDownWhenThrottled(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	from := w.clock.Now()
	w.act("us-east-1", 60)
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "LookupEvents"}, Times: 3, Error: &sandbox.FaultError{Code: "ThrottlingException"}})
	r := w.reader(w.admin, "us-east-1")
	began := w.clock.Now()
	events, calls := read(t, r, from, began)
	if len(events) != 60 || calls < 5 {
		t.Errorf("%d events in %d calls, want 60 in 5", len(events), calls)
	}
	if took := w.clock.Now().Sub(began); took < 7*time.Second { // 1 + 2 + 4
		t.Errorf("three throttlings slowed it down to %s in all", took)
	}
}

func TestReaderErrors(t *testing.T) {
	tests := []struct {
		name  string
		fault sandbox.Fault
		code  fault.Code
		calls int
	}{
		{"passes", sandbox.Fault{Times: 2, Error: &sandbox.FaultError{Code: "InternalFailure", Status: 500}}, "", 3},
		{"stays away", sandbox.Fault{Error: &sandbox.FaultError{Code: "InternalFailure", Status: 500}}, fault.Unavailable, 8},
		{"denied", sandbox.Fault{Error: &sandbox.FaultError{Code: "AccessDeniedException", Status: 400}}, fault.Denied, 1},
		{"a token that was never given", sandbox.Fault{Error: &sandbox.FaultError{Code: "InvalidNextTokenException", Status: 400}}, fault.Invalid, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, sandbox.Options{})
			tt.fault.Match = sandbox.Match{Operation: "LookupEvents"}
			w.AddFault(tt.fault)
			err := w.reader(w.admin, "us-east-1").Read(t.Context(), w.clock.Now().Add(-time.Hour), w.clock.Now(), func(cloudtrail.Page) error { return nil })
			if fault.CodeOf(err) != tt.code {
				t.Errorf("error is %v, want code %q", err, tt.code)
			}
			if calls := len(w.Calls(sandbox.Match{Operation: "LookupEvents"})); calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
		})
	}
}

func TestReaderStops(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	from := w.clock.Now()
	w.act("us-east-1", 60)
	enough := errors.New("enough")
	r := w.reader(w.admin, "us-east-1")
	if err := r.Read(t.Context(), from, w.clock.Now(), func(cloudtrail.Page) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	err := r.Read(ctx, from, w.clock.Now(), func(cloudtrail.Page) error { pages++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || pages != 1 {
		t.Errorf("error is %v after %d pages", err, pages)
	}
}

// forgetful answers from a list, newest first, and forgets tokens now and then.
type forgetful struct {
	events []types.Event
	random *rand.Rand
}

func (f *forgetful) LookupEvents(_ context.Context, in *awscloudtrail.LookupEventsInput, _ ...func(*awscloudtrail.Options)) (*awscloudtrail.LookupEventsOutput, error) {
	at := 0
	if in.NextToken != nil {
		if f.random.IntN(4) == 0 {
			return nil, &types.InvalidNextTokenException{}
		}
		at, _ = strconv.Atoi(*in.NextToken) // our own
	}
	out := &awscloudtrail.LookupEventsOutput{}
	for ; at < len(f.events); at++ {
		e := f.events[at]
		if e.EventTime.Before(*in.StartTime) || e.EventTime.After(*in.EndTime) {
			continue
		}
		if len(out.Events) == 50 {
			out.NextToken = aws.String(strconv.Itoa(at))
			break
		}
		out.Events = append(out.Events, e)
	}
	return out, nil
}

// Whatever tokens AWS forgets, every event comes once, also where many share a second.
func TestReaderSurvivesForgottenTokens(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		base := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var want []string
		f := &forgetful{random: random}
		at := base.Add(time.Hour)
		for n := range 400 {
			at = at.Add(-time.Duration(random.IntN(2)*random.IntN(3000)) * time.Millisecond)
			id := fmt.Sprint("e", n)
			want = append(want, id)
			f.events = append(f.events, types.Event{EventId: &id, EventTime: aws.Time(at), CloudTrailEvent: aws.String("{}")})
		}
		clock := newClock()
		r := &cloudtrail.Reader{API: f, Clock: clock, Pace: cloudtrail.NewPaces(clock).For(account, "us-east-1")}
		events, _ := read(t, r, base, base.Add(2*time.Hour))
		var got []string
		for _, e := range events {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d events, want %d in order", seed, len(got), len(want))
		}
	}
}

func TestRegions(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	regions, err := cloudtrail.Regions(t.Context(), w.config(w.admin, ""))
	if err != nil || !slices.Contains(regions, "eu-west-1") || !slices.IsSorted(regions) {
		t.Errorf("regions are %v, %v", regions, err)
	}
	nobody, err := w.account.CreateUser("nobody")
	if err != nil {
		t.Fatal(err)
	}
	regions, err = cloudtrail.Regions(t.Context(), w.config(nobody, "us-east-1"))
	if fault.CodeOf(err) != fault.Denied || !slices.Contains(regions, "eu-west-1") {
		t.Errorf("without permission: %v, %v", regions, err)
	}
	for _, region := range []string{"cn-north-1", "us-gov-west-1", "us-east-1"} {
		if !slices.Contains(cloudtrail.DefaultRegions(region), region) {
			t.Errorf("the regions beside %s are %v", region, cloudtrail.DefaultRegions(region))
		}
	}
}
