package sqs

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
)

// Message is one message of a queue.
type Message struct {
	ID       string
	Queue    string    // Options.Name
	Body     []byte    // the handler's to keep
	Sent     time.Time // when SQS took it; zero where it doesn't say
	Receives int       // how often it was handed out, this time included; 1 for the first
}

// Handle deals with one message. nil lets the message be deleted, so whatever it carries must be on disk by then. It is
// called from several goroutines and must return soon after its context ends.
//
// An error that is [fault.Retryable] gives the message back and pauses the polling, because the next message would meet
// the same; an error in whose chain is a method RetryAfter() time.Duration concerns this message only: it is given back
// for at least that long and the others go on. After any other error, and after a panic, the message is buried.
type Handle func(ctx context.Context, m Message) error

// Bury keeps what can't be handled, with the reason for people. nil means that it is on disk. key names the message.
type Bury func(ctx context.Context, key, reason string, data []byte) error

// AWS gives the configuration for calls to an account and region; account "" is riposte's own. Its errors carry fault
// codes.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Options are the parts of a Source. Name, QueueURL, AWS, Handle and Bury are required.
type Options struct {
	Name     string // in metrics, logs and Message.Queue
	QueueURL string // https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE
	Region   string // where the URL doesn't say, as with an emulator
	Account  string // whose role is used; "": the URL's
	AWS      AWS
	Handle   Handle
	Bury     Bury

	Pollers     int           // receives at a time under load; default 8. One when there is little to do.
	Concurrency int           // messages in hand at a time; default 512. Fewer where one message is much work.
	Drain       time.Duration // how long Run finishes what is in hand after its context has ended; default 10 s

	// Backoff is how long to pause after that many failures in a row, 1 for the first; default 0.5 s, doubled up to a
	// minute, with jitter.
	Backoff func(failures int) time.Duration
	// Redeliver is how long a message that failed stays unseen, by how often it was received; default 5 s, doubled up to
	// 15 minutes, with jitter. SQS counts in whole seconds.
	Redeliver func(receives int) time.Duration

	Report  func(problem string) // state for people, "" when well; called on change only; nil for none
	Metrics *Metrics             // nil for none
	Logger  *slog.Logger         // nil for none
	Now     func() time.Time     // nil: time.Now
	Rand    func() float64       // in [0,1), for jitter; nil: math/rand
}

func (o Options) check() error {
	if o.Name == "" || o.AWS == nil || o.Handle == nil || o.Bury == nil {
		return fault.New(fault.Invalid, "queue %q: a name, an AWS configuration, a handler and a place to bury are required", o.Name)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Pollers <= 0 {
		o.Pollers = 8
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 512
	}
	if o.Drain <= 0 {
		o.Drain = 10 * time.Second
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Backoff == nil {
		o.Backoff = doubling(500*time.Millisecond, time.Minute, o.Rand)
	}
	if o.Redeliver == nil {
		o.Redeliver = doubling(5*time.Second, 15*time.Minute, o.Rand)
	}
	if o.Report == nil {
		o.Report = func(string) {}
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// doubling returns from half of to the whole of first, doubled with each step up to most.
func doubling(first, most time.Duration, random func() float64) func(int) time.Duration {
	return func(n int) time.Duration {
		d := most
		if n = max(n, 1); n <= 20 {
			d = min(most, first<<(n-1))
		}
		return d/2 + time.Duration(random()*float64(d/2))
	}
}
