package cloudwatchlogs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Accept stores events durably. It returns one error an event, nil where it is on disk; fault.Retryable decides about the
// others.
type Accept func(ctx context.Context, events []*event.Envelope) []error

// Bury stores what can't be read as a dead letter; nil when it is on disk. The same key is buried once.
type Bury func(ctx context.Context, key, reason string, data []byte) error

// AWS gives the configuration for calls to an account and region; account "" is riposte's own.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Checkpoints remember how far a group was read.
type Checkpoints interface {
	Get(ctx context.Context, key string) (value string, known bool, err error)
	Set(ctx context.Context, key, value string) error
}

// Group is a log group to read.
type Group struct {
	Account      string // "" for riposte's own
	Region       string
	Name         string
	Pattern      string // CloudWatch Logs filter pattern; "" for everything
	StreamPrefix string // only streams whose names begin so

	// Report hears of the group's state when it changes: "" for well, else what is wrong and the next step.
	Report func(problem string)
}

// key is under which the group's checkpoint is kept; a group that is read with another pattern starts anew.
func (g Group) key(name string) string {
	return "source/cloudwatchlogs/" + name + "/" + g.Account + "/" + g.Region + "/" + g.Name + "/" + g.StreamPrefix + "/" + g.Pattern
}

func (g Group) String() string { return g.Account + "/" + g.Region + "/" + g.Name }

// Options are the parts of a Poller. Name, Groups, AWS, Accept, Bury and Checkpoints are required.
type Options struct {
	Name        string // of the source, in metrics and checkpoints
	Groups      []Group
	AWS         AWS
	Accept      Accept
	Bury        Bury
	Checkpoints Checkpoints

	Interval time.Duration // between polls of a group; default 15 s
	Overlap  time.Duration // how late log events may be ingested: so much is read again in each poll; default 5 min
	Lookback time.Duration // how far back the very first poll reads; at least Overlap, which is the default
	Rate     float64       // calls of FilterLogEvents a second, for each account and region; default 3, AWS allows 5 to 10

	Metrics *Metrics // default: measured for nobody
	Now     func() time.Time
	Random  func() float64 // in [0,1), for jitter; default math/rand
}

func (o Options) withDefaults() (Options, error) {
	if o.Name == "" || len(o.Groups) == 0 || o.AWS == nil || o.Accept == nil || o.Bury == nil || o.Checkpoints == nil {
		return o, fault.New(fault.Invalid, "source cloudwatchlogs %q: name, groups, AWS, accept, bury and checkpoints are required", o.Name)
	}
	seen := map[string]bool{}
	for _, g := range o.Groups {
		if g.Name == "" || g.Region == "" {
			return o, fault.New(fault.Invalid, "source cloudwatchlogs %s: group %q in region %q: both are required", o.Name, g.Name, g.Region).
				WithHint("`aws logs describe-log-groups` lists the groups of a region")
		}
		if seen[g.key(o.Name)] {
			return o, fault.New(fault.Invalid, "source cloudwatchlogs %s: group %s is there twice", o.Name, g)
		}
		seen[g.key(o.Name)] = true
	}
	o.Interval = orElse(o.Interval, 15*time.Second)
	o.Overlap = orElse(o.Overlap, 5*time.Minute)
	o.Lookback = max(o.Lookback, o.Overlap)
	if o.Rate <= 0 {
		o.Rate = 3
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

func orElse(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
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
