package kinesis

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	account, region = "111122223333", "eu-west-1"
	mayRead         = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kinesis:ListShards","kinesis:Get*"],"Resource":"*"}]}`
)

// world is a sandbox with a stream, and what a consumer of it did.
type world struct {
	*sandbox.Sandbox
	account *sandbox.Account
	client  *kinesis.Client
	url     string

	mu       sync.Mutex
	changed  chan struct{}
	handled  map[string]int // by data
	buried   map[string]string
	kept     map[string]string // checkpoints
	problems []string
	handle   func(data string) error
}

func newWorld(t testing.TB, shards int32) *world {
	t.Helper()
	w := &world{changed: make(chan struct{}), handled: map[string]int{}, buried: map[string]string{}, kept: map[string]string{}}
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	if w.account, err = w.CreateAccount(account, "test"); err != nil {
		t.Fatal(err)
	}
	w.client = kinesis.NewFromConfig(w.config(w.account.CreateRootKey()))
	if _, err := w.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("logs"), ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) config(k sandbox.Keys) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)}
}

func (w *world) put(t testing.TB, data ...string) {
	t.Helper()
	for len(data) > 0 {
		n := min(len(data), 500)
		var in []types.PutRecordsRequestEntry
		for _, d := range data[:n] {
			in = append(in, types.PutRecordsRequestEntry{PartitionKey: aws.String(d[:min(len(d), 20)]), Data: []byte(d)})
		}
		out, err := w.client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("logs"), Records: in})
		if err != nil || *out.FailedRecordCount != 0 {
			t.Fatalf("%v, %.500v", out, err)
		}
		data = data[n:]
	}
}

// note changes what the world knows and wakes who waits.
func (w *world) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) await(t testing.TB, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		w.mu.Lock()
		done, changed := is(), w.changed
		w.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.mu.Lock()
			defer w.mu.Unlock()
			t.Fatalf("waiting until %s: %d handled, buried %v, problems %q", what, len(w.handled), w.buried, w.problems)
		}
	}
}

// Get and Set make the world the checkpoints.
func (w *world) Get(_ context.Context, key string) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	value, known := w.kept[key]
	return value, known, nil
}

func (w *world) Set(_ context.Context, key, value string) error {
	w.note(func() { w.kept[key] = value })
	return nil
}

func (w *world) options(t testing.TB) Options {
	t.Helper()
	keys, err := w.account.CreateUser("reader"+fmt.Sprint(time.Now().UnixNano()), mayRead)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Name: "k", Region: region, Stream: "logs", Start: TrimHorizon, Interval: 10 * time.Millisecond, Relist: 20 * time.Millisecond,
		AWS:         func(context.Context, string, string) (aws.Config, error) { return w.config(keys), nil },
		Checkpoints: w,
		Handle: func(_ context.Context, data []byte, meta Meta) error {
			if w.handle != nil {
				if err := w.handle(string(data)); err != nil {
					return err
				}
			}
			w.note(func() { w.handled[string(data)]++ })
			return nil
		},
		Bury: func(_ context.Context, key, reason string, _ []byte) error {
			w.note(func() { w.buried[key] = reason })
			return nil
		},
		Report: func(problem string) { w.note(func() { w.problems = append(w.problems, problem) }) },
	}
}

// start runs a consumer; the returned function stops it and waits for its end.
func start(t testing.TB, o Options) (stop func()) {
	t.Helper()
	c, err := NewConsumer(o)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, c)
}

func run(t testing.TB, c *Consumer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-end; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint("record-", i))
	}
	return out
}

func TestEveryShardIsReadFromItsCheckpoint(t *testing.T) {
	w := newWorld(t, 3)
	w.put(t, numbers(0, 100)...)
	o := w.options(t)
	o.Page = 7
	stop := start(t, o)
	w.await(t, "all is handled", func() bool { return len(w.handled) == 100 })
	w.await(t, "three checkpoints are kept", func() bool { return len(w.kept) == 4 }) // and the first start
	stop()
	w.mu.Lock()
	w.handled = map[string]int{}
	w.mu.Unlock()
	w.put(t, numbers(100, 120)...)
	start(t, o)
	w.await(t, "the new ones are handled", func() bool { return w.handled["record-119"] == 1 && len(w.handled) >= 20 })
}

func TestLatestBeginsWithTheFirstStart(t *testing.T) {
	w := newWorld(t, 1)
	w.put(t, "before")
	o := w.options(t)
	o.Start = Latest
	first := time.Now().Add(5 * time.Millisecond) // Kinesis reads times in milliseconds; the record before has an earlier one
	o.Now = func() time.Time { return first }
	stop := start(t, o)
	w.await(t, "the first start is kept", func() bool { return len(w.kept) == 1 })
	stop()
	if err := wait(t.Context(), time.Until(first)); err != nil {
		t.Fatal(err)
	}
	w.put(t, "while it was down")
	start(t, o)
	w.await(t, "its page is handled", func() bool { return w.handled["while it was down"] == 1 && len(w.kept) == 2 })
	if w.handled["before"] != 0 {
		t.Error("what came before the first start was read")
	}
}

