package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Options are what New needs. Senders and Queue are required.
type Options struct {
	Senders     []Sender // one a kind
	Queue       Queue
	DeadLetters DeadLetters // nil: targets with a dead-letter queue are refused

	Backoff   Backoff
	Timeout   time.Duration // of an attempt; default 30 s
	Workers   int           // attempts at a time, for each of the two queues; default 16
	PerTarget int           // of these, how many one target may take in the first queue; default a half

	Logger     *slog.Logger          // default: discard
	Registerer prometheus.Registerer // default: no metrics
	Now        func() time.Time      // default: time.Now
	Random     func() float64        // in [0,1); default: math/rand
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.PerTarget <= 0 {
		o.PerTarget = max(1, o.Workers/2)
	}
	o.Backoff = o.Backoff.withDefaults()
	return o
}

// Router brings events to targets. It is safe for concurrent use.
type Router struct {
	opts    Options
	senders map[string]Sender
	metrics *metrics
	busy    busy
}

// New checks the options. Its error has code fault.Invalid and names every mistake.
func New(opts Options) (*Router, error) {
	var wrong []string
	r := &Router{opts: opts.withDefaults(), senders: map[string]Sender{}, busy: busy{count: map[string]int{}}}
	if opts.Queue == nil {
		wrong = append(wrong, "a queue is required")
	}
	for _, s := range opts.Senders {
		switch {
		case named(s.Kind()) == nil:
			wrong = append(wrong, fmt.Sprintf("there is no kind %q", s.Kind()))
		case r.senders[s.Kind()] != nil:
			wrong = append(wrong, fmt.Sprintf("kind %q has two senders", s.Kind()))
		}
		r.senders[s.Kind()] = s
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, "targets: %s", strings.Join(wrong, "; "))
	}
	var err error
	r.metrics, err = newMetrics(opts.Registerer)
	return r, err
}

// The two queues. Every queue's workers take memory whether they work or not, so kinds have none of their own; that a
// target holds up nobody is up to Options.PerTarget.
const (
	firstQueue = "target"
	slowQueue  = "target-slow"
)

// Enqueue returns when the delivery is durably queued. The same rule, target and cause again is queued once. Errors:
// fault.Invalid for a target that Check would refuse or that nothing sends to, and those of Queue.Enqueue. After an error
// the same call may be made again.
func (r *Router) Enqueue(ctx context.Context, d Delivery) error {
	k, err := d.Target.kind()
	if err != nil {
		return fmt.Errorf("target %s of rule %s: %w", d.Target.ID, d.Rule, err)
	}
	switch {
	case r.senders[k.Name] == nil:
		return fault.New(fault.Invalid, "target %s of rule %s: nothing sends to %s", d.Target.ID, d.Rule, k.Name)
	case d.Target.DeadLetterConfig != nil && r.opts.DeadLetters == nil:
		return fault.New(fault.Invalid, "target %s of rule %s: nothing sends to dead-letter queues", d.Target.ID, d.Rule)
	case d.Rule == "" || d.Cause == "" || len(d.Event) == 0:
		return fault.New(fault.Invalid, "a delivery needs a rule, a cause and an event")
	}
	d.ID = deliveryID(d.Rule, d.Target.ID, d.Cause)
	if d.Ingested.IsZero() {
		d.Ingested = r.opts.Now()
	}
	if err := r.enqueue(ctx, firstQueue, d); err != nil {
		return err
	}
	r.metrics.deliveries.WithLabelValues(k.Name, "queued").Inc()
	return nil
}

func (r *Router) enqueue(ctx context.Context, queue string, d Delivery) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		return fault.New(fault.Invalid, "encode the delivery to target %s of rule %s: %w", d.Target.ID, d.Rule, err)
	}
	if err := r.opts.Queue.Enqueue(ctx, queue, d.ID, data.Bytes()); err != nil {
		return fmt.Errorf("queue the delivery to target %s of rule %s: %w", d.Target.ID, d.Rule, err)
	}
	return nil
}

// Run works off the queues until ctx ends, and returns nil then. Otherwise its error is the queue's.
func (r *Router) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := WorkConfig{
		Workers: r.opts.Workers,
		Pause:   func(attempt int) time.Duration { return r.opts.Backoff.pause(attempt, r.opts.Random()) },
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, queue := range []string{firstQueue, slowQueue} {
		h := &deliver{Router: r, slow: queue == slowQueue}
		wg.Go(func() {
			defer cancel() // without one queue the other would go on unnoticed
			if err := r.opts.Queue.Work(ctx, queue, work, h.handle); err != nil && ctx.Err() == nil {
				errs[i] = fmt.Errorf("queue %s: %w", queue, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// busy counts the attempts under way, by target.
type busy struct {
	mu    sync.Mutex
	count map[string]int
}

// enter reports whether there is room for one more; leave gives it back.
func (b *busy) enter(key string, most int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count[key] >= most {
		return false
	}
	b.count[key]++
	return true
}

func (b *busy) leave(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count[key]--; b.count[key] == 0 {
		delete(b.count, key)
	}
}
