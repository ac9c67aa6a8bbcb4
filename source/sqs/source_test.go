package sqs_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
	"riposte.dev/source/sqs"
)

func TestMessagesAreHandledAndDeleted(t *testing.T) {
	w, l, registry := newWorld(t, nil), newLog(), prometheus.NewRegistry()
	w.send(t, "m", 257)
	o := w.options(l)
	o.Metrics = sqs.NewMetrics(registry)
	var first atomic.Pointer[sqs.Message]
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		first.CompareAndSwap(nil, &m)
		return l.handle(ctx, m)
	}
	start(t, o)
	eventually(t, "all messages are gone", func() bool { return l.count() == 257 && w.left(t) == "0+0" })
	if m := first.Load(); m.ID == "" || m.Queue != "events" || m.Receives != 1 || time.Since(m.Sent) > patience {
		t.Errorf("a message says %+v", m)
	}
	eventually(t, "the count is right", func() bool {
		return value(t, registry, "riposte_source_sqs_messages_total", "handled") == 257
	})
	if n := w.calls("DeleteMessageBatch"); n > 200 {
		t.Errorf("%d calls deleted 257 messages; they don't travel together", n)
	}
	if l.state() != "" {
		t.Errorf("it reports %q", l.state())
	}
}

func TestReceiversComeAndGoWithTheLoad(t *testing.T) {
	w, l, registry := newWorld(t, nil), newLog(), prometheus.NewRegistry()
	o := w.options(l)
	o.Metrics, o.Pollers = sqs.NewMetrics(registry), 4
	var most atomic.Int64
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		most.Store(max(most.Load(), int64(value(t, registry, "riposte_source_sqs_pollers"))))
		return l.handle(ctx, m)
	}
	w.send(t, "m", 400)
	start(t, o)
	eventually(t, "all are handled", func() bool { return l.count() == 400 })
	if n := most.Load(); n < 2 || n > 4 {
		t.Errorf("at most %d receivers were there, want 2 to 4", n)
	}
	eventually(t, "one receiver is left", func() bool { return value(t, registry, "riposte_source_sqs_pollers") == 1 })
}

func TestSlowMessagesStayInvisible(t *testing.T) {
	w, l := newWorld(t, map[string]string{"VisibilityTimeout": "2"}), newLog()
	o := w.options(l)
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		eventually(t, "it was extended", func() bool { return w.calls("ChangeMessageVisibilityBatch") >= 4 }) // over 4 s
		return l.handle(ctx, m)
	}
	w.send(t, "slow", 3)
	start(t, o)
	eventually(t, "all are handled", func() bool { return l.count() == 3 && w.left(t) == "0+0" })
	for body, n := range l.handled {
		if n != 1 {
			t.Errorf("%s was handled %d times", body, n)
		}
	}
}

func TestNoMoreIsTakenThanFits(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	o.Concurrency = 3
	var now, most atomic.Int64
	full := make(chan struct{})
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		n := now.Add(1)
		defer now.Add(-1)
		most.Store(max(most.Load(), n))
		if n == 3 {
			select {
			case <-full:
			default:
				if left := w.left(t); left != "17+3" {
					t.Errorf("with three in hand the queue has %s, want 17+3", left)
				}
				close(full)
			}
		}
		<-full
		return l.handle(ctx, m)
	}
	w.send(t, "m", 20)
	start(t, o)
	eventually(t, "all are handled", func() bool { return l.count() == 20 && w.left(t) == "0+0" })
	if most.Load() != 3 {
		t.Errorf("%d were in hand at a time, want 3", most.Load())
	}
}

func TestPoisonIsBuriedAndDoesNotBlock(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		switch {
		case string(m.Body) == "m3":
			return fault.New(fault.Invalid, "not an event")
		case string(m.Body) == "m5":
			panic("unexpected")
		}
		return l.handle(ctx, m)
	}
	refused := make(chan struct{})
	var once sync.Once
	o.Bury = func(ctx context.Context, key, reason string, data []byte) error {
		if !strings.HasPrefix(key, "events/") {
			t.Errorf("the key is %q", key)
		}
		select {
		case <-refused:
			return l.bury(ctx, key, reason, data)
		default:
			once.Do(func() { close(refused) })
			return errors.New("the disk is full")
		}
	}
	w.send(t, "m", 20)
	start(t, o)
	eventually(t, "nothing is left", func() bool { return w.left(t) == "0+0" })
	if l.count() != 18 || len(l.buried) != 2 || l.buried["m3"] != "not an event" || !strings.Contains(l.buried["m5"], "unexpected") {
		t.Errorf("%d handled, buried: %v", l.count(), l.buried)
	}
}

// wait is an error of one message.
type wait struct{ error }

func (wait) RetryAfter() time.Duration { return time.Hour }

func TestAnErrorOfOneMessageLeavesTheOthersAlone(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	var tried atomic.Int64
	o.Backoff = func(int) time.Duration { return time.Hour } // nothing would go on after a pause
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		if string(m.Body) == "m0" {
			tried.Add(1)
			return wait{fault.New(fault.Unavailable, "this bucket is closed")}
		}
		return l.handle(ctx, m)
	}
	w.send(t, "m", 30)
	start(t, o)
	eventually(t, "the others are handled", func() bool { return l.count() == 29 && w.left(t) == "0+1" })
	w.send(t, "later", 5)
	eventually(t, "more are handled", func() bool { return l.count() == 34 && w.left(t) == "0+1" })
	if tried.Load() != 1 || l.state() != "" {
		t.Errorf("tried %d times, state %q", tried.Load(), l.state())
	}
}

func TestTheEnd(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	o.Drain = 200 * time.Millisecond
	begun, finish := make(chan struct{}, 10), make(chan struct{})
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		begun <- struct{}{}
		if string(m.Body) == "m0" { // finishes in time
			<-finish
			return l.handle(ctx, m)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	w.send(t, "m", 5)
	stop := start(t, o)
	for range 5 {
		<-begun
	}
	go func() { close(finish) }()
	stop()
	if l.count() != 1 {
		t.Errorf("%d were finished, want 1", l.count())
	}
	if left := w.left(t); left != "4+0" {
		t.Errorf("the queue has %s, want 4 visible at once", left)
	}
	w.send(t, "after", 1)
	if out, err := w.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &w.url, MaxNumberOfMessages: 10}); err != nil || len(out.Messages) != 5 {
		t.Errorf("somebody else receives %d messages, %v", len(out.Messages), err)
	}
}

func TestTwoConsumersLoseNothing(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	w.send(t, "m", 600)
	for range 2 {
		start(t, w.options(l))
	}
	eventually(t, "all are handled", func() bool { return l.count() == 600 && w.left(t) == "0+0" })
}

func TestOptionsAreChecked(t *testing.T) {
	good := sqs.Options{
		Name: "q", QueueURL: "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
		AWS:    func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil },
		Handle: newLog().handle, Bury: newLog().bury,
	}
	if _, err := sqs.New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*sqs.Options){
		"no name":         func(o *sqs.Options) { o.Name = "" },
		"no handler":      func(o *sqs.Options) { o.Handle = nil },
		"nowhere to bury": func(o *sqs.Options) { o.Bury = nil },
		"no AWS":          func(o *sqs.Options) { o.AWS = nil },
		"an ARN":          func(o *sqs.Options) { o.QueueURL = "arn:aws:sqs:eu-west-1:111122223333:q" },
	} {
		o := good
		spoil(&o)
		if _, err := sqs.New(o); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
