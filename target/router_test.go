package target

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

const queueARN, deadARN = "arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:dead"

// rig is a router on fakes.
type rig struct {
	*Router
	queue *memQueue
	sqs   *sender
	dead  *letters
	reg   *prometheus.Registry
}

// count reads the counter of deliveries as it would be scraped.
func (r *rig) count(t *testing.T, labels ...string) float64 {
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
			if f.GetName() == "riposte_target_deliveries_total" && slices.Equal(got, labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{queue: newMemQueue(), sqs: &sender{kind: "sqs", wait: map[string]chan struct{}{}}, dead: &letters{got: map[string][]Letter{}}, reg: prometheus.NewRegistry()}
	opts := Options{
		Senders: []Sender{r.sqs}, Queue: r.queue, DeadLetters: r.dead, Registerer: r.reg, Random: func() float64 { return 0.5 },
	}
	if change != nil {
		change(&opts)
	}
	var err error
	if r.Router, err = New(opts); err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs the router until the test's end; call inside of a synctest bubble.
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

func delivery(rule, cause string, change func(*Config)) Delivery {
	d := Delivery{
		Rule: rule, RuleARN: "arn:riposte:rule/" + rule, Cause: cause, Event: []byte(sample),
		Target: Config{ID: "forward", ARN: queueARN, InputPath: "$.detail.state"},
	}
	if change != nil {
		change(&d.Target)
	}
	return d
}

func TestDeliveredOnceWithAStableID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		for range 3 { // the caller retries
			if err := r.Enqueue(t.Context(), delivery("a", "c1", nil)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := r.Enqueue(t.Context(), delivery("a", "c2", nil)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := r.sqs.requests()
		if len(got) != 2 || got[0].ID == got[1].ID || len(got[0].ID) != 32 || string(got[0].Input) != `"OPEN"` || got[0].Target.ARN != queueARN {
			t.Errorf("got %+v", got)
		}
		if n := r.count(t, "sqs", "sent"); n != 2 {
			t.Errorf("metric counts %v", n)
		}
	})
}

// A failure that may pass is tried until the policy ends it; then the target's own queue has it.
func TestRetryPolicy(t *testing.T) {
	count := func(n int) *int { return &n }
	passing := fault.New(fault.Throttled, "slow down")
	tests := []struct {
		name     string
		policy   *RetryPolicy
		err      error
		attempts int // at least
		want     map[string]string
	}{
		{"no retries", &RetryPolicy{MaximumRetryAttempts: count(0)}, passing, 1,
			map[string]string{"ERROR_CODE": "THROTTLING", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0"}},
		{"three retries", &RetryPolicy{MaximumRetryAttempts: count(3)}, passing, 4,
			map[string]string{"ERROR_CODE": "THROTTLING", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "3"}},
		{"a minute", &RetryPolicy{MaximumEventAgeInSeconds: count(60)}, passing, 8, // 0, .75, 2.25, 5.25, 11.25, 23.25, 47.25, 95.25 s
			map[string]string{"ERROR_CODE": "THROTTLING", "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds", "RETRY_ATTEMPTS": "7"}},
		{"a day by default", nil, fault.New(fault.Unavailable, "slow down"), 120,
			map[string]string{"ERROR_CODE": "ERROR_FROM_TARGET", "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"}},
		{"forbidden", nil, fault.New(fault.Denied, "slow down").WithHint("ask"), 1, map[string]string{"ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}},
		{"gone", nil, fault.New(fault.NotFound, "slow down"), 1, map[string]string{"ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0"}},
		{"no role", nil, Coded(FailedToAssumeRole, fault.New(fault.Denied, "slow down")), 1,
			map[string]string{"ERROR_CODE": "FAILED_TO_ASSUME_ROLE", "RETRY_ATTEMPTS": "0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.sqs.fail = func(Request) error { return tt.err }
				r.start(t)
				if err := r.Enqueue(t.Context(), delivery("a", "c", func(c *Config) {
					c.RetryPolicy, c.DeadLetterConfig = tt.policy, &DeadLetterConfig{ARN: deadARN}
				})); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * time.Hour) // of the bubble
				synctest.Wait()
				got := r.dead.of(deadARN)
				if len(got) != 1 || string(got[0].Event) == "" {
					t.Fatalf("buried %v after %d attempts", got, len(r.sqs.requests()))
				}
				if n := len(r.sqs.requests()); n < tt.attempts || tt.attempts < 10 && n > tt.attempts {
					t.Errorf("%d attempts, want %d", n, tt.attempts)
				}
				tt.want["RULE_ARN"], tt.want["TARGET_ARN"], tt.want["ERROR_MESSAGE"] = "arn:riposte:rule/a", queueARN, "slow down"
				if tt.want["RETRY_ATTEMPTS"] == "" {
					delete(got[0].Attributes, "RETRY_ATTEMPTS")
				}
				if diff := cmp.Diff(tt.want, got[0].Attributes); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Pauses double, and are never shorter than half of what they are meant to be.
func TestBackoff(t *testing.T) {
	b := Backoff{}.withDefaults()
	for attempt, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: 12 * time.Minute, 1000: 12 * time.Minute} {
		if low, high := b.pause(attempt, 0), b.pause(attempt, 0.999999); low != most/2 || high > most || high < most*9/10 {
			t.Errorf("attempt %d: %s to %s, want half to all of %s", attempt, low, high, most)
		}
	}
}

// Without a dead-letter queue, or with one that takes nothing, riposte's own dead letters have the event.
func TestDeadLetters(t *testing.T) {
	for name, tt := range map[string]struct {
		queue *DeadLetterConfig
		want  []string
	}{
		"none":   {nil, []string{"no such queue", "after 1 attempts"}},
		"broken": {&DeadLetterConfig{ARN: deadARN}, []string{"no such queue", "nor does the dead-letter queue take it: it is full"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.sqs.fail = func(Request) error { return fault.New(fault.NotFound, "no such queue") }
				r.dead.err = errors.New("it is full")
				r.start(t)
				if err := r.Enqueue(t.Context(), delivery("a", "c", func(c *Config) { c.DeadLetterConfig = tt.queue })); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				buried := r.queue.buried()
				if len(buried) != 1 {
					t.Fatalf("buried %v", buried)
				}
				for _, err := range buried {
					for _, want := range tt.want {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("no %q in %v", want, err)
						}
					}
				}
			})
		})
	}
}

// What can't be made of the event, or is too large, is never sent.
func TestInputThatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		for cause, change := range map[string]func(*Config){
			"INVALID_JSON": func(c *Config) {
				c.InputPath, c.InputTransformer = "", &InputTransformer{InputPathsMap: map[string]string{"s": "$.detail.said"}, InputTemplate: `{"s": "<s>"}`}
			},
			"INVALID_PARAMETER": func(c *Config) { c.InputPath, c.Input = "", `"`+strings.Repeat("x", 1<<20)+`"` },
		} {
			d := delivery("a", cause, func(c *Config) {
				change(c)
				c.DeadLetterConfig = &DeadLetterConfig{ARN: deadARN}
			})
			if err := r.Enqueue(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var codes []string
		for _, l := range r.dead.of(deadARN) {
			codes = append(codes, l.Attributes["ERROR_CODE"])
		}
		slices.Sort(codes)
		if want := []string{"INVALID_JSON", "INVALID_PARAMETER"}; !slices.Equal(codes, want) || len(r.sqs.requests()) != 0 {
			t.Errorf("buried %v, sent %d", codes, len(r.sqs.requests()))
		}
	})
}

// A target that answers slowly takes its share of the workers; the others' deliveries pass it, and none of its own is lost.
func TestSlowTargetHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Workers, o.PerTarget, o.Timeout = 4, 2, time.Hour })
		hold := make(chan struct{})
		r.sqs.wait["slow"] = hold
		r.start(t)
		for i := range 50 {
			if err := r.Enqueue(t.Context(), delivery("slow", fmt.Sprint(i), nil)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for i := range 20 {
			if err := r.Enqueue(t.Context(), delivery("fast", fmt.Sprint(i), nil)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		sent := r.sqs.successes()
		if len(sent) != 20 || slices.Contains(sent, "slow") {
			t.Errorf("while the slow target waits, %d were sent", len(sent))
		}
		close(hold)
		synctest.Wait()
		if sent := r.sqs.successes(); len(sent) != 70 {
			t.Errorf("in the end %d were sent", len(sent))
		}
	})
}

// The attempts before a delivery moved to the second queue count.
func TestAttemptsCountAcrossQueues(t *testing.T) {
	r := newRig(t, nil)
	r.sqs.fail = func(Request) error { return fault.New(fault.Unavailable, "down") }
	h := &deliver{Router: r.Router, slow: true}
	two := 2
	data := fmt.Appendf(nil, `{"id":"x","rule":"a","tried":2,"ingested":%q,"event":{},"target":{"id":"t","arn":%q,"retryPolicy":{"maximumRetryAttempts":%d}}}`,
		time.Now().Format(time.RFC3339), queueARN, two)
	if err := h.handle(t.Context(), Job{Data: data, Attempt: 1}); !errors.Is(err, ErrGiveUp) || !strings.Contains(err.Error(), "after 3 attempts") {
		t.Errorf("got %v", err)
	}
}

// What is in the queue but can't be handled, after an older version or a changed configuration, is a dead letter.
func TestJobsThatCannotBeHandled(t *testing.T) {
	h := &deliver{Router: newRig(t, nil).Router}
	for data, want := range map[string]string{
		"{": "not a delivery", `{"target":{"id":"t"}}`: "not in correct format", `{"target":{"id":"t","url":"https://example.com"}}`: "nothing sends to http",
	} {
		if err := h.handle(t.Context(), Job{Data: []byte(data), Attempt: 1}); !errors.Is(err, ErrGiveUp) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestEnqueueRefuses(t *testing.T) {
	r := newRig(t, func(o *Options) { o.DeadLetters = nil })
	for name, tt := range map[string]struct {
		d    Delivery
		want string
	}{
		"no target":      {delivery("a", "c", func(c *Config) { c.ARN = "" }), "Provided Arn is not in correct format"},
		"nothing sends":  {delivery("a", "c", func(c *Config) { c.ARN = "arn:aws:sns:eu-west-1:111122223333:t" }), "nothing sends to sns"},
		"dead letters":   {delivery("a", "c", func(c *Config) { c.DeadLetterConfig = &DeadLetterConfig{ARN: deadARN} }), "nothing sends to dead-letter queues"},
		"no cause":       {delivery("a", "", nil), "needs a rule, a cause and an event"},
		"event not JSON": {Delivery{Rule: "a", Cause: "c", Event: []byte("{"), Target: Config{ID: "x", ARN: queueARN}}, "encode the delivery"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Enqueue(t.Context(), tt.d); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	r.queue.full = true
	if err := r.Enqueue(t.Context(), delivery("a", "c", nil)); !fault.Retryable(err) {
		t.Errorf("a full queue: %v", err)
	}
}

func TestNewNamesEveryMistake(t *testing.T) {
	_, err := New(Options{Senders: []Sender{&sender{kind: "fax"}, &sender{kind: "sqs"}, &sender{kind: "sqs"}}})
	for _, want := range []string{"a queue is required", `there is no kind "fax"`, `kind "sqs" has two senders`} {
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// A queue that can't be worked ends Run, so that somebody notices, and takes the others with it.
func TestRunEndsWithTheQueuesError(t *testing.T) {
	broken := errors.New("no such stream")
	r := newRig(t, func(o *Options) { o.Queue = &brokenQueue{newMemQueue(), broken} })
	if err := r.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type brokenQueue struct {
	*memQueue
	err error
}

func (q *brokenQueue) Work(ctx context.Context, queue string, cfg WorkConfig, handle func(context.Context, Job) error) error {
	if queue == slowQueue {
		return q.err
	}
	return q.memQueue.Work(ctx, queue, cfg, handle)
}
