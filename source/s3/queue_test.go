package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/s3"
	"riposte.dev/source/sqs"
)

// queue is one that notices arrive in.
type queue struct {
	client *awssqs.Client
	url    string
}

func (w *world) queue(t testing.TB) *queue {
	t.Helper()
	q := &queue{client: awssqs.NewFromConfig(w.cfg)}
	out, err := q.client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("notices")})
	if err != nil {
		t.Fatal(err)
	}
	q.url = *out.QueueUrl
	return q
}

func (q *queue) send(t testing.TB, body string) {
	t.Helper()
	if _, err := q.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

func (q *queue) left(t testing.TB) string {
	t.Helper()
	out, err := q.client.GetQueueAttributes(context.Background(), &awssqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// notify sends S3's notice of a file.
func (q *queue) notify(t testing.TB, bucket, key string) {
	q.send(t, `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"`+bucket+`"},"object":{"key":"`+url.QueryEscape(key)+`"}}}]}`)
}

// start runs a source over the queue that reads notices and accepts events.
func (q *queue) start(t testing.TB, w *world, l *log, r *s3.Reader, accept s3.Accept) {
	t.Helper()
	s, err := sqs.New(sqs.Options{
		Name: "notices", QueueURL: q.url, Region: "us-east-1", Bury: l.bury, Concurrency: 16,
		AWS:       func(context.Context, string, string) (aws.Config, error) { return w.cfg, nil },
		Backoff:   func(int) time.Duration { return 50 * time.Millisecond },
		Redeliver: func(int) time.Duration { return time.Second },
		Report:    func(problem string) { l.report("queue", problem) },
		Handle: func(ctx context.Context, m sqs.Message) error {
			body, err := sqs.Unwrap(m.Body)
			if err != nil {
				return err
			}
			n, ok, err := r.Notice(body)
			if err != nil {
				return err
			}
			if ok {
				return r.Read(ctx, n)
			}
			e, err := event.Parse(body)
			if err != nil {
				return err
			}
			return errors.Join(accept(ctx, []*event.Envelope{e})...)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

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

// Of ten buckets one is denied, beside poison of every kind, and two engines read the queue.
func TestOneBucketOfTenIsDenied(t *testing.T) {
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("logs-%d", i))
	}
	w, l := newWorld(t, names...), newLog()
	q := w.queue(t)
	const denied = "logs-7"
	end := w.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "s3", Operation: "GetObject", Resource: denied},
		Error: &sandbox.FaultError{Code: "AccessDenied", Message: "Access Denied", Status: 403},
	})
	o := w.options(l, names...)
	o.Backoff = func(int) time.Duration { return 2 * time.Second }
	for range 2 {
		q.start(t, w, l, reader(t, o), o.Accept)
	}
	for n := range 8 {
		for _, bucket := range names {
			name := fmt.Sprintf("%s-%d", bucket, n)
			w.put(t, bucket, key(name), logFile(t, name, 5))
			q.notify(t, bucket, key(name))
		}
	}
	w.put(t, "logs-1", key("poison"), []byte("not gzip"))
	q.notify(t, "logs-1", key("poison"))
	q.notify(t, "foreign", key("a"))
	q.send(t, "poison")
	q.send(t, test)
	q.send(t, strings.Replace(created, `"logs"`, `"photos"`, 1)) // an ordinary event

	eventually(t, "the others are read", func() bool { return l.count() == 9*8*5+1 })
	eventually(t, "only the denied bucket's notices are left", func() bool { return q.left(t) == "0+8" || q.left(t) == "8+0" })
	if says := l.state(denied); !strings.Contains(says, "allow s3:GetObject on arn:aws:s3:::"+denied) {
		t.Errorf("it reports %q", says)
	}
	if l.state("queue") != "" {
		t.Errorf("the queue is said to be unwell: %q", l.state("queue"))
	}
	for _, name := range names {
		if name != denied && l.state(name) != "" {
			t.Errorf("%s is said to be unwell: %q", name, l.state(name))
		}
	}
	if n := len(w.Calls(sandbox.Match{Service: "s3", Operation: "GetObject", Resource: denied})); n > 2*(3+patiently) {
		t.Errorf("%d calls of the denied bucket", n)
	}
	end()
	eventually(t, "nothing is left", func() bool { return l.count() == 10*8*5+1 && q.left(t) == "0+0" && l.state(denied) == "" })
	if len(l.buried) != 3 || l.buried["s3://logs-1/"+key("poison")] == "" {
		t.Errorf("buried: %v", l.buried)
	}
}

// patiently bounds the tries of one reader, every two seconds at most, while the test waits.
const patiently = int(2 * patience / (2 * time.Second))

func TestTheBusRefusesWhileFilesAreRead(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	q := w.queue(t)
	o := w.options(l, "logs")
	var open atomic.Bool
	var tries atomic.Int64
	o.Accept = func(ctx context.Context, events []*event.Envelope) []error {
		if open.Load() {
			return l.accept(ctx, events)
		}
		tries.Add(1)
		return slices.Repeat([]error{fault.New(fault.Unavailable, "bus: the disk reserve is reached")}, len(events))
	}
	for n := range 30 {
		name := fmt.Sprint("f", n)
		w.put(t, "logs", key(name), logFile(t, name, 10))
		q.notify(t, "logs", key(name))
	}
	q.start(t, w, l, reader(t, o), o.Accept)
	eventually(t, "it says so", func() bool { return strings.Contains(l.state("queue"), "disk reserve") && tries.Load() > 20 })
	if l.state("logs") != "" {
		t.Errorf("the bucket is blamed: %q", l.state("logs"))
	}
	open.Store(true)
	eventually(t, "all is read", func() bool { return l.count() == 300 && q.left(t) == "0+0" && l.state("queue") == "" })
	if len(l.buried) != 0 {
		t.Errorf("buried: %v", l.buried)
	}
}