func TestPoisonIsBuriedAndTheRestGoesOn(t *testing.T) {
	w := newWorld(t, 1)
	w.handle = func(data string) error {
		if data == "poison" {
			return fault.New(fault.Invalid, "not a message")
		}
		return nil
	}
	w.put(t, "a", "poison", "b")
	start(t, w.options(t))
	w.await(t, "the checkpoint is kept", func() bool { return len(w.kept) == 2 })
	if w.handled["a"] != 1 || w.handled["b"] != 1 || len(w.buried) != 1 {
		t.Errorf("handled %v, buried %v", w.handled, w.buried)
	}
	for key, reason := range w.buried {
		if !strings.HasPrefix(key, "logs/shardId-000000000000/") || reason != "not a message" {
			t.Errorf("%s: %s", key, reason)
		}
	}
}

// While the bus is full nothing is checkpointed and the same records are tried again.
func TestBackPressure(t *testing.T) {
	w := newWorld(t, 1)
	full := make(chan struct{})
	w.handle = func(string) error {
		select {
		case <-full:
			return nil
		default:
			return fault.New(fault.Unavailable, "the bus is full")
		}
	}
	w.put(t, numbers(0, 5)...)
	start(t, w.options(t))
	w.await(t, "it is reported", func() bool { return len(w.problems) > 0 })
	w.mu.Lock()
	if len(w.kept) != 1 || len(w.buried) != 0 || !strings.Contains(w.problems[0], "the bus is full") {
		t.Errorf("checkpoints %v, buried %v, problems %q", w.kept, w.buried, w.problems)
	}
	w.mu.Unlock()
	close(full)
	w.await(t, "all is handled and well", func() bool { return len(w.handled) == 5 && w.problems[len(w.problems)-1] == "" })
}

func TestFailuresOfAWSPass(t *testing.T) {
	for _, tt := range []struct{ operation, code string }{
		{"GetRecords", "ProvisionedThroughputExceededException"},
		{"GetRecords", "ExpiredIteratorException"},
		{"GetShardIterator", "InternalFailureException"},
		{"ListShards", "LimitExceededException"},
	} {
		t.Run(tt.operation+" "+tt.code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "kinesis", Operation: tt.operation}, Times: 1,
				Error: &sandbox.FaultError{Code: tt.code, Status: 400}})
			w.put(t, "a")
			start(t, w.options(t))
			w.await(t, "it is reported and passes", func() bool {
				return w.handled["a"] == 1 && len(w.problems) == 2 && strings.Contains(w.problems[0], tt.code) && w.problems[1] == ""
			})
		})
	}
}

func TestStreamGoneAndBack(t *testing.T) {
	w := newWorld(t, 1)
	w.put(t, "a")
	start(t, w.options(t))
	w.await(t, "it is handled", func() bool { return w.handled["a"] == 1 && len(w.kept) == 2 })
	name := aws.String("logs")
	if _, err := w.client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: name}); err != nil {
		t.Fatal(err)
	}
	w.await(t, "it is missed", func() bool {
		return len(w.problems) > 0 && strings.Contains(w.problems[len(w.problems)-1], "aws kinesis list-streams")
	})
	if _, err := w.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "b")
	w.await(t, "the new one is read", func() bool { return w.handled["b"] == 1 && w.problems[len(w.problems)-1] == "" })
}

func TestDenied(t *testing.T) {
	w := newWorld(t, 1)
	o := w.options(t)
	keys, err := w.account.CreateUser("nobody")
	if err != nil {
		t.Fatal(err)
	}
	o.AWS = func(context.Context, string, string) (aws.Config, error) { return w.config(keys), nil }
	start(t, o)
	w.await(t, "it is reported", func() bool { return len(w.problems) > 0 })
	if !strings.Contains(w.problems[0], "kinesis:ListShards") {
		t.Errorf("reported %q", w.problems[0])
	}
}

func BenchmarkConsumer(b *testing.B) {
	w := newWorld(b, 4)
	const each = 20_000
	payload := strings.Repeat("x", 1000)
	data := numbers(0, each)
	for i := range data {
		data[i] += payload
	}
	w.put(b, data...)
	o := w.options(b)
	o.Page = 10_000
	round := 0
	for b.Loop() {
		round++
		o.Name = fmt.Sprint("k", round)
		w.mu.Lock()
		w.handled = map[string]int{}
		w.mu.Unlock()
		stop := start(b, o)
		w.await(b, "all is handled", func() bool { return len(w.handled) == each })
		stop()
	}
	b.ReportMetric(each*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
