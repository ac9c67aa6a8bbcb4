package cloudtrail

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Accept stores events durably: an error for each, nil once it is on disk. One that fault.Retryable holds for is offered
// again.
type Accept func(ctx context.Context, events []*event.Envelope) []error

// Bury stores what can't be an event as a dead letter; nil once it is on disk.
type Bury func(ctx context.Context, key, reason string, data []byte) error

// AWS gives the configuration for an account and region; account "" is riposte's own. Its errors carry fault codes.
type AWS func(ctx context.Context, account, region string) (aws.Config, error)

// Checkpoints keep a text under a key, durably.
type Checkpoints interface {
	Get(ctx context.Context, key string) (value string, known bool, err error)
	Set(ctx context.Context, key, value string) error
}

// PollerOptions say what is polled and where it goes. Name, AWS, Checkpoints, Accept and Bury are required.
type PollerOptions struct {
	Name    string        // of the source, in metrics
	Account string        // 12 digits; "": riposte's own
	Regions []string      // empty: every enabled one, looked up every hour. Global services report to us-east-1.
	Every   time.Duration // between two looks at a region; 0: a minute
	Back    time.Duration // how far the first look ever goes back; 0: an hour

	AWS         AWS
	Checkpoints Checkpoints // keyed by account and region
	Accept      Accept
	Bury        Bury
	Report      func(problem string) // "" = well; called on change only; nil: nobody is told

	Paces   *Paces         // shared by all who look; nil: its own
	Metrics *Metrics       // shared by all pollers; nil: nobody counts
	Clock   Clock          // nil: the machine's
	Random  func() float64 // in [0,1), for jitter; nil: math/rand
}

const (
	defaultEvery = time.Minute
	defaultBack  = time.Hour
	regionsEvery = time.Hour
	longestWait  = 15 * time.Minute // after a failure
)

// Poller is a source for an account that sends its events by no other way: it looks at the event history of each region
// again and again. Events come minutes late by it, as AWS's history does.
type Poller struct {
	o PollerOptions

	mu       sync.Mutex
	problems map[string]string // by region; "" for all
	reported string
}

// NewPoller returns a poller that Run starts.
func NewPoller(o PollerOptions) (*Poller, error) {
	if o.Name == "" || o.AWS == nil || o.Checkpoints == nil || o.Accept == nil || o.Bury == nil {
		return nil, fault.New(fault.Internal, "a poller needs a name, AWS, checkpoints, Accept and Bury")
	}
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.Paces == nil {
		o.Paces = NewPaces(o.Clock)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Back <= 0 {
		o.Back = defaultBack
	}
	return &Poller{o: o, problems: map[string]string{}}, nil
}

// Run polls until ctx ends, whose error it returns. A region that fails is tried again, ever more slowly, and reported;
// the others go on.
func (p *Poller) Run(ctx context.Context) error {
	running := map[string]context.CancelFunc{}
	var wg sync.WaitGroup
	defer wg.Wait()
	for failures := 0; ; {
		regions, err := p.regions(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.problem("", err)
		wait := regionsEvery
		if err != nil {
			failures++
			wait = p.after(failures)
		} else {
			failures = 0
		}
		for _, region := range regions {
			if running[region] == nil {
				regionCtx, stop := context.WithCancel(ctx)
				running[region] = stop
				wg.Go(func() { p.poll(regionCtx, region) })
			}
		}
		if err == nil {
			for region, stop := range running {
				if !slices.Contains(regions, region) { // it was switched off
					stop()
					delete(running, region)
					p.problem(region, nil)
				}
			}
		}
		if err := p.o.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// regions are those to poll; beside an error those that can be guessed.
func (p *Poller) regions(ctx context.Context) ([]string, error) {
	if len(p.o.Regions) > 0 {
		return p.o.Regions, nil
	}
	cfg, err := p.o.AWS(ctx, p.o.Account, "us-east-1")
	if err != nil {
		return nil, err
	}
	return Regions(ctx, cfg)
}

// poll looks at one region again and again.
func (p *Poller) poll(ctx context.Context, region string) {
	r := &polled{Poller: p, region: region, seen: map[string]time.Time{}}
	for failures := 0; ctx.Err() == nil; {
		err := r.look(ctx)
		if ctx.Err() != nil {
			return
		}
		p.problem(region, err)
		wait := p.o.Every
		if err != nil {
			failures++
			wait = max(wait, p.after(failures))
			p.o.Metrics.polls.WithLabelValues(p.o.Name, string(fault.CodeOf(err))).Inc()
		} else {
			failures = 0
			p.o.Metrics.polls.WithLabelValues(p.o.Name, "ok").Inc()
		}
		_ = p.o.Clock.Sleep(ctx, time.Duration(float64(wait)*(0.9+0.2*p.o.Random()))) // the loop asks ctx itself
	}
}

// after is how long to wait after so many failures in a row.
func (p *Poller) after(failures int) time.Duration {
	return min(time.Second<<min(failures, 20), longestWait)
}

// problem notes what is wrong with a region, nil for nothing, and reports when the whole has changed.
func (p *Poller) problem(region string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.problems, region)
	if err != nil {
		text := fault.Message(err)
		if region != "" {
			text = region + ": " + text
		}
		if hint := fault.Hint(err); hint != "" {
			text += " (next: " + hint + ")"
		}
		p.problems[region] = text
	}
	lines := make([]string, 0, len(p.problems))
	for _, name := range slices.Sorted(maps.Keys(p.problems)) {
		lines = append(lines, p.problems[name])
	}
	whole := strings.Join(lines, "; ")
	if whole == p.reported {
		return
	}
	p.reported = whole
	if p.o.Report != nil {
		p.o.Report(whole)
	}
}

// checkpoint is the key under which a region's place is kept.
func (p *Poller) checkpoint(region string) string {
	return fmt.Sprintf("source/cloudtrail/%s/%s", p.o.Account, region)
}
