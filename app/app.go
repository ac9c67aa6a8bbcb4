package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/bus"
	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/playbook"
	"riposte.dev/source/cloudtrail"
	"riposte.dev/store"
	"riposte.dev/target"
	targethttp "riposte.dev/target/http"
)

// stopWithin bounds the whole shutdown.
const stopWithin = 30 * time.Second

// Options start an App.
type Options struct {
	Config  Config
	Data    string // folder of the state
	Version string
	Logger  *slog.Logger
	Now     func() time.Time
	// After is how executions wait; nil: time.After. A test that sets Now ahead lets them wake.
	After func(time.Duration) <-chan time.Time
	// Reload asks for rules, playbooks, threat lists and modes to be read anew; nil: only their files' changes do.
	Reload <-chan os.Signal
	// WrapJournal replaces the execution journal in crash tests; nil for none.
	WrapJournal func(playbook.Journal) playbook.Journal
	// FreeSpace says how much of the disk is free, in tests of the reserve; nil asks the disk.
	FreeSpace func(dir string) (uint64, error)
}

// App is a running riposte. Start it with [Start], end it with [App.Stop].
type App struct {
	opts     Options
	log      *slog.Logger
	metrics  *prometheus.Registry
	store    *store.Store
	bus      *bus.Bus
	accounts *accounts.Accounts
	region   string // riposte's own
	actions  *action.Set
	inForce  atomic.Pointer[inForce]
	threats  *detect.ThreatLists
	reloads  *reloads
	gate     *gate
	ledger   *playbook.Ledger
	history  *guard.History
	own      *ownCalls
	lookups  *cloudtrail.Paces // of CloudTrail's event history
	sources  []func(context.Context) error
	runtime  *playbook.Runtime
	router   *notify.Router
	targets  *target.Router

	endpoints *targethttp.Sender // calls by HTTP: of targets, and of playbooks
	resources playbook.Resources // of Step Functions

	hub      *finding.Hub
	engine   *detect.Engine
	activity *detect.Activity
	enforcer *enforcer
	refusals *refusals
	live     *live
	reporter *reporter
	started  time.Time
	address  string

	loops   context.Context
	endLoop context.CancelFunc
	running sync.WaitGroup
	failed  chan error

	closers  []closer
	stopOnce sync.Once
	stopErr  error

	mu    sync.Mutex
	parts map[string]string // what is not ready, by name
	warns map[string]string // what is wrong with a part while riposte as a whole is ready
}

type closer struct {
	name  string
	close func(context.Context) error
}

// Start brings riposte up. It returns when events are accepted; AWS being out of reach does not hold that up: events wait
// on disk until riposte knows as whom it acts.
func Start(ctx context.Context, o Options) (*App, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &App{opts: o, log: o.Logger, metrics: prometheus.NewRegistry(), started: o.Now(), live: newLive(o.Now),
		failed: make(chan error, 1), parts: map[string]string{}, warns: map[string]string{}}
	a.reloads = newReloads(a.metrics)
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.loops, a.endLoop = context.WithCancel(context.Background())
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

// build makes the parts in the order of the route; see route.go for what they do.
func (a *App) build(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"state", a.openState},
		{"AWS", a.openAWS},
		{"notifications", a.buildNotify},
		{"playbooks", a.buildPlaybooks},
		{"targets", a.buildTargets},
		{"detection", a.buildDetection},
		{"sources", a.buildSources},
		{"the route", a.startRoute},
		{"HTTP", a.serveHTTP},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("starting %s: %w", step.name, err)
		}
	}
	return nil
}

// openState opens the database and the bus.
func (a *App) openState(ctx context.Context) (err error) {
	if a.store, err = store.Open(ctx, store.Options{Path: filepath.Join(a.opts.Data, "riposte.db"), Now: a.opts.Now, Logger: a.log}); err != nil {
		return err
	}
	a.onStop("database", func(context.Context) error { return a.store.Close() })
	a.showPauses()
	limits := a.opts.Config.Limits
	options := bus.Options{
		Dir: filepath.Join(a.opts.Data, "bus"), DiskReserve: limits.DiskReserve,
		Limits: map[bus.Stream]bus.Limit{bus.Events: {MaxBytes: limits.Events}},
		Logger: a.log, Registerer: a.metrics, Now: a.opts.Now, FreeSpace: a.opts.FreeSpace,
	}
	if n := a.opts.Config.NATS; n != nil {
		options.Dir, options.URL, options.AllowSingleReplica, options.NATS = "", n.URL, n.AllowSingleReplica, natsOptions(a.opts.Config)
	}
	a.bus, err = bus.Open(ctx, options)
	if err != nil {
		return err
	}
	a.onStop("bus", a.bus.Close)
	return nil
}

// natsOptions are the credentials and certificates for an external NATS.
func natsOptions(c Config) []nats.Option {
	var options []nats.Option
	if n := c.NATS; n.Credentials != "" {
		options = append(options, nats.UserCredentials(c.path(n.Credentials)))
	}
	if n := c.NATS; n.CA != "" {
		options = append(options, nats.RootCAs(c.path(n.CA)))
	}
	if n := c.NATS; n.Cert != "" {
		options = append(options, nats.ClientCert(c.path(n.Cert), c.path(n.Key)))
	}
	return options
}

// onStop adds what has to be closed; the last added is closed first.
func (a *App) onStop(name string, close func(context.Context) error) {
	a.closers = append(a.closers, closer{name, close})
}

// Stop ends riposte: no new events, what is under way to its next durable point, then the files. It may be called again.
func (a *App) Stop() error {
	a.stopOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		var errs []error
		for i := len(a.closers) - 1; i >= 0; i-- {
			if err := a.closers[i].close(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stopping the %s: %w", a.closers[i].name, err))
			}
		}
		a.endLoop()
		a.stopErr = errors.Join(errs...)
	})
	return a.stopErr
}

// Failed delivers the error of a part that stopped by itself.
func (a *App) Failed() <-chan error { return a.failed }

// URL is where riposte listens.
func (a *App) URL() string { return a.address }

// loop runs a part until riposte stops; an early end stops riposte.
func (a *App) loop(name string, run func(context.Context) error) {
	a.running.Go(func() {
		err := run(a.loops)
		if a.loops.Err() != nil {
			return
		}
		if err == nil {
			err = fault.New(fault.Internal, "it ended by itself")
		}
		a.fail(name, err)
	})
}

func (a *App) fail(name string, err error) {
	select {
	case a.failed <- fmt.Errorf("%s: %w", name, err):
	default: // an earlier failure stops riposte already
	}
}

// say sets what keeps a part from being ready; "" says that it is.
func (a *App) say(part, problem string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if problem == "" {
		delete(a.parts, part)
		return
	}
	a.parts[part] = problem
}

// warn sets what is wrong with a part that riposte goes on without; "" says that it is well.
func (a *App) warn(part, problem string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warns[part] = problem
}
