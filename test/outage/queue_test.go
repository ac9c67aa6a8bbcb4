package outage

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/sandbox"
)

// visibility is how long a message that was received stays unseen by others, and a little more.
const visibility = 31 * time.Second

func TestQueueGoneAndMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "events").fed(t)
	e := w.start(t, sources([]*queue{q}))
	sent := w.putEvents(t, 30)
	expect(t, sent, e)
	eventually(t, "the queue is empty", func() bool { return q.empty(t) })

	before := w.calls("ReceiveMessage")
	if _, err := q.client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &q.url}); err != nil {
		t.Fatal(err)
	}
	says(t, e.trouble(t, "sqs events"), "the queue events does not exist in eu-west-1", "create it, or correct its URL")
	if !e.state(t).Ready {
		t.Error("riposte is not ready because one queue is gone")
	}
	gone := w.calls("ReceiveMessage")
	eventually(t, "it tries a few times more", func() bool { return w.calls("ReceiveMessage") >= gone+2 })
	w.clock.skip(time.Minute) // AWS keeps the name that long
	q.create(t)
	sent = append(sent, w.putEvents(t, 30)...)
	e.well(t)
	expect(t, sent, e)
	if n := w.calls("ReceiveMessage") - before; n > 60 {
		t.Errorf("%d receives: a storm", n)
	}
}

func TestSQSThrottles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "events").fed(t)
	throttled := &sandbox.FaultError{Code: "ThrottlingException", Message: "Rate exceeded"}
	e := w.start(t, sources([]*queue{q}))

	// What was handled can't be deleted.
	end := w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sqs", Operation: "DeleteMessageBatch"}, Error: throttled})
	sent := w.putEvents(t, 100)
	says(t, e.trouble(t, "sqs events"), "DeleteMessageBatch", "ThrottlingException", "nothing to do if it passes")
	if !e.state(t).Ready {
		t.Error("riposte is not ready because SQS throttles")
	}
	end()
	sent = append(sent, q.handOut(t)...) // what was not deleted comes again
	e.well(t)
	expect(t, sent, e)
	if n := w.calls("DeleteMessageBatch"); n > 150 {
		t.Errorf("%d deletes for 100 messages: a storm", n)
	}
	before := w.calls("ReceiveMessage")
	if before > 150 {
		t.Errorf("%d receives for 100 messages: a storm", before)
	}

	// Nothing can be received.
	end = w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sqs", Operation: "ReceiveMessage"}, Error: throttled})
	sent = append(sent, w.putEvents(t, 50)...)
	says(t, e.trouble(t, "sqs events"), "ReceiveMessage", "ThrottlingException", "Rate exceeded")
	refused := w.calls("ReceiveMessage")
	eventually(t, "it tries once more", func() bool { return w.calls("ReceiveMessage") > refused })
	if n := w.calls("ReceiveMessage") - before; n > 50 { // up to eight receivers, three calls of the SDK's each
		t.Errorf("%d receives are answered to throttling: a storm", n)
	}
	end()
	sent = append(sent, q.handOut(t)...)
	e.well(t)
	expect(t, sent, e)
	if n := w.calls("ReceiveMessage") - before; n > 150 {
		t.Errorf("%d receives for 50 messages: a storm", n)
	}
}
