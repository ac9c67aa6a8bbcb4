package detect

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Options are what an Engine works with. Rules, Guard, Responder, Findings, Notices and DeadLetters are required.
type Options struct {
	Rules       *RuleSet
	Guard       Guard
	Responder   Responder
	Findings    Findings
	Notices     Notices
	DeadLetters DeadLetters

	Refusals  Refusals   // nil: what starts nothing is not kept
	Targets   Targets    // nil: rules' targets get nothing
	Postponer Postponer  // nil: Handle returns *Later instead
	Accounts  Accounts   // nil: the tags of accounts are not known
	Enrichers []Enricher // in this order
	Observers []Observer
	Activity  *Activity // nil: nothing is remembered
	// OwnRole reports whether an identity is the responder role. Then also events that no rule matches are shown to the
	// guard, because any use of that role by somebody else is CRITICAL. nil: only events that match are.
	OwnRole func(event.Identity) bool

	Now        func() time.Time      // nil: time.Now
	Logger     *slog.Logger          // nil: discards
	Registerer prometheus.Registerer // nil: not registered
}

// Engine takes events from the bus, finds the rules that hold, starts their responses, and then does the slower rest:
// findings, enrichment, notices. It is safe for concurrent use.
type Engine struct {
	opts      Options
	rules     atomic.Pointer[RuleSet]
	cooldowns cooldowns
	flaps     flaps
	metrics   *metrics
}

// NewEngine returns an engine; an error names what Options lacks, or a metric that is registered already.
func NewEngine(opts Options) (*Engine, error) {
	for name, missing := range map[string]bool{
		"Rules": opts.Rules == nil, "Guard": opts.Guard == nil, "Responder": opts.Responder == nil,
		"Findings": opts.Findings == nil, "Notices": opts.Notices == nil, "DeadLetters": opts.DeadLetters == nil,
	} {
		if missing {
			return nil, fault.New(fault.Internal, "detect: Options.%s is missing", name)
		}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(opts.Registerer)
	if err != nil {
		return nil, err
	}
	e := &Engine{opts: opts, metrics: m}
	e.Swap(opts.Rules)
	return e, nil
}

// Rules returns the rule set in use.
func (e *Engine) Rules() *RuleSet { return e.rules.Load() }

// Swap puts another rule set in use. Events being handled finish with the one they began with.
func (e *Engine) Swap(rules *RuleSet) {
	e.rules.Store(rules)
	e.metrics.rules.Set(float64(rules.Len()))
}

// Facts enriches an event for a message about it; see Enrich.
func (e *Engine) Facts(ctx context.Context, env *event.Envelope) Facts {
	return Enrich(ctx, e.opts.Enrichers, env)
}

// Handle carries out every rule that holds for the event. received is when riposte first received it, the same in every
// delivery. It may be called again with the same event at any time: nothing happens twice.
//
// An error is retryable (fault.Retryable) and means that something is still to be done: give the event again. What trying
// again cannot help is in the dead letters, and no error; what has to wait for its turn is with the Postponer.
func (e *Engine) Handle(ctx context.Context, env *event.Envelope, received time.Time) error {
	began := e.opts.Now()
	h := &handling{Engine: e, env: env, received: received}
	matches, failed, err := e.rules.Load().Match(ctx, env)
	if err != nil {
		h.failure(ctx, "", "match", err)
	}
	for i := range matches {
		h.respond(ctx, &matches[i], failed)
	}
	e.metrics.toResponse.Observe(e.opts.Now().Sub(began).Seconds())
	h.observe(ctx)
	h.raise(ctx)
	h.report(ctx, failed)
	h.record(ctx)
	e.metrics.events.Inc()
	return errors.Join(h.retry...)
}

// Resume handles a postponed event whose time has come; errors are as for Handle.
func (e *Engine) Resume(ctx context.Context, p Postponed) error {
	env, err := event.Parse(p.Event)
	if err != nil {
		return err
	}
	return e.Handle(ctx, env, p.Received)
}

// handling is one event on its way through the engine.
type handling struct {
	*Engine
	env      *event.Envelope
	received time.Time
	outcomes []outcome
	held     []heldEscalation
	refusals []Refusal
	misuse   []string // reasons, where the responder role was used by somebody else
	facts    *Facts
	retry    []error
}

// outcome is what became of a match.
type outcome struct {
	match   *Match
	started bool     // a response is under way, and its playbook tells people
	waiting bool     // the response comes later
	reasons []string // why not
}

// failure sorts an error: worth another try, or for the dead letters.
func (h *handling) failure(ctx context.Context, rule, stage string, err error) {
	if fault.Retryable(err) || ctx.Err() != nil {
		h.retry = append(h.retry, fault.New(fault.Unavailable, "event %s, rule %s, %s: %w", h.env.ID, rule, stage, err))
		return
	}
	if err := h.deadLetter(ctx, rule, stage, err); err != nil {
		h.retry = append(h.retry, err)
	}
}

// deadLetter puts the event away; failing that, it must come again.
func (h *handling) deadLetter(ctx context.Context, rule, stage string, cause error) error {
	h.metrics.deadLetters.WithLabelValues(stage).Inc()
	err := h.opts.DeadLetters.Put(ctx, DeadLetter{Event: h.env.JSON(), Received: h.received, Rule: rule, Stage: stage, Reason: cause.Error()})
	if err != nil {
		return fault.New(fault.Unavailable, "event %s could not be put into the dead letters: %w", h.env.ID, err)
	}
	return nil
}

// observe shows the record to whoever learns from all events, and misuse of our own role to the guard.
func (h *handling) observe(ctx context.Context) {
	r := h.env.Record()
	if r == nil {
		return
	}
	if h.opts.Activity != nil {
		h.opts.Activity.observe(r)
	}
	for _, o := range h.opts.Observers {
		if err := o.Observe(ctx, r); err != nil {
			h.metrics.observerErrors.Inc()
			h.opts.Logger.WarnContext(ctx, "observing an event failed", "event", h.env.ID, "error", err)
		}
	}
	if len(h.outcomes) > 0 || h.opts.OwnRole == nil || r.ReadOnly != nil && *r.ReadOnly || !h.opts.OwnRole(r.UserIdentity) {
		return
	}
	verdict, err := h.opts.Guard.Admit(ctx, guard.Admission{Rule: MisuseRule, Mode: guard.Notify, Event: h.env})
	if err != nil {
		h.failure(ctx, MisuseRule, "guard", err)
		return
	}
	if verdict.Outcome == guard.Misuse {
		h.misuse = verdict.Reasons
	}
}
