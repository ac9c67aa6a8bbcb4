package sqs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/sandbox"
	"riposte.dev/source/sqs"
)

const (
	account = "111122223333"
	region  = "us-east-1"
	// patience bounds the waits for something that must happen.
	patience = 20 * time.Second
)

// clock is the machine's, and can be put forward.
type clock struct {
	sandbox.SystemClock
	ahead atomic.Int64
}

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// world is a sandbox over HTTP with a queue.
type world struct {
	*sandbox.Sandbox
	clock  *clock
	cfg    aws.Config
	client *awssqs.Client
	url    string
	// front, where it is set, answers requests instead of the sandbox; it returns false to let one through.
	front func(w http.ResponseWriter, r *http.Request, next http.Handler) bool
}

func newWorld(t testing.TB, attributes map[string]string) *world {
	t.Helper()
	w := &world{clock: &clock{}}
	box, err := sandbox.New(sandbox.Options{Clock: w.clock, JournalSize: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox = box
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.front == nil || !w.front(rw, r, box.Handler()) {
			box.Handler().ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := box.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	a, err := box.CreateAccount(account, "test")
	if err != nil {
		t.Fatal(err)
	}
	keys := a.CreateRootKey()
	w.cfg = aws.Config{
		Region: region, BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, ""),
		Retryer:     func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 1) },
	}
	w.client = awssqs.NewFromConfig(w.cfg)
	w.create(t, attributes)
	return w
}

func (w *world) create(t testing.TB, attributes map[string]string) {
	t.Helper()
	out, err := w.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("events"), Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	w.url = *out.QueueUrl
}

// send puts n messages "<prefix>0" to "<prefix>n-1" into the queue.
func (w *world) send(t testing.TB, prefix string, n int) {
	t.Helper()
	for i := 0; i < n; i += 10 {
		var entries []types.SendMessageBatchRequestEntry
		for j := i; j < min(i+10, n); j++ {
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(j)), MessageBody: aws.String(fmt.Sprint(prefix, j))})
		}
		if _, err := w.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &w.url, Entries: entries}); err != nil {
			t.Fatal(err)
		}
	}
}

// left counts the messages in the queue, in whatever state.
func (w *world) left(t testing.TB) string {
	t.Helper()
	out, err := w.client.GetQueueAttributes(context.Background(), &awssqs.GetQueueAttributesInput{QueueUrl: &w.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (w *world) calls(operation string) int {
	return len(w.Calls(sandbox.Match{Service: "sqs", Operation: operation}))
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("in %v it did not come to pass that %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// log is what was handled, buried and reported.
type log struct {
	mu      sync.Mutex
	handled map[string]int
	buried  map[string]string
	reports []string
}

func newLog() *log { return &log{handled: map[string]int{}, buried: map[string]string{}} }

func (l *log) handle(_ context.Context, m sqs.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handled[string(m.Body)]++
	return nil
}

func (l *log) bury(_ context.Context, _, reason string, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buried[string(data)] = reason
	return nil
}

func (l *log) report(problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports = append(l.reports, problem)
}

func (l *log) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.handled)
}

// state is what was reported last.
func (l *log) state() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.reports) == 0 {
		return ""
	}
	return l.reports[len(l.reports)-1]
}

// options are those of tests: short pauses.
func (w *world) options(l *log) sqs.Options {
	return sqs.Options{
		Name: "events", QueueURL: w.url, Region: region, Handle: l.handle, Bury: l.bury, Report: l.report,
		AWS:       func(context.Context, string, string) (aws.Config, error) { return w.cfg, nil },
		Backoff:   func(int) time.Duration { return 100 * time.Millisecond },
		Redeliver: func(int) time.Duration { return time.Second },
	}
}

// start runs a source; stop ends it, and returns when Run has.
func start(t testing.TB, o sqs.Options) (stop func()) {
	t.Helper()
	s, err := sqs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != context.Canceled {
				t.Errorf("Run ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// value reads a metric by its name and the values of its labels.
func value(t testing.TB, r *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	metrics:
		for _, m := range f.GetMetric() {
			have := ""
			for _, l := range m.GetLabel() {
				have += " " + l.GetValue() + " "
			}
			for _, want := range labels {
				if !strings.Contains(have, " "+want+" ") {
					continue metrics
				}
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}
