package aws_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"riposte.dev/bus"
	"riposte.dev/sandbox"
	"riposte.dev/target"
	targetaws "riposte.dev/target/aws"
)

// onBus is the bus as the router's queue, as riposte wires it.
type onBus struct{ *bus.Bus }

func (q onBus) Work(ctx context.Context, queue string, cfg target.WorkConfig, handle func(context.Context, target.Job) error) error {
	config := bus.WorkConfig{Concurrency: cfg.Workers, MaxAttempts: 1000, Backoff: bus.Backoff(cfg.Pause)}
	return q.Bus.Work(ctx, queue, config, func(ctx context.Context, job bus.Job) error {
		err := handle(ctx, target.Job(job))
		if errors.Is(err, target.ErrGiveUp) {
			return bus.Terminal(err)
		}
		return err
	})
}

// route starts a router on a bus, with the sandbox's AWS behind it.
func route(t testing.TB, w *world) *target.Router {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.root.HTTPClient = awshttp.NewBuildableClient()
	access := func(context.Context, string, string) (aws.Config, error) { return w.root, nil }
	r, err := target.New(target.Options{
		Senders: targetaws.Senders(access), DeadLetters: targetaws.DeadLetters(access), Queue: onBus{b}, Backoff: target.Backoff{First: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		closing, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := b.Close(closing); err != nil {
			t.Error(err)
		}
	})
	return r
}

func delivery(cause string, c target.Config) target.Delivery {
	c.ID = "forward"
	return target.Delivery{Rule: "logging-stopped", RuleARN: "arn:riposte:rule/logging-stopped", Cause: cause, Target: c, Event: []byte(event)}
}

// The whole way: queued on disk, throttled once, transformed, in the target's queue; and what is refused in the dead-letter queue.
func TestRoute(t *testing.T) {
	w := newWorld(t)
	url, dead := makeQueue(t, w.root, "q", nil), makeQueue(t, w.root, "dead", nil)
	r := route(t, w)
	w.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "sqs", Operation: "SendMessage", Resource: "StopLogging by"}, Times: 1, Error: &sandbox.FaultError{Code: "ThrottlingException", Status: 400},
	})
	if err := r.Enqueue(t.Context(), delivery("c1", target.Config{ARN: arnOf("sqs", "q"), InputTransformer: &target.InputTransformer{
		InputPathsMap: map[string]string{"name": "$.detail.eventName"}, InputTemplate: `"<name> by <aws.events.rule-name>"`,
	}})); err != nil {
		t.Fatal(err)
	}
	if err := r.Enqueue(t.Context(), delivery("c2", target.Config{
		ARN: arnOf("lambda", "function:nowhere"), DeadLetterConfig: &target.DeadLetterConfig{ARN: arnOf("sqs", "dead")},
	})); err != nil {
		t.Fatal(err)
	}
	if got := await(t, w, url); got != `"StopLogging by logging-stopped"` {
		t.Errorf("the target got %s", got)
	}
	if got := await(t, w, dead); got != event {
		t.Errorf("the dead-letter queue got %s", got)
	}
}

// await receives the next message.
func await(t *testing.T, w *world, url *string) string {
	t.Helper()
	for range 20 {
		if got := receive(t, w.root, url); len(got) > 0 {
			return *got[0].Body
		}
	}
	t.Fatal("nothing came")
	return ""
}

// BenchmarkRoute is the whole way of a delivery: synced to disk, sent to the sandbox over HTTP. All run on one machine.
func BenchmarkRoute(b *testing.B) {
	w := newWorld(b)
	makeQueue(b, w.root, "q", nil)
	r := route(b, w)
	begin := time.Now()
	b.SetParallelism(32)
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range b.N {
			next <- i
		}
	}()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := r.Enqueue(b.Context(), delivery(fmt.Sprint(<-next), target.Config{ARN: arnOf("sqs", "q")})); err != nil {
				b.Error(err)
				return
			}
		}
	})
	for len(w.Calls(sandbox.Match{Service: "sqs", Operation: "SendMessage"})) < min(b.N, 10_000) {
		time.Sleep(50 * time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "deliveries/s")
}
