package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Stage is one step of a notice's way: it changes, splits or drops what it is given, and owns it. An error ends the way.
type Stage interface {
	Exec(ctx context.Context, in []Delivery) ([]Delivery, error)
}

// Router brings messages to people. It is safe for concurrent use.
type Router struct {
	cfg     Config
	stages  []Stage
	metrics *metrics
}

// New checks the configuration and builds the stages. Its error has code fault.Invalid and names every mistake.
func New(cfg Config) (*Router, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	r := &Router{cfg: cfg, metrics: m}
	routing := &route{
		routes: map[string]Route{}, fallback: cfg.Default, channels: map[string]Channel{}, domains: map[string]bool{},
		log: cfg.Log, logger: cfg.Logger, metrics: m, now: cfg.Now,
	}
	for _, c := range cfg.Channels {
		routing.channels[c.Name()] = c
		routing.order = append(routing.order, c.Name())
	}
	for _, d := range cfg.OwnerDomains {
		routing.domains[strings.ToLower(d)] = true
	}
	for _, rt := range cfg.Routes {
		routing.routes[rt.Name] = rt
		for _, to := range rt.To {
			routing.domains[strings.ToLower(to[strings.LastIndexByte(to, '@')+1:])] = true
		}
	}
	r.stages = []Stage{
		clean{},
		redact{},
		routing,
		render{},
		&enqueue{queue: cfg.Queue, log: cfg.Log, logger: cfg.Logger, metrics: m, now: cfg.Now},
	}
	return r, nil
}

// Notify sends m by the named routes (none: the default route) and to the addresses in m.To. It returns when every
// delivery is durably queued; the same message id again is not sent again. Errors: fault.Invalid for a message without
// id, fault.NotFound for a route that does not exist while there is no default, and those of Queue.Enqueue. After an
// error the same call may be made again.
func (r *Router) Notify(ctx context.Context, routes []string, m Message) error {
	if m.Time.IsZero() {
		m.Time = r.cfg.Now()
	}
	batch := []Delivery{{Message: m, routes: routes}}
	var err error
	for _, s := range r.stages {
		if batch, err = s.Exec(ctx, batch); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	return nil
}

// Run works off the queues until ctx ends, and returns nil then. Otherwise its error is the queue's.
func (r *Router) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(r.cfg.Channels))
	var wg sync.WaitGroup
	for i, c := range r.cfg.Channels {
		h := &deliver{
			channel: c, retry: r.cfg.Retry, timeout: r.cfg.Timeout,
			log: r.cfg.Log, logger: r.cfg.Logger, metrics: r.metrics, now: r.cfg.Now,
		}
		work := WorkConfig{
			Workers: r.cfg.Workers,
			Pause:   func(attempt int) time.Duration { return r.cfg.Retry.pause(attempt, r.cfg.Random()) },
		}
		wg.Go(func() {
			defer cancel() // without one queue the others would go on unnoticed
			if err := r.cfg.Queue.Work(ctx, queueName(c.Name()), work, h.handle); err != nil {
				errs[i] = fmt.Errorf("notify: queue of channel %s: %w", c.Name(), err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
