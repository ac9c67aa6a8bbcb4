package sqs

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/semaphore"
)

const (
	longPoll  = 20 * time.Second // the most that SQS waits
	shortPoll = time.Second      // of receivers that are there for a rush, and while something fails
	maxBatch  = 10               // messages a call, of every operation
	maxHeld   = 64 << 20         // bytes of bodies in hand
	goodbye   = 5 * time.Second  // bounds giving back what is in hand at the end
)

// Source takes messages from one queue.
type Source struct {
	opts Options
	at   address

	slots   *semaphore.Weighted // messages that may still be taken in hand
	room    *semaphore.Weighted // bytes of bodies that may
	hand    hand
	gates   [parts]*gate
	health  health
	pollers atomic.Int32
	// visibility is how long what we receive stays unseen by others, in nanoseconds.
	visibility atomic.Int64
}

// New checks the options; it calls nothing. Its error has code fault.Invalid.
func New(o Options) (*Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	at, err := parseAddress(o)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &Source{
		opts: o, at: at, slots: semaphore.NewWeighted(int64(o.Concurrency)), room: semaphore.NewWeighted(maxHeld),
		hand: hand{held: map[*held]struct{}{}}, health: health{name: o.Name, report: o.Report, log: o.Logger},
	}
	for p := range s.gates {
		s.gates[p] = &gate{backoff: o.Backoff, say: func(problem string) { s.health.say(part(p), problem) }}
	}
	s.visibility.Store(int64(defaultVisibility))
	return s, nil
}

// Run takes messages until ctx ends. What fails is reported and tried again. Then it receives no more, finishes what is in
// hand within Options.Drain, makes the rest visible again at once, and returns ctx's error. Call it once.
func (s *Source) Run(ctx context.Context) error {
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	s.measure(ctx, client)
	r := newRun(s, client, ctx)
	r.pollers.Add(1)
	r.receivers.Go(func() { r.poll(ctx, true) })
	r.receivers.Go(func() { s.keepMeasuring(ctx, client) })
	<-ctx.Done()
	r.receivers.Wait()
	r.finish()
	return ctx.Err()
}

// connect makes the client, as often as it takes.
func (s *Source) connect(ctx context.Context) (*sqs.Client, error) {
	for {
		began := time.Now()
		cfg, err := s.opts.AWS(ctx, s.at.account, s.at.region)
		if err == nil {
			return newClient(cfg, s.at.region), nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.gates[receiving].fail(began, s.problem(err))
		if err := s.gates[receiving].wait(ctx); err != nil {
			return nil, err
		}
	}
}

// newClient lets a call take as long as a long poll, and keeps enough connections for all receivers.
func newClient(cfg aws.Config, region string) *sqs.Client {
	cfg = cfg.Copy()
	cfg.Region = region
	if b, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		if t := b.GetTimeout(); t > 0 && t < longPoll+10*time.Second {
			b = b.WithTimeout(longPoll + 10*time.Second)
		}
		cfg.HTTPClient = b.WithTransportOptions(moreConnections)
	} else if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(moreConnections)
	}
	return sqs.NewFromConfig(cfg)
}

// failing says whether a part failed the last time.
func (s *Source) failing() bool {
	for _, g := range s.gates {
		if g.failing() {
			return true
		}
	}
	return false
}
