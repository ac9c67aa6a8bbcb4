package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/fault"
)

// Options is what a runtime depends on. Zero values of the lower block take the defaults named there.
type Options struct {
	Journal     Journal
	Index       Index
	Ledger      *Ledger // over the same Index
	Actions     Actions
	Guard       Guard
	Notifier    Notifier
	Definitions map[string]*asl.Machine // by playbook name; see SetDefinitions
	Resources   Resources               // of Step Functions; nil: there are none
	Knowledge   Knowledge               // what riposte:query asks; nil: nothing

	Logger     *slog.Logger          // none: nothing is logged
	Registerer prometheus.Registerer // none: metrics are kept and not shown
	Observe    func(Progress)        // told of every step; must not block
	Now        func() time.Time      // time.Now
	After      func(time.Duration) <-chan time.Time
	Random     func() uint64       // math/rand/v2; for States.UUID, States.MathRandom and jitter
	Redact     func(string) string // of what people and AWS wrote, before the audit record is told of it: nothing is taken out

	Workers     int           // tasks that work at the same time: 64
	TaskTimeout time.Duration // of a task without TimeoutSeconds: 10 minutes
	VerifyFor   time.Duration // how long a change may take to become visible: 1 minute
	Settle      time.Duration // after a crash, how long after an intent its effect may still be invisible: 2 seconds
	Drain       time.Duration // how long Run waits at its end for tasks that are under way: 20 seconds
}

// Runtime runs executions. It is safe for concurrent use. Use: New, Resume once, Run until the end; Start at any time.
type Runtime struct {
	opts     Options
	log      *slog.Logger
	metrics  *metrics
	timers   *timers
	expiry   *timers // effects whose time will be over
	turns    *turns
	firsts   *firsts
	machines machines
	slots    chan struct{} // one token for each worker
	halt     chan struct{} // closed when the runtime takes on no more work

	base    context.Context // ends when the drain is over
	cancel  context.CancelFunc
	work    sync.WaitGroup // drivers, their tasks, and the projector
	driving sync.WaitGroup // drivers

	mu          sync.Mutex
	definitions map[string]*asl.Machine
	live        map[string]bool // ids that are driven or waiting here
	drivers     map[string]*driver
	ended       map[string]chan struct{}
	stopping    bool
}

