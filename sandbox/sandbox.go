package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"riposte.dev/sandbox/wire"
)

// Sandbox is a running AWS look-alike. Its methods are safe for concurrent use.
type Sandbox struct {
	opts     Options
	catalog  *wire.Catalog
	services map[string]*service // by botocore's name
	handler  http.Handler
	targets  []*target // of events
	outbox   *target   // of SNS
	lanes    lanes     // to the targets of rules
	admin    *http.ServeMux
	files    fileTimers
	buckets  bucketLookup // nil until a service offers it
	topics   topicLookup
	// receivers take what services deliver, by the service in the ARN.
	receivers map[string]func(delivery) error

	mu       sync.Mutex // guards everything below and runs handlers one at a time
	accounts map[string]*account
	keys     map[string]*credential // by access key id
	org      *organization          // nil without
	state    map[stateKey]stater
	stale    map[staleKey]*staleState
	calls    ring[Call]
	events   map[string]*ring[storedEvent] // by account
	faults   faultSet
	rates    map[rateKey][]time.Time
	// kubernetes are the APIs of EKS's clusters.
	kubernetes map[kubeCluster]*http.Server
}

// New makes a sandbox without accounts. It starts a goroutine for each event
// target, and for log files when Options say so; Close stops them.
func New(opts Options) (*Sandbox, error) {
	opts.defaults()
	catalog, err := wire.LoadCatalog()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Sandbox{
		opts: opts, catalog: catalog, services: map[string]*service{}, admin: http.NewServeMux(),
		accounts: map[string]*account{}, keys: map[string]*credential{},
		state: map[stateKey]stater{}, stale: map[staleKey]*staleState{},
		calls: ring[Call]{max: opts.JournalSize}, events: map[string]*ring[storedEvent]{},
		rates: map[rateKey][]time.Time{}, kubernetes: map[kubeCluster]*http.Server{},
	}
	s.adminRoutes()
	for _, svc := range allServices() {
		if err := s.join(svc); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	s.handler = s.route()
	if s.targets, err = s.newTargets(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if s.outbox, err = s.newOutbox(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	for _, t := range s.senders() {
		go t.run()
	}
	s.startLogFiles()
	return s, nil
}

// Handler answers AWS requests, and administration under /_sandbox/ (loopback
// clients only).
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Serve answers on a listener until ctx ends, then lets running requests
// finish for up to five seconds. It returns nil when ctx ended it.
func (s *Sandbox) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("sandbox: serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(bound)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("sandbox: shut down: %w", err)
	}
	return nil
}

// Close delivers the events and SNS messages that wait, for as long as ctx
// lasts, and stops the delivery. It fails with ctx's error when some were left.
// Further calls of Close do nothing.
func (s *Sandbox) Close(ctx context.Context) error {
	s.endLogFiles()
	errs := append(s.closeLanes(ctx), s.closeKubernetes(ctx))
	for _, t := range s.senders() {
		errs = append(errs, t.close(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sandbox: close: %w", err)
	}
	return nil
}

// senders are all queues with a goroutine.
func (s *Sandbox) senders() []*target {
	out := append(slices.Clone(s.targets), s.outbox)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.allDeliveryStreams() {
		out = append(out, st.buffer.requests)
	}
	return out
}
