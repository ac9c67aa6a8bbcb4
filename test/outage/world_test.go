package outage

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	riposte = ":user/riposte" // the end of riposte's ARN
	// patience is how long anything may take on a busy machine.
	patience = 4 * time.Minute
)

// clock is the machine's, which tests can put forward where a wait of AWS's or riposte's own is minutes long.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time                         { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) After(d time.Duration) <-chan time.Time { return time.After(d) }
func (c *clock) skip(d time.Duration)                   { c.ahead.Add(int64(d)) }

// world is the sandbox AWS over HTTP, with an account, its administrator, and riposte's own user.
type world struct {
	*sandbox.Sandbox
	clock *clock
	url   string
	admin aws.Config
	keys  sandbox.Keys // riposte's
	// front, where there is one, answers instead of the sandbox.
	front atomic.Pointer[http.HandlerFunc]
}

func newWorld(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	w := &world{clock: &clock{}}
	o.Clock, o.JournalSize = w.clock, 100_000
	box, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if front := w.front.Load(); front != nil {
			front.ServeHTTP(rw, r)
			return
		}
		box.Handler().ServeHTTP(rw, r)
	}))
	w.Sandbox, w.url = box, server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := box.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	a, err := box.CreateAccount(account, "shop")
	if err != nil {
		t.Fatal(err)
	}
	admin := a.CreateRootKey()
	if w.keys, err = a.CreateUser("riposte", sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	w.admin = aws.Config{Region: region, BaseEndpoint: aws.String(w.url),
		Credentials: credentials.NewStaticCredentialsProvider(admin.AccessKeyID, admin.SecretAccessKey, "")}
	return w
}

// calls counts what riposte called.
func (w *world) calls(operation string) int {
	return len(w.Calls(sandbox.Match{Operation: operation, Principal: riposte}))
}

// queue is one that EventBridge and S3 may send to.
type queue struct {
	*world
	client    *sqs.Client
	name, url string
	arn       string
}

func (w *world) queue(t *testing.T, name string) *queue {
	t.Helper()
	q := &queue{world: w, client: sqs.NewFromConfig(w.admin), name: name, arn: "arn:aws:sqs:" + region + ":" + account + ":" + name}
	q.create(t)
	return q
}

func (q *queue) create(t *testing.T) {
	t.Helper()
	out, err := q.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &q.name, Attributes: map[string]string{
		"Policy": fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","s3.amazonaws.com"]},
			"Action":"sqs:SendMessage","Resource":%q}]}`, q.arn),
	}})
	if err != nil {
		t.Fatal(err)
	}
	q.url = *out.QueueUrl
}

// fed adds an EventBridge rule that brings the shop's events to the queue, and stopped trails.
func (q *queue) fed(t *testing.T) *queue {
	t.Helper()
	client := eventbridge.NewFromConfig(q.admin)
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &q.name, EventPattern: aws.String(`{"$or":[{"source":["shop"]},{"detail":{"eventName":["StopLogging"]}}]}`)}); err != nil {
		t.Fatal(err)
	}
	out, err := client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &q.name, Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: &q.arn}}})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("PutTargets: %+v, %v", out, err)
	}
	return q
}

// source is the queue in riposte's configuration.
func (q *queue) source() string { return fmt.Sprintf("{url: %q, region: %s}", q.url, region) }

// send puts a message into the queue and returns its id.
func (q *queue) send(t *testing.T, body string) string {
	t.Helper()
	out, err := q.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body})
	if err != nil {
		t.Fatal(err)
	}
	return *out.MessageId
}

// left is how many messages wait, and are in somebody's hands.
func (q *queue) left(t *testing.T) (waiting, inHand int) {
	t.Helper()
	out, err := q.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		n, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return number("ApproximateNumberOfMessages"), number("ApproximateNumberOfMessagesNotVisible")
}

func (q *queue) empty(t *testing.T) bool {
	t.Helper()
	waiting, inHand := q.left(t)
	return waiting+inHand == 0
}

// handOut lets the time pass after which SQS hands out again what was not deleted, as often as it takes until the queue is
// empty. An event that is sent meanwhile wakes a receive that waits for messages; handOut returns their ids.
func (q *queue) handOut(t *testing.T) (ids []string) {
	t.Helper()
	next := time.Now()
	eventually(t, "the queue is empty", func() bool {
		if q.empty(t) {
			return true
		}
		if time.Now().After(next) {
			q.clock.skip(visibility)
			ids = append(ids, q.putEvents(t, 1)...)
			next = time.Now().Add(2 * time.Second)
		}
		return false
	})
	return ids
}

// putEvents sends n events of the shop to EventBridge and returns their ids.
func (w *world) putEvents(t *testing.T, n int) (ids []string) {
	t.Helper()
	client := eventbridge.NewFromConfig(w.admin)
	entry := ebtypes.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String("order"), Detail: aws.String(`{"item":"lamp"}`)}
	for len(ids) < n {
		in := &eventbridge.PutEventsInput{}
		for range min(10, n-len(ids)) {
			in.Entries = append(in.Entries, entry)
		}
		out, err := client.PutEvents(t.Context(), in)
		if err != nil || out.FailedEntryCount != 0 {
			t.Fatalf("PutEvents: %+v, %v", out, err)
		}
		for _, e := range out.Entries {
			ids = append(ids, *e.EventId)
		}
	}
	return ids
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := 10 * time.Millisecond; !holds(); pause = min(2*pause, 300*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in %v it did not come to pass that %s", patience, what)
		}
		time.Sleep(pause)
	}
}

// says checks a text for all that it must name.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}