// New returns a runtime; it starts nothing. A missing dependency is fault.Invalid, all of them at once.
func New(o Options) (*Runtime, error) {
	var missing []error
	for _, d := range []struct {
		name string
		ok   bool
	}{{"Journal", o.Journal != nil}, {"Index", o.Index != nil}, {"Ledger", o.Ledger != nil}, {"Actions", o.Actions != nil},
		{"Guard", o.Guard != nil}, {"Notifier", o.Notifier != nil}} {
		if !d.ok {
			missing = append(missing, fault.New(fault.Invalid, "playbook: Options.%s is missing", d.name))
		}
	}
	if len(missing) > 0 {
		return nil, errors.Join(missing...)
	}
	o = o.withDefaults()
	r := &Runtime{
		opts: o, log: o.Logger, timers: newTimers(o.Now, o.After), expiry: newTimers(o.Now, o.After), turns: newTurns(), firsts: newFirsts(), slots: make(chan struct{}, o.Workers), halt: make(chan struct{}),
		definitions: maps.Clone(o.Definitions), live: map[string]bool{}, drivers: map[string]*driver{}, ended: map[string]chan struct{}{},
	}
	r.base, r.cancel = context.WithCancel(context.Background())
	var err error
	if r.metrics, err = newMetrics(o.Registerer, r.active, func() float64 { return float64(r.timers.len()) }); err != nil {
		return nil, fault.New(fault.Invalid, "playbook: metrics: %w", err)
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Random == nil {
		o.Random = rand.Uint64
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	if o.Workers <= 0 {
		o.Workers = 64
	}
	for _, d := range []struct {
		value *time.Duration
		then  time.Duration
	}{{&o.TaskTimeout, 10 * time.Minute}, {&o.VerifyFor, time.Minute}, {&o.Settle, 2 * time.Second}, {&o.Drain, 20 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.then
		}
	}
	return o
}

// SetDefinitions replaces the playbooks for executions that start from now on.
func (r *Runtime) SetDefinitions(definitions map[string]*asl.Machine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.definitions = maps.Clone(definitions)
}

// Start begins an execution for a rule and a cause, exactly once: id is a hash of both, and started is false where it was
// begun before, here or elsewhere, whatever became of it. When Start returns, the start is durable.
//
// An input over asl.MaxData is not kept: the execution fails with States.DataLimitExceeded.
//
// Errors: fault.NotFound (no such playbook), fault.Invalid (no rule or cause; input or event not JSON), fault.Unavailable and fault.Timeout (the journal; try again), fault.Unavailable while stopping.
func (r *Runtime) Start(ctx context.Context, s Start) (id string, started bool, err error) {
	r.mu.Lock()
	machine, ok := r.definitions[s.Playbook]
	names := slices.Collect(maps.Keys(r.definitions))
	r.mu.Unlock()
	if !ok {
		return "", false, fault.New(fault.NotFound, "rule %s starts the playbook %q, which does not exist", s.Rule, s.Playbook).
			WithHint("%s", conf.Suggest(s.Playbook, names))
	}
	if s.Rule == "" || s.Cause == "" {
		return "", false, fault.New(fault.Invalid, "an execution needs a rule and a cause")
	}
	id = ID(s.Rule, string(s.Cause))
	started, err = r.begin(ctx, id, s, machine)
	return id, started, err
}

// begin writes the first records and lets the execution go.
func (r *Runtime) begin(ctx context.Context, id string, s Start, machine *asl.Machine) (bool, error) {
	if err := s.complete(); err != nil {
		return false, err
	}
	if !r.adopt(id) {
		r.metrics.duplicates.Inc()
		return false, r.refusal()
	}
	d := newDriver(r, id)
	d.answering(s)
	now := r.opts.Now()
	if s.Received.IsZero() {
		s.Received = now
	}
	e := newExecution(id)
	begin := Begin{Start: s, Definition: machine.Text(), Hash: machine.Hash()}
	e.start(begin, machine, now)
	first := Record{Kind: Started, Time: now, Begin: &begin}
	records := append([]Record{first}, stepRecords(machine.Advance(e.state, e.env(now, r.opts.Random)))...)
	if e.state.Status != "" { // it ends at once: the driver does that, so that a failure is told before it is recorded
		e.start(begin, machine, now)
		records = records[:1]
	}
	for _, record := range records[1:] {
		e.take(record)
	}
	err := r.commit(ctx, e, records)
	if fault.CodeOf(err) == fault.Timeout { // perhaps it was written
		if written, loadErr := r.load(ctx, id); loadErr == nil && written.began.Equal(now) {
			e, err = written, nil
		}
	}
	if err != nil {
		d.answered()
		r.abandon(id)
		switch fault.CodeOf(err) {
		case fault.Conflict:
			r.metrics.duplicates.Inc()
			return false, nil
		case fault.Timeout: // it may yet come; then it is ours to go on with, and the caller's next try is a duplicate
			r.timers.add(due{at: now.Add(retryAfter), id: id, doubtful: true})
		}
		return false, err
	}
	r.metrics.started.Inc()
	r.observe(e, StepStarted, "", nil, "%s", s.Title)
	r.observeSteps(e, records)
	d.e = e
	r.launch(d, false)
	return true, nil
}

// complete fills in what the event tells and checks what will be journaled.
func (s *Start) complete() error {
	if len(s.Input) == 0 {
		s.Input = json.RawMessage("{}")
	}
	if !json.Valid(s.Input) || s.Event != nil && !json.Valid(s.Event) {
		return fault.New(fault.Invalid, "rule %s: the playbook's input or its event is not JSON", s.Rule)
	}
	if len(s.Input) > asl.MaxData {
		s.TooLong, s.Input = len(s.Input), json.RawMessage("{}")
	}
	var about struct{ Account, Region string }
	if s.Event != nil && json.Unmarshal(s.Event, &about) == nil {
		if s.Account == "" {
			s.Account = about.Account
		}
		if s.Region == "" {
			s.Region = about.Region
		}
	}
	if len(s.Event) > MaxEvent {
		s.Event = nil
	}
	return nil
}

// adopt makes an id this runtime's own; false where it is already, or where the runtime is stopping.
func (r *Runtime) adopt(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping || r.live[id] {
		return false
	}
	r.live[id] = true
	return true
}

// abandon gives an id up, because it has ended or can't go on, and wakes who waits for it.
func (r *Runtime) abandon(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.abandonLocked(id)
}

func (r *Runtime) abandonLocked(id string) {
	delete(r.live, id)
	if done, ok := r.ended[id]; ok {
		close(done)
		delete(r.ended, id)
	}
}

// refusal is why nothing new is begun; nil while the runtime runs.
func (r *Runtime) refusal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return stoppingError()
	}
	return nil
}

func stoppingError() error {
	return fault.New(fault.Unavailable, "riposte is shutting down").WithHint("try again when it is back")
}

func (r *Runtime) active() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return float64(len(r.live))
}

// Run wakes executions that wait for a time, and takes back what expires, until ctx ends. Then it takes no more starts, lets what is under way come to
// its next record within Options.Drain, interrupts the rest (Resume finishes it) and returns.
func (r *Runtime) Run(ctx context.Context) error {
	r.spawn(func() { r.expiry.run(ctx, r.expire) })
	r.timers.run(ctx, r.wake)
	r.mu.Lock()
	r.stopping = true
	r.mu.Unlock()
	close(r.halt)
	idle := make(chan struct{})
	go func() {
		r.driving.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-r.opts.After(r.opts.Drain):
		r.log.Warn("playbook: tasks were interrupted by the shutdown; they go on after the next start", "bound", r.opts.Drain)
	}
	r.cancel()
	r.work.Wait()
	return nil
}

// isStopping reports whether drivers are to come to rest.
func (r *Runtime) isStopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopping
}
