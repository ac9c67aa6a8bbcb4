package s3

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Bucket is a bucket with log files.
type Bucket struct {
	Name    string
	Owner   string // account, twelve digits; a bucket of that name that belongs to somebody else is not read
	Region  string // "" is the region of the AWS configuration
	Prefix  string // of the keys to read; "" for all
	Account string // whose role is used; "" is riposte's own
}

// Accept stores events durably. It returns one error an event, nil where the event is on disk (or was before). What is
// [fault.Retryable] ends the reading; an event with another error is buried.
type Accept func(ctx context.Context, events []*event.Envelope) []error

// Bury keeps what can't be read, with the reason for people. nil means that it is on disk. key names a file
// (s3://bucket/key) or a record (s3://bucket/key#index, from 0).
type Bury func(ctx context.Context, key, reason string, data []byte) error

// AWS gives the configuration for calls to an account and region; "" is riposte's own. Its errors carry fault codes.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Options are the parts of a Reader. AWS, Accept and Bury are required; without Buckets every notice is refused.
type Options struct {
	Buckets []Bucket
	AWS     AWS
	Accept  Accept
	Bury    Bury
	Files   int // read at a time; default 4

	// Backoff is how long a bucket is left alone after that many failures in a row; default 30 s, doubled up to five
	// minutes, with jitter.
	Backoff func(failures int) time.Duration
	// Again is how long to wait before one file is asked for again, 1 for the first time; default 0.3 s, doubled up to 3 s.
	Again func(attempt int) time.Duration

	Report  func(bucket, problem string) // state for people, "" when well; called on change only; nil for none
	Metrics *Metrics                     // nil for none
	Logger  *slog.Logger                 // nil for none
	Now     func() time.Time             // nil: time.Now
	Rand    func() float64               // in [0,1), for jitter; nil: math/rand
}

var (
	// bucketName is what S3 allows, roughly (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
)

func (o Options) check() error {
	if o.AWS == nil || o.Accept == nil || o.Bury == nil {
		return fault.New(fault.Invalid, "log buckets: an AWS configuration, somewhere to put events and a place to bury are required")
	}
	seen := map[string]bool{}
	for _, b := range o.Buckets {
		switch {
		case !bucketName.MatchString(b.Name):
			return fault.New(fault.Invalid, "log buckets: %q is not the name of a bucket", b.Name).WithHint("give the name alone, without s3:// and path")
		case !accountID.MatchString(b.Owner):
			return fault.New(fault.Invalid, "log bucket %s: the owner %q is not an account's twelve digits", b.Name, b.Owner).
				WithHint("say which account owns the bucket, so that another's bucket is never read in its place")
		case seen[b.Name]:
			return fault.New(fault.Invalid, "log bucket %s is there twice", b.Name)
		}
		seen[b.Name] = true
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Files <= 0 {
		o.Files = 4
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Backoff == nil {
		o.Backoff = doubling(30*time.Second, 5*time.Minute, o.Rand)
	}
	if o.Again == nil {
		o.Again = doubling(300*time.Millisecond, 3*time.Second, o.Rand)
	}
	if o.Report == nil {
		o.Report = func(string, string) {}
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
