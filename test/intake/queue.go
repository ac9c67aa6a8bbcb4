package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"riposte.dev/sandbox"
	"riposte.dev/test/stage"
)

// queueVariable makes this program the sandbox's process.
const queueVariable = "RIPOSTE_INTAKE_QUEUE"

const (
	account, region = stage.Account, stage.Region
	perSend         = 10 // messages of one SendMessageBatch, AWS's limit
	senders         = 8
)

// place is how riposte reaches the queue.
type place struct {
	Endpoint, Queue string
	Keys            sandbox.Keys
}

// order is what the parent tells the sandbox's process: to send events at once, or a number of them each second; then it
// waits until the queue is empty.
type order struct{ Events, Rate int }

// answer is what came of it.
type answer struct {
	Sent        []int64   // when each event was sent, in nanoseconds since 1970
	First, Last time.Time // of the first receive and the last delete
	Error       string
}

// queue is the sandbox's process as the parent sees it.
type queue struct {
	place
	cmd   *exec.Cmd
	in    io.WriteCloser
	write *json.Encoder
	read  *json.Decoder
}

// startQueue starts the sandbox in a process of its own, with an empty queue. It ends when its standard input does.
func startQueue(ctx context.Context) (*queue, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	q := &queue{cmd: exec.CommandContext(ctx, self)}
	q.cmd.Env, q.cmd.Stderr = append(os.Environ(), queueVariable+"=1"), os.Stderr
	if q.in, err = q.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := q.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := q.cmd.Start(); err != nil {
		return nil, err
	}
	q.write, q.read = json.NewEncoder(q.in), json.NewDecoder(out)
	if err := q.read.Decode(&q.place); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the sandbox: %w", err), q.close())
	}
	return q, nil
}

func (q *queue) close() error { return errors.Join(q.in.Close(), q.cmd.Wait()) }

// fill sends events as fast as they are taken.
func (q *queue) fill(events int) error {
	_, err := q.do(order{Events: events})
	return err
}

// empty waits until every message is deleted.
func (q *queue) empty() (answer, error) { return q.do(order{}) }

// trickle sends so many events a second and returns when each of them was sent.
func (q *queue) trickle(events, rate int) ([]int64, error) {
	a, err := q.do(order{Events: events, Rate: rate})
	return a.Sent, err
}

func (q *queue) do(o order) (a answer, err error) {
	if err := q.write.Encode(o); err != nil {
		return a, err
	}
	if err := q.read.Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// box is the sandbox in its own process.
type box struct {
	place
	client *sqs.Client
	sent   int // events so far

	mu          sync.Mutex
	first, last time.Time // of the first receive and the last delete, as they were answered
}

// serveQueue is the sandbox's process: it says where the queue is, and does what it is told until its input ends.
func serveQueue(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b := &box{place: place{Endpoint: "http://" + listener.Addr().String()}}
	cloud, err := sandbox.New(sandbox.Options{PublicURL: b.Endpoint})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: b.watch(cloud.Handler()), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	if err := b.furnish(ctx, cloud); err != nil {
		return err
	}
	read, write := json.NewDecoder(in), json.NewEncoder(out)
	if err := write.Encode(b.place); err != nil {
		return err
	}
	for {
		var o order
		switch err := read.Decode(&o); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		a, err := b.obey(ctx, o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := write.Encode(a); err != nil {
			return err
		}
	}
}

// watch notes when the first message was asked for and the last one deleted.
func (b *box) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		arrived := time.Now()
		next.ServeHTTP(w, r)
		b.mu.Lock()
		defer b.mu.Unlock()
		switch {
		case operation == "ReceiveMessage" && (b.first.IsZero() || arrived.Before(b.first)):
			b.first = arrived
		case strings.HasPrefix(operation, "DeleteMessage"):
			b.last = time.Now()
		}
	})
}

// furnish makes the account, riposte's user and the queue.
func (b *box) furnish(ctx context.Context, cloud *sandbox.Sandbox) error {
	a, err := cloud.CreateAccount(account, "shop")
	if err != nil {
		return err
	}
	if b.Keys, err = a.CreateUser("riposte", sandbox.AdministratorAccess); err != nil {
		return err
	}
	b.client = sqs.NewFromConfig(aws.Config{Region: region, BaseEndpoint: &b.Endpoint,
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
		Credentials: credentials.NewStaticCredentialsProvider(b.Keys.AccessKeyID, b.Keys.SecretAccessKey, "")})
	made, err := b.client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("events")})
	if err != nil {
		return err
	}
	b.Queue = *made.QueueUrl
	return nil
}

func (b *box) obey(ctx context.Context, o order) (a answer, err error) {
	if o.Events > 0 {
		a.Sent, err = b.send(ctx, o)
		return a, err
	}
	err = stage.Wait(ctx, "the queue to be empty", func() (bool, error) { return b.empty(ctx) })
	b.mu.Lock()
	defer b.mu.Unlock()
	a.First, a.Last = b.first, b.last
	return a, err
}

func (b *box) empty(ctx context.Context) (bool, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := b.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &b.Queue, AttributeNames: names})
	return err == nil && out.Attributes[string(names[0])] == "0" && out.Attributes[string(names[1])] == "0", err
}

// send sends events in batches of ten, at the rate or, where there is none, as fast as it goes.
func (b *box) send(ctx context.Context, o order) ([]int64, error) {
	var tick <-chan time.Time
	if o.Rate > 0 {
		t := time.NewTicker(time.Second * perSend / time.Duration(o.Rate))
		defer t.Stop()
		tick = t.C
	}
	sent := make([]int64, o.Events)
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(senders)
	for from := 0; from < len(sent); from += perSend {
		if tick != nil {
			select {
			case <-tick:
			case <-ctx.Done():
				return nil, calls.Wait()
			}
		}
		calls.Go(func() error { return b.batch(ctx, b.sent+from, sent[from:min(from+perSend, len(sent))]) })
	}
	err := calls.Wait()
	b.sent += o.Events
	return sent, err
}

// batch sends the events from the n-th on and notes when.
func (b *box) batch(ctx context.Context, n int, sent []int64) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &b.Queue}
	now := time.Now()
	for i := range sent {
		sent[i] = now.UnixNano()
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(stage.Background(n+i, now)))})
	}
	out, err := b.client.SendMessageBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("SQS refused %d events: %s", len(out.Failed), aws.ToString(out.Failed[0].Message))
	}
	return err
}
