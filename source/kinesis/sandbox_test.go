package kinesis

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/sourcetest"
)

const mayRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kinesis:ListShards","kinesis:Get*"],"Resource":"*"}]}`

// world is a sandbox with a stream, and what a consumer of it did.
type world struct {
	*sourcetest.World
	client   *kinesis.Client
	handled  map[string]int // by data
	problems []string
	handle   func(data string) error
}

func newWorld(t testing.TB, shards int32) *world {
	t.Helper()
	w := &world{World: sourcetest.New(t), handled: map[string]int{}}
	w.Told = func() string { return fmt.Sprintf("%d handled, problems %q", len(w.handled), w.problems) }
	w.client = kinesis.NewFromConfig(w.Root())
	if _, err := w.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("logs"), ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	return w
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

func (w *world) options(t testing.TB) Options {
	t.Helper()
	return Options{
		Name: "k", Region: sourcetest.Region, Stream: "logs", Start: TrimHorizon, Interval: 10 * time.Millisecond, Relist: 20 * time.Millisecond,
		AWS:         w.User(t, "reader", mayRead),
		Checkpoints: w,
		Handle: func(_ context.Context, data []byte, meta Meta) error {
			if w.handle != nil {
				if err := w.handle(string(data)); err != nil {
					return err
				}
			}
			w.Note(func() { w.handled[string(data)]++ })
			return nil
		},
		Bury:   w.Bury,
		Report: func(problem string) { w.Note(func() { w.problems = append(w.problems, problem) }) },
	}
}

// start runs a consumer; the returned function stops it and waits for its end.
func start(t testing.TB, o Options) (stop func()) {
	t.Helper()
	c, err := NewConsumer(o)
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.Run(t, c.Run)
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
	w.Await(t, "all is handled", func() bool { return len(w.handled) == 100 })
	w.Await(t, "three checkpoints are kept", func() bool { return len(w.Kept) == 4 }) // and the first start
	stop()
	w.Lock()
	w.handled = map[string]int{}
	w.Unlock()
	w.put(t, numbers(100, 120)...)
	start(t, o)
	w.Await(t, "the new ones are handled", func() bool { return w.handled["record-119"] == 1 && len(w.handled) >= 20 })
}

func TestLatestBeginsWithTheFirstStart(t *testing.T) {
	w := newWorld(t, 1)
	w.put(t, "before")
	o := w.options(t)
	o.Start = Latest
	first := time.Now().Add(5 * time.Millisecond) // Kinesis reads times in milliseconds; the record before has an earlier one
	o.Now = func() time.Time { return first }
	stop := start(t, o)
	w.Await(t, "the first start is kept", func() bool { return len(w.Kept) == 1 })
	stop()
	if err := wait(t.Context(), time.Until(first)); err != nil {
		t.Fatal(err)
	}
	w.put(t, "while it was down")
	start(t, o)
	w.Await(t, "its page is handled", func() bool { return w.handled["while it was down"] == 1 && len(w.Kept) == 2 })
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
	w.Await(t, "the checkpoint is kept", func() bool { return len(w.Kept) == 2 })
	if w.handled["a"] != 1 || w.handled["b"] != 1 || len(w.Buried) != 1 {
		t.Errorf("handled %v, buried %v", w.handled, w.Buried)
	}
	for key, reason := range w.Buried {
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
	w.Await(t, "it is reported", func() bool { return len(w.problems) > 0 })
	w.Lock()
	if len(w.Kept) != 1 || len(w.Buried) != 0 || !strings.Contains(w.problems[0], "the bus is full") {
		t.Errorf("checkpoints %v, buried %v, problems %q", w.Kept, w.Buried, w.problems)
	}
	w.Unlock()
	close(full)
	w.Await(t, "all is handled and well", func() bool { return len(w.handled) == 5 && w.problems[len(w.problems)-1] == "" })
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
			w.Await(t, "it is reported and passes", func() bool {
				return w.handled["a"] == 1 && len(w.problems) == 2 && strings.Contains(w.problems[0], tt.code) && w.problems[1] == ""
			})
		})
	}
}

func TestStreamGoneAndBack(t *testing.T) {
	w := newWorld(t, 1)
	w.put(t, "a")
	start(t, w.options(t))
	w.Await(t, "it is handled", func() bool { return w.handled["a"] == 1 && len(w.Kept) == 2 })
	name := aws.String("logs")
	if _, err := w.client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: name}); err != nil {
		t.Fatal(err)
	}
	w.Await(t, "it is missed", func() bool {
		return len(w.problems) > 0 && strings.Contains(w.problems[len(w.problems)-1], "aws kinesis list-streams")
	})
	if _, err := w.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "b")
	w.Await(t, "the new one is read", func() bool { return w.handled["b"] == 1 && w.problems[len(w.problems)-1] == "" })
}

func TestDenied(t *testing.T) {
	w := newWorld(t, 1)
	o := w.options(t)
	o.AWS = w.User(t, "nobody")
	start(t, o)
	w.Await(t, "it is reported", func() bool { return len(w.problems) > 0 })
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
		w.Lock()
		w.handled = map[string]int{}
		w.Unlock()
		stop := start(b, o)
		w.Await(b, "all is handled", func() bool { return len(w.handled) == each })
		stop()
	}
	b.ReportMetric(each*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
