package kinesis

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
)

// Meta says where a record comes from.
type Meta struct {
	Stream, Shard, Sequence, PartitionKey string
	Arrived                               time.Time // approximately
}

// Handle deals with a record's data and returns nil when that is durable. A retryable error (fault.Retryable) has the
// record handed over again after a pause, any other has it buried. It is called concurrently.
type Handle func(ctx context.Context, data []byte, meta Meta) error

// Bury stores what can't be handled as a dead letter; nil when it is on disk. The same key is buried once.
type Bury func(ctx context.Context, key, reason string, data []byte) error

// AWS gives the configuration for calls to an account and region; account "" is riposte's own.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Checkpoints remember how far each shard was read.
type Checkpoints interface {
	Get(ctx context.Context, key string) (value string, known bool, err error)
	Set(ctx context.Context, key, value string) error
}

// Start says where the very first start of a source begins; later ones go on from the checkpoints.
type Start string

const (
	Latest      Start = "LATEST"       // what arrives from now on
	TrimHorizon Start = "TRIM_HORIZON" // everything that the stream still has
	AtTimestamp Start = "AT_TIMESTAMP" // what arrived at Options.At or later
)

// Options are the parts of a Consumer. Name, Stream, Region, AWS, Handle, Bury and Checkpoints are required.
type Options struct {
	Name            string // of the source, in metrics
	Account, Region string // account "" for riposte's own
	Stream          string // name
	AWS             AWS
	Handle          Handle
	Bury            Bury
	Checkpoints     Checkpoints

	Start Start     // default Latest
	At    time.Time // for AtTimestamp

	Interval time.Duration // between reads of a shard that has nothing more; default 1 s
	Relist   time.Duration // between looks for new shards; default 30 s
	Page     int32         // records a read, at most 10,000; default 2,000
	Workers  int           // records of a shard that are handled side by side; default 64

	Report  func(problem string) // hears of the stream's state when it changes: "" for well, else what is wrong
	Metrics *Metrics             // default: measured for nobody
	Now     func() time.Time
	Random  func() float64 // in [0,1), for jitter; default math/rand
}

func (o Options) withDefaults() (Options, error) {
	if o.Name == "" || o.Stream == "" || o.Region == "" || o.AWS == nil || o.Handle == nil || o.Bury == nil || o.Checkpoints == nil {
		return o, fault.New(fault.Invalid, "source kinesis %q: name, stream, region, AWS, handle, bury and checkpoints are required", o.Name)
	}
	switch o.Start {
	case "":
		o.Start = Latest
	case Latest, TrimHorizon:
	case AtTimestamp:
		if o.At.IsZero() {
			return o, fault.New(fault.Invalid, "source kinesis %s: start AT_TIMESTAMP needs a time", o.Name)
		}
	default:
		return o, fault.New(fault.Invalid, "source kinesis %s: start is %q, but must be LATEST, TRIM_HORIZON or AT_TIMESTAMP", o.Name, o.Start)
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Relist <= 0 {
		o.Relist = 30 * time.Second
	}
	if o.Page <= 0 || o.Page > 10_000 {
		o.Page = 2000
	}
	if o.Workers <= 0 {
		o.Workers = 64
	}
	if o.Report == nil {
		o.Report = func(string) {}
	}
	if o.Metrics == nil {
		o.Metrics = newMetrics()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o, nil
}

const firstPause, maxPause = time.Second, time.Minute

// pause waits after the given failure in a row, 1 for the first: half of a length that doubles plus a random part of the
// other half. Its error is the end of ctx.
func (o Options) pause(ctx context.Context, failed int) error {
	p := min(firstPause<<min(failed-1, 10), maxPause)
	return wait(ctx, p/2+time.Duration(o.Random()*float64(p/2)))
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
