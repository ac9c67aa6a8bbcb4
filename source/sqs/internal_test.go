package sqs

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		url, region, account string
		want                 address
		refused              string
	}{
		{url: "https://sqs.eu-west-1.amazonaws.com/111122223333/q", want: address{"eu-west-1", "111122223333", "q"}},
		{url: "https://sqs.eu-west-1.amazonaws.com/111122223333/q", account: "444455556666", want: address{"eu-west-1", "444455556666", "q"}},
		{url: "https://sqs-fips.us-gov-west-1.amazonaws.com/111122223333/q", want: address{"us-gov-west-1", "111122223333", "q"}},
		{url: "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q", want: address{"cn-north-1", "111122223333", "q"}},
		{url: "https://sqs.eu-west-1.api.aws/111122223333/q", want: address{"eu-west-1", "111122223333", "q"}},
		{url: "https://eu-west-1.queue.amazonaws.com/111122223333/q", want: address{"eu-west-1", "111122223333", "q"}},
		{url: "https://vpce-0abc-def.sqs.eu-west-1.vpce.amazonaws.com/111122223333/q", want: address{"eu-west-1", "111122223333", "q"}},
		{url: "http://127.0.0.1:4566/000000000000/q", region: "us-east-1", want: address{"us-east-1", "000000000000", "q"}},
		{url: "http://127.0.0.1:4566/000000000000/q", refused: "doesn't name the region"},
		{url: "https://sqs.eu-west-1.amazonaws.com/111122223333/q", region: "us-east-1", refused: "names the region eu-west-1"},
		{url: "https://sqs.eu-west-1.amazonaws.com/q", refused: "names no account"},
		{url: "arn:aws:sqs:eu-west-1:111122223333:q", refused: "not the URL"},
		{url: "ftp://sqs.eu-west-1.amazonaws.com/111122223333/q", refused: "not the URL"},
		{url: "", refused: "not the URL"},
	} {
		got, err := parseAddress(Options{Name: "q", QueueURL: tt.url, Region: tt.region, Account: tt.account})
		if tt.refused != "" {
			if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.refused) || fault.Hint(err) == "" {
				t.Errorf("%q: %v, want %q and a hint", tt.url, err, tt.refused)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v", tt.url, got, err)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("https://sqs.eu-west-1.amazonaws.com/111122223333/q")
	f.Add("http://localhost/q")
	f.Fuzz(func(t *testing.T, url string) {
		if a, err := parseAddress(Options{Name: "q", QueueURL: url}); err == nil && (a.region == "" || a.queue == "") {
			t.Errorf("%q: %+v", url, a)
		}
	})
}

func TestDoubling(t *testing.T) {
	for _, tt := range []struct {
		n    int
		want time.Duration
	}{{0, time.Second}, {1, time.Second}, {2, 2 * time.Second}, {6, 32 * time.Second}, {7, time.Minute}, {64, time.Minute}, {1 << 40, time.Minute}} {
		low := doubling(time.Second, time.Minute, func() float64 { return 0 })(tt.n)
		high := doubling(time.Second, time.Minute, func() float64 { return 1 })(tt.n)
		if low != tt.want/2 || high != tt.want {
			t.Errorf("after %d: %v to %v, want half of to the whole of %v", tt.n, low, high, tt.want)
		}
	}
}

func TestGateCountsFailuresThatComeTogetherOnce(t *testing.T) {
	var steps []int
	var said []string
	g := gate{
		backoff: func(n int) time.Duration { steps = append(steps, n); return time.Millisecond },
		say:     func(problem string) { said = append(said, problem) },
	}
	before := time.Now()
	for range 10 {
		g.fail(before, "down")
	}
	g.ok(before) // it began before the trouble did
	if len(steps) != 1 || !g.failing() {
		t.Errorf("backoff was asked for %v", steps)
	}
	if err := g.wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	g.fail(time.Now(), "down")
	if len(steps) != 2 || steps[1] != 2 {
		t.Errorf("backoff was asked for %v, want 1 and 2", steps)
	}
	g.ok(time.Now())
	if g.failing() || said[len(said)-1] != "" {
		t.Errorf("after a success it says %q", said)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if g.wait(ended) == nil {
		t.Error("it waits on after the end")
	}
}

func TestClosedGateIsNotClosedForLonger(t *testing.T) {
	var steps []int
	g := gate{backoff: func(n int) time.Duration { steps = append(steps, n); return time.Hour }, say: func(string) {}}
	for range 10 { // messages that were in hand, and fail at once one after the other
		g.fail(time.Now(), "down")
	}
	if len(steps) != 1 || time.Until(g.until) > time.Hour {
		t.Errorf("ten messages in hand are the failures %v", steps)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]int32{0: 0, -time.Second: 0, time.Millisecond: 1, 90 * time.Second: 90, 100 * time.Hour: 43200} {
		if got := seconds(d); got != want {
			t.Errorf("%v is %d, want %d", d, got, want)
		}
	}
}

func TestHealthReportsChangesOnly(t *testing.T) {
	var got []string
	s, err := New(Options{
		Name: "q", QueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/q", Report: func(p string) { got = append(got, p) },
		AWS: func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil }, Handle: func(context.Context, Message) error { return nil },
		Bury: func(context.Context, string, string, []byte) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		part    part
		problem string
	}{{handling, "bus full"}, {handling, "bus full"}, {receiving, "denied"}, {handling, ""}, {settling, ""}, {receiving, ""}} {
		s.health.say(step.part, step.problem)
	}
	if want := "bus full|denied; bus full|denied|"; strings.Join(got, "|") != want {
		t.Errorf("reported %q, want %q", strings.Join(got, "|"), want)
	}
}
