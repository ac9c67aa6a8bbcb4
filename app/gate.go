package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// gate is the guard before and after it is known as whom riposte acts. Until then every question fails with a retryable
// error, so nothing is done.
type gate struct {
	accounts   *accounts.Accounts
	configured string
	options    guard.Options
	inForce    *atomic.Pointer[inForce]

	guard      atomic.Pointer[guard.Guard]
	responders atomic.Pointer[map[string]bool]
}

// open asks AWS who we are and builds the guard.
func (g *gate) open(ctx context.Context) error {
	responders, err := g.accounts.Responders(ctx, g.configured)
	if err != nil {
		return err
	}
	options := g.options
	options.Responders = responders
	made, err := guard.New(options)
	if err != nil {
		return err
	}
	set := map[string]bool{}
	for _, arn := range responders {
		set[arn] = true
	}
	g.responders.Store(&set)
	g.guard.Store(made)
	return nil
}

// rehearsal is a gate that decides as at another time and remembers only its own decisions.
func (g *gate) rehearsal(now func() time.Time) (*gate, error) {
	made := g.responders.Load()
	if made == nil {
		return nil, errNotOpen()
	}
	options := g.options
	options.Responders, options.History, options.Now = slices.Sorted(maps.Keys(*made)), guard.NewHistory(), now
	past, err := guard.New(options)
	if err != nil {
		return nil, err
	}
	rehearsal := &gate{inForce: g.inForce}
	rehearsal.guard.Store(past)
	return rehearsal, nil
}

func errNotOpen() error {
	return fault.New(fault.Unavailable, "it is not known yet as whom riposte acts").
		WithHint("see /readyz for what AWS answers")
}

// otherRules stands in the configuration's modes for all rules that it doesn't name. Their mode is a limit: it makes none bolder.
const otherRules = "*"

// mode returns the mode in which a rule wants to respond, whose own mode is given, and the boldest that it may.
func (f *inForce) mode(rule string, own guard.Mode) (asked, limit guard.Mode) {
	if mode, named := f.modes[rule]; named {
		return mode, f.limit
	}
	if mode, named := f.modes[guard.RuleOf(rule)]; named && f.limit.Bolder(mode) { // an escalation is no bolder than its rule
		return own, mode
	}
	if others, set := f.modes[otherRules]; set && f.limit.Bolder(others) {
		return own, others
	}
	return own, f.limit
}

// Admit asks the guard, in no bolder mode than the configuration allows.
func (g *gate) Admit(ctx context.Context, a guard.Admission) (guard.Verdict, error) {
	asked, limit := g.inForce.Load().mode(a.Rule, a.Mode)
	if a.Mode = asked; asked.Bolder(limit) {
		a.Mode = limit
	}
	if made := g.guard.Load(); made != nil {
		verdict, err := made.Admit(ctx, a)
		step := configured(asked, a.Mode)
		if step.Answer == guard.Refused {
			verdict.Reasons = append(verdict.Reasons, step.Why)
		}
		verdict.Trace = slices.Insert(verdict.Trace, 0, step)
		return verdict, err
	}
	return guard.Verdict{Outcome: guard.NotifyOnly}, errNotOpen()
}

// Decide asks the guard, in no bolder mode than the configuration allows now: what was started under another one too.
func (g *gate) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	wanted := p.Mode
	if !p.Undo {
		asked, limit := g.inForce.Load().mode(p.Rule, p.Mode)
		for _, allowed := range []guard.Mode{asked, limit} {
			if p.Mode.Bolder(allowed) {
				p.Mode = allowed
			}
		}
	}
	if made := g.guard.Load(); made != nil {
		decision, err := made.Decide(ctx, p)
		decision.Trace = slices.Insert(decision.Trace, 0, configured(wanted, p.Mode))
		return decision, err
	}
	return guard.Decision{}, errNotOpen()
}

// configured is the step in front of the guard's own: the configuration's modes.
func configured(asked, allowed guard.Mode) guard.Step {
	if asked == allowed {
		return guard.Step{Stage: "configuration", Answer: guard.Passed, Why: fmt.Sprintf("The configuration allows mode %s.", allowed)}
	}
	return guard.Step{Stage: "configuration", Answer: guard.Refused,
		Why: fmt.Sprintf("The configuration allows no more than mode %s; the rule asks for %s.", allowed, asked)}
}

// MayCall asks the guard.
func (g *gate) MayCall(ctx context.Context, p guard.Proposal, r action.Resource) error {
	if made := g.guard.Load(); made != nil {
		return made.MayCall(ctx, p, r)
	}
	return errNotOpen()
}

// Done tells the guard.
func (g *gate) Done(p guard.Proposal, item action.Item) {
	if made := g.guard.Load(); made != nil {
		made.Done(p, item)
	}
}

// ownRole reports whether an identity is the one as which riposte acts.
func (g *gate) ownRole(i event.Identity) bool {
	set := g.responders.Load()
	return set != nil && (*set)[i.Principal()]
}
