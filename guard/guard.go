package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
)

// Defaults and bounds.
const (
	DefaultMaxAge = time.Hour             // of an event that starts a response
	DefaultAwait  = 2 * time.Second       // for the outcome of open intents
	DefaultPoll   = 25 * time.Millisecond // between two looks at them
	MaxSkew       = 5 * time.Minute       // how far ahead another clock may be; what SigV4 tolerates too
	maxResponders = 10_000                // accounts with a role of their own
	closedReason  = "The guard could not be evaluated, so nothing is done: "
)

// Options is what a guard depends on.
type Options struct {
	Exceptions Exceptions
	Requests   Requests
	// Pauses is the kill switch; nil where there is none.
	Pauses Pauses
	// Policy returns what is allowed now; it is asked for each decision.
	Policy func() *Policy
	// History remembers changes for budgets and the breaker; nil: an empty one.
	History *History
	// Units knows the organisation; nil: scopes by units can't be told and hold nothing.
	Units Units
	// Corroborator looks events up in CloudTrail; nil: nothing can be corroborated.
	Corroborator Corroborator
	// Lost knows calls of ours whose answer was lost; nil where nothing keeps track of them.
	Lost Lost
	// Responders are the ARNs of the roles (or users) with which riposte acts: at least one. The account may be "*",
	// where the same role exists in each.
	Responders []string
	// Await bounds how long Admit waits for open intents (0: DefaultAwait); Poll is how often it looks (0: DefaultPoll).
	Await, Poll time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Sleep waits for d or until the context ends, whose error it returns; nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Guard answers whether an event may start a response and whether a plan may be carried out. It is safe for concurrent
// use.
type Guard struct {
	exceptions  Exceptions
	requests    Requests
	pauses      Pauses
	history     *History
	units       Units
	witness     Corroborator
	policy      func() *Policy // with its defaults
	lost        Lost
	responders  []responder
	await, poll time.Duration
	now         func() time.Time
	sleep       func(ctx context.Context, d time.Duration) error

	admission []admitStage
	decision  []decideStage
}

// New returns a guard. A missing dependency or an ARN that is not a role's or user's is fault.Invalid, all at once.
func New(o Options) (*Guard, error) {
	var problems []string
	if o.Exceptions == nil {
		problems = append(problems, "no store of exceptions")
	}
	if o.Requests == nil {
		problems = append(problems, "no record of riposte's own requests")
	}
	if len(o.Responders) == 0 || len(o.Responders) > maxResponders {
		problems = append(problems, fmt.Sprintf("%d responder ARNs, want 1 to %d", len(o.Responders), maxResponders))
	}
	g := &Guard{
		exceptions: o.Exceptions, requests: o.Requests, pauses: o.Pauses, history: o.History, units: o.Units, witness: o.Corroborator, lost: o.Lost,
		await: o.Await, poll: o.Poll, now: o.Now, sleep: o.Sleep,
	}
	if o.Policy == nil {
		problems = append(problems, "no policy")
	} else {
		g.policy = func() *Policy { return o.Policy().withDefaults() }
	}
	if g.history == nil {
		g.history = NewHistory()
	}
	for _, arn := range o.Responders {
		r, err := parseResponder(arn)
		if err != nil {
			problems = append(problems, err.Error())
		}
		g.responders = append(g.responders, r)
	}
	if len(problems) > 0 {
		return nil, fault.New(fault.Invalid, "the guard cannot work: %s", strings.Join(problems, "; ")).
			WithHint("a responder is the ARN of the role or user with which riposte acts, such as arn:aws:iam::111122223333:role/riposte-responder")
	}
	if g.await == 0 {
		g.await = DefaultAwait
	}
	if g.poll == 0 {
		g.poll = DefaultPoll
	}
	if g.now == nil {
		g.now = time.Now
	}
	if g.sleep == nil {
		g.sleep = sleep
	}
	g.admission = []admitStage{
		{"own change", g.ownChange}, {"failed call", g.failedCall}, {"age", g.staleEvent}, {"break-glass", g.breakGlass},
		{"pause", g.pausedEvent}, {"mode", g.admitMode},
	}
	g.decision = []decideStage{
		{"plan", g.checkPlan}, {"exceptions", g.applyExceptions}, {"pause", g.applyPauses}, {"protected", g.applyProtection},
		{"scope", g.applyScope}, {"window", g.applyWindows}, {"corroboration", g.corroborate}, {"breaker", g.applyBreaker},
		{"blast radius", g.applyBlastRadius}, {"budget", g.applyBudgets}, {"mode", g.decideMode}, {"approval", g.needApproval},
	}
	return g, nil
}

// An admitStage answers the admission or, with nil, leaves it to the next one and says why it does. The last one always answers.
type admitStage struct {
	name string
	ask  func(ctx context.Context, a *admission) (*Verdict, error)
}

// admission is what the stages share.
type admission struct {
	Admission
	trace
	record *event.Record // nil where the event is no CloudTrail record
	now    time.Time
}

// Admit decides whether an event may start a response. What cannot be evaluated is NotifyOnly with the reason. It waits
// up to Options.Await where the event may be our own change whose outcome is not journaled yet. The error is not nil only
// when ctx ended: nothing was decided then, and the event must be asked about again; the verdict is closed then too.
func (g *Guard) Admit(ctx context.Context, in Admission) (Verdict, error) {
	a, err := g.newAdmission(in)
	for i := 0; err == nil && i < len(g.admission); i++ {
		var v *Verdict
		if v, err = g.admission[i].ask(ctx, a); err != nil {
			break
		}
		if v == nil {
			a.end()
			continue
		}
		if v.Outcome != Respond {
			a.refuse("%s", strings.Join(v.Reasons, " "))
		}
		a.end()
		v.Trace = a.closed("The stage " + g.admission[i].name + " has answered.")
		return *v, nil
	}
	if err == nil {
		err = fault.New(fault.Internal, "no stage answered")
	}
	reason := closedReason + err.Error() + "."
	return Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{reason}, Trace: a.failed(reason)}, ctx.Err()
}

