package sqs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/sqs"
)

func TestOutagesOfSQS(t *testing.T) {
	tests := []struct {
		name  string
		fault sandbox.Fault
		says  []string
	}{
		{"denied", sandbox.Fault{Error: &sandbox.FaultError{Code: "AccessDeniedException"}}, []string{"AccessDenied", "allow sqs:ReceiveMessage"}},
		{"throttled", sandbox.Fault{Error: &sandbox.FaultError{Code: "ThrottlingException"}}, []string{"Throttling"}},
		{"failing", sandbox.Fault{Error: &sandbox.FaultError{Code: "InternalFailure", Status: 500}}, []string{"InternalFailure", "service health"}},
		{"not answering", sandbox.Fault{Drop: true}, []string{"ReceiveMessage", "network"}},
		{"bad keys", sandbox.Fault{Error: &sandbox.FaultError{Code: "InvalidClientTokenId", Status: 403}}, []string{"check riposte's AWS credentials"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, l := newWorld(t, nil), newLog()
			tt.fault.Match = sandbox.Match{Service: "sqs", Operation: "ReceiveMessage"}
			end := w.AddFault(tt.fault)
			w.send(t, "m", 30)
			var pauses atomic.Int64
			o := w.options(l)
			o.Backoff = func(n int) time.Duration {
				pauses.Store(max(pauses.Load(), int64(n)))
				return 50 * time.Millisecond
			}
			start(t, o)
			eventually(t, "four tries failed", func() bool { return pauses.Load() >= 4 })
			for _, text := range append(tt.says, "queue events:") {
				if !strings.Contains(l.state(), text) {
					t.Errorf("the state %q doesn't say %q", l.state(), text)
				}
			}
			if n := len(l.reports); n != 1 {
				t.Errorf("it reported %d times, want once: %q", n, l.reports)
			}
			end()
			eventually(t, "it recovers", func() bool { return l.count() == 30 && w.left(t) == "0+0" && l.state() == "" })
			if failed, tries := w.calls("ReceiveMessage"), int(pauses.Load()); failed > tries+40 {
				t.Errorf("%d receives for %d tries", failed, tries)
			}
		})
	}
}

func TestQueueDeletedAndMadeAgain(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	w.send(t, "before", 10)
	start(t, w.options(l))
	eventually(t, "the first are handled", func() bool { return l.count() == 10 && w.left(t) == "0+0" })
	if _, err := w.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: &w.url}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says so", func() bool {
		return strings.Contains(l.state(), "the queue events does not exist in us-east-1") && strings.Contains(l.state(), "create it")
	})
	w.clock.ahead.Store(int64(61 * time.Second)) // AWS keeps the name for a minute
	w.create(t, nil)
	w.send(t, "after", 10)
	eventually(t, "it goes on", func() bool { return l.count() == 20 && w.left(t) == "0+0" && l.state() == "" })
}

func TestTheBusRefusesForAWhile(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	var open atomic.Bool
	var tried, pauses atomic.Int64
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		tried.Add(1)
		if !open.Load() {
			return fault.New(fault.Unavailable, "bus: the disk reserve is reached").WithHint("make room")
		}
		return l.handle(ctx, m)
	}
	o.Backoff = func(n int) time.Duration { pauses.Store(int64(n)); return 50 * time.Millisecond }
	w.send(t, "m", 1000)
	start(t, o)
	eventually(t, "ten tries failed", func() bool { return pauses.Load() >= 10 })
	if says := l.state(); !strings.Contains(says, "disk reserve") || !strings.Contains(says, "make room") || !strings.Contains(says, "wait in the queue") {
		t.Errorf("the state is %q", says)
	}
	// What was in hand when it began, and one a try: not the thousand.
	if n := tried.Load(); n > 512+20 {
		t.Errorf("%d messages were tried while the bus refused", n)
	}
	released := w.Calls(sandbox.Match{Service: "sqs", Operation: "ChangeMessageVisibilityBatch"})
	for _, c := range released {
		if strings.Contains(string(c.Params), `"VisibilityTimeout":0`) {
			t.Errorf("messages are given back at once: %s", c.Params)
		}
	}
	if len(released) == 0 {
		t.Error("no message was given back")
	}
	open.Store(true)
	eventually(t, "all are handled", func() bool { return l.count() == 1000 && w.left(t) == "0+0" && l.state() == "" })
	if len(l.buried) != 0 {
		t.Errorf("buried: %v", l.buried)
	}
	if n := w.calls("ReceiveMessage"); n > 1000 {
		t.Errorf("%d receives: a storm", n)
	}
}

func TestDeletesThatFail(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	end := w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "DeleteMessageBatch"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}})
	w.send(t, "m", 10)
	start(t, w.options(l))
	eventually(t, "it says so", func() bool { return strings.Contains(l.state(), "allow sqs:DeleteMessage ") })
	if l.count() == 0 {
		t.Error("nothing was handled")
	}
	end()
	w.clock.ahead.Store(int64(31 * time.Second)) // what was not deleted comes back
	w.send(t, "late", 1)
	eventually(t, "the queue is empty", func() bool { return w.left(t) == "0+0" && l.state() == "" })
}

// The first entry of the first batch fails on SQS's side, the others are deleted.
func TestDeletesThatFailInPart(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	var mu sync.Mutex
	var batches [][]string // receipt handles by call
	w.front = func(rw http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.Header.Get("X-Amz-Target") != "AmazonSQS.DeleteMessageBatch" {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var in struct {
			Entries []struct{ Id, ReceiptHandle string }
		}
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		var handles []string
		for _, e := range in.Entries {
			handles = append(handles, e.ReceiptHandle)
		}
		mu.Lock()
		defer mu.Unlock()
		if batches = append(batches, handles); len(batches) > 1 {
			return false
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		var good []string
		for _, e := range in.Entries[1:] {
			good = append(good, `{"Id":"`+e.Id+`"}`)
		}
		rw.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(rw, `{"Successful":[`+strings.Join(good, ",")+`],"Failed":[{"Id":"`+in.Entries[0].Id+
			`","SenderFault":false,"Code":"InternalError","Message":"try again"}]}`)
		return true
	}
	w.send(t, "m", 10)
	stop := start(t, w.options(l))
	eventually(t, "the queue is empty", func() bool { return w.left(t) == "0+0" && l.count() == 10 })
	stop() // it waits for the second try
	times := map[string]int{}
	for _, batch := range batches {
		for _, handle := range batch {
			times[handle]++
		}
	}
	for handle, n := range times {
		if want := 1; handle == batches[0][0] && n != 2 || handle != batches[0][0] && n != want {
			t.Errorf("%s was deleted %d times", handle, n)
		}
	}
}

func TestAWSConfigurationThatComesLate(t *testing.T) {
	w, l := newWorld(t, nil), newLog()
	o := w.options(l)
	var calls atomic.Int64
	o.AWS = func(_ context.Context, id, where string) (aws.Config, error) {
		if id != account || where != region {
			t.Errorf("asked for account %q in %q", id, where)
		}
		if calls.Add(1) < 3 {
			return aws.Config{}, fault.New(fault.Unavailable, "AWS does not say who we are")
		}
		return w.cfg, nil
	}
	w.send(t, "m", 1)
	start(t, o)
	eventually(t, "it is handled", func() bool { return l.count() == 1 && l.state() == "" })
	if l.reports[0] != "queue events: AWS does not say who we are" {
		t.Errorf("reported %q", l.reports)
	}
}