func (g *Guard) newAdmission(in Admission) (*admission, error) {
	a := &admission{Admission: in, now: g.now()}
	for _, stage := range g.admission {
		a.stages = append(a.stages, stage.name)
	}
	if in.Event == nil {
		return a, fault.New(fault.Internal, "there is no event")
	}
	a.record = in.Event.Record()
	// An Insight tells of no call; every other detail-type of CloudTrail carries the record of one.
	if a.record == nil && strings.HasSuffix(in.Event.DetailType, " via CloudTrail") && in.Event.DetailType != event.Insight {
		return a, fault.New(fault.Invalid, "event %s claims to carry a CloudTrail record and carries none", in.Event.ID)
	}
	return a, nil
}

// A decideStage changes the draft, and says why it does or doesn't. The plan in it is a copy.
type decideStage struct {
	name string
	ask  func(ctx context.Context, d *draft) error
}

// draft is the decision as it is being made.
type draft struct {
	Proposal
	trace
	plan    *action.Plan
	policy  *Policy
	mode    Mode
	reasons []string
	paused  string
	notYet  string
	now     time.Time
}

// Decide decides what of a plan may be carried out, and in which mode. Items under an exception become Excepted, and only
// items whose status is Change keep their calls. Where it cannot be evaluated, no item has calls, those that would have
// been changed are Escalated, and the mode is Notify. The error is not nil only when ctx ended: ask again.
func (g *Guard) Decide(ctx context.Context, p Proposal) (Decision, error) {
	d := &draft{Proposal: p, plan: copyPlan(p.Plan), policy: g.policy(), mode: p.Mode, now: g.now()}
	for _, stage := range g.decision {
		d.stages = append(d.stages, stage.name)
	}
	for _, stage := range g.decision {
		if err := stage.ask(ctx, d); err != nil {
			reason := closedReason + err.Error() + "."
			decision := closed(p.Plan, reason)
			decision.Trace = d.failed(reason)
			return decision, ctx.Err()
		}
		d.end()
	}
	return Decision{Mode: d.mode, Plan: d.plan, Reasons: d.reasons, Paused: d.paused, NotYet: d.notYet, Trace: d.steps}, nil
}

// closed returns the decision that nothing is done.
func closed(plan *action.Plan, reason string) Decision {
	plan = copyPlan(plan)
	for i := range plan.Items {
		item := &plan.Items[i]
		if item.Status == action.Change {
			item.Status, item.Reason = action.Escalated, reason
		}
		item.Calls = nil
	}
	return Decision{Mode: Notify, Plan: plan, Reasons: []string{reason}}
}

// copyPlan copies as deep as the stages change. An absent plan becomes an empty one, so that nobody stumbles over nil.
func copyPlan(plan *action.Plan) *action.Plan {
	if plan == nil {
		return &action.Plan{}
	}
	c := *plan
	c.Items = slices.Clone(plan.Items)
	return &c
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
