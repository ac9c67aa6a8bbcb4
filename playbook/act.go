package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// task is one try of a task state, or what is left of one that nobody waits for any more.
type task struct {
	runtime *Runtime
	driver  *driver
	e       *execution
	command asl.Command
	resumed bool          // an earlier process may have begun it
	entered time.Time     // when its state was
	until   time.Time     // when the execution times out; zero: never
	orphan  *Plan         // an intent that nobody waits for
	signs   chan struct{} // of life
	cancel  context.CancelCauseFunc
	effect  Effect
	turn    *turn  // while an action is carried out
	allowed string // id of the question by which the plan was approved
	final   bool   // its output is all that there will be, though it has a token
	results []asl.MapResult

	// The driver's own.
	over    bool            // nobody waits for it any more
	givenUp bool            // the execution has gone on without it
	items   []asl.Record    // instead of an outcome
	then    []func(*driver) // what waits until it has ended
	nudges  int             // of the driver, when it began
	reply   chan<- error    // until its records are durable
	cut     bool            // it was over before they were: what it announced is not done
}

// journalError is a refusal of the journal in the middle of a task.
type journalError struct{ err error }

func (j *journalError) Error() string { return j.err.Error() }

// change is what an action is to do, however it is planned: forward, or back.
type change struct {
	action  action.Action
	spec    action.Spec
	undo    bool
	expired bool // the undo is nobody's wish: the effect's time is over
	foreign bool // a call of the playbook's own: it looks at nothing, and is made as a whole or not at all
	account string
	holds   time.Duration // how long the effect is to last; 0: until it is taken back
	look    func(ctx context.Context) (*action.Plan, error)
}

// maxPlan bounds the JSON of a plan: it is journaled twice, with its outcome.
const maxPlan = 256 << 10

// action carries out riposte:action:NAME.
func (t *task) action(ctx context.Context, name string) (any, error) {
	a, err := t.runtime.opts.Actions.Action(name)
	if err != nil {
		return nil, &taskError{ErrUnknown, err.Error()}
	}
	request, holds, err := requestOf(t.command.Arguments, t.e.begin.Start)
	request.Effect = t.e.id + "/" + effectKey(t.command, false)
	if err == nil && holds > 0 {
		err = mayExpire(a.Spec())
	}
	if err != nil {
		return nil, &taskError{ErrInvalidInput, err.Error()}
	}
	return t.carryOut(ctx, change{action: a, spec: a.Spec(), account: request.Account, holds: holds,
		look: func(ctx context.Context) (*action.Plan, error) { return a.Plan(ctx, request) }})
}

// requestOf takes account, region and expires_in out of a task's input; where account and region are missing they are the
// event's.
func requestOf(input json.RawMessage, s Start) (action.Request, time.Duration, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(input, &fields); err != nil {
		return action.Request{}, 0, fault.New(fault.Invalid, "the input of an action must be an object: %w", err)
	}
	request := action.Request{Account: s.Account, Region: s.Region}
	for name, to := range map[string]*string{"account": &request.Account, "region": &request.Region} {
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return action.Request{}, 0, fault.New(fault.Invalid, "%q must be text: %w", name, err)
			}
			delete(fields, name)
		}
	}
	holds, err := expiresIn(fields[expiresInField])
	if err != nil {
		return action.Request{}, 0, err
	}
	delete(fields, expiresInField)
	request.Params, err = json.Marshal(fields)
	return request, holds, err
}

// carryOut looks, asks the guard, journals the intent, applies and verifies. Where an earlier process had journaled the
// intent already, it finishes that one.
func (t *task) carryOut(ctx context.Context, c change) (any, error) {
	t.effect.Key, t.effect.Undo, t.effect.Reversible = effectKey(t.command, true), c.undo, c.spec.Irreversible == ""
	if err := t.waits(); err != nil {
		return nil, err
	}
	release := t.runtime.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer t.receipts(recorder, c.account)
	t.turn = t.runtime.turns.begin()
	defer t.turn.end()
	if t.resumed {
		t.lose(c)
	}
	var plan *action.Plan
	var due []int
	var mode guard.Mode
	var err error
	if open := t.intent(); open != nil {
		plan, due, mode, err = t.recover(ctx, c, open)
	} else {
		plan, due, mode, err = t.prepare(ctx, c, recorder)
	}
	if err != nil {
		return nil, err
	}
	t.effect.Plan = plan
	err = t.apply(ctx, c, plan, due)
	for _, item := range plan.Items {
		t.runtime.metrics.items.WithLabelValues(plan.Action, string(item.Status)).Inc()
	}
	if c.holds > 0 && t.effect.changed() {
		t.effect.Expires = t.runtime.opts.Now().Add(c.holds)
	}
	if err != nil {
		return nil, err
	}
	result := resultOf(plan, mode, t.effect.Reasons)
	result.Expires = t.effect.Expires
	return result, nil
}

// prepare plans, lets the guard decide and journals the intent. due are the items to change.
func (t *task) prepare(ctx context.Context, c change, recorder *action.Recorder) (*action.Plan, []int, guard.Mode, error) {
	decision, err := t.decideInTurn(ctx, c, recorder)
	if err != nil {
		return nil, nil, "", err
	}
	plan := decision.Plan
	t.effect.Reasons = decision.Reasons
	t.observe(StepPlanned, plan, "%s", planSummary(plan, decision.Mode))
	due := changes(plan)
	if !t.mayApply(decision) {
		return plan, nil, decision.Mode, nil
	}
	if len(due) == 0 {
		return plan, nil, decision.Mode, nil
	}
	if raw, err := json.Marshal(plan); err != nil || len(raw) > maxPlan {
		return nil, nil, "", &taskError{ErrInvalidInput, fmt.Sprintf("the plan has %d items and %d bytes, over the limit of %d: let the playbook name fewer resources", len(plan.Items), len(raw), maxPlan)}
	}
	now := t.runtime.opts.Now()
	intent := &Plan{Key: t.effect.Key, Path: t.command.Path, State: t.command.State, At: now, Plan: *plan, Undo: c.undo,
		Effect: effectKey(t.command, false), Approval: t.allowed, Reasons: decision.Reasons, Receipts: recorder.Receipts()}
	t.runtime.opts.Ledger.note(intent.Receipts)
	record := Record{Kind: Intent, Time: now, Intent: intent}
	if err := t.journal(record); err != nil {
		return nil, nil, "", err
	}
	t.observe(StepIntended, plan, "%d to change", len(due))
	applied := *plan
	applied.Items = slices.Clone(plan.Items) // the intent stays as journaled
	return &applied, due, decision.Mode, nil
}

// intent is what an earlier process has journaled and not finished; nil where there is nothing.
func (t *task) intent() *Plan {
	t.e.mu.RLock()
	defer t.e.mu.RUnlock()
	return t.e.open[effectKey(t.command, true)]
}

// decide plans and asks the guard. A guard that fails means that nothing is done.
func (t *task) decide(ctx context.Context, c change) (guard.Decision, error) {
	var plan *action.Plan
	err := guarded(c.spec.Name, func() (err error) {
		plan, err = c.look(ctx)
		return err
	})
	if err != nil {
		return guard.Decision{}, err
	}
	decision, err := t.runtime.opts.Guard.Decide(ctx, t.proposal(c, plan))
	if err != nil {
		return guard.Decision{}, fmt.Errorf("nothing was done because the guard could not decide: %w", err)
	}
	if c.foreign {
		wholly(decision.Plan)
	}
	if decision.NotYet != "" {
		return guard.Decision{}, &taskError{ErrNotCorroborated, "nothing was done: " + decision.NotYet}
	}
	if c.expired {
		return decision, t.heldUp(ctx, decision)
	}
	return decision, nil
}

// proposal is what the guard is asked about.
func (t *task) proposal(c change, plan *action.Plan) guard.Proposal {
	return guard.Proposal{Rule: t.e.begin.Start.Rule, Mode: t.e.begin.Start.Mode, Spec: c.spec, Plan: plan, Undo: c.undo, Expired: c.expired,
		Principal: t.e.principal(), Event: t.e.envelope(), Effect: t.e.id + "/" + effectKey(t.command, false)}
}

// mayApply reports whether the decision's calls may be made now: by the guard's word, or by people's.
func (t *task) mayApply(d guard.Decision) bool {
	return d.MayApply() || d.Mode == guard.Approve && t.allowed != ""
}

// decideInTurn decides, asks people where they have to, and holds the resources that are to be changed from then on. Where
// another execution changed one of them meanwhile, it looks and decides again.
func (t *task) decideInTurn(ctx context.Context, c change, recorder *action.Recorder) (guard.Decision, error) {
	for {
		decision, err := t.decide(ctx, c)
		if err != nil {
			return decision, err
		}
		if due := changes(decision.Plan); decision.Mode == guard.Approve && len(due) > 0 {
			reason, err := t.approve(ctx, decision.Plan, due, decision.Reasons, recorder.Receipts())
			if err != nil {
				return decision, err
			}
			decision.Reasons = append(decision.Reasons, reason)
		}
		if !t.mayApply(decision) || c.foreign {
			return decision, nil // what looks at nothing needs no turn
		}
		fresh, err := t.turn.take(ctx, decision.Plan, changes(decision.Plan))
		if fresh || err != nil {
			return decision, err
		}
	}
}

// changes lists the items that have calls to make.
func changes(plan *action.Plan) []int {
	var due []int
	for i, item := range plan.Items {
		if item.Status == action.Change && len(item.Calls) > 0 {
			due = append(due, i)
		}
	}
	return due
}

// retryable returns the first error where there are only errors and every one of them may pass.
func retryable(errs []error) (first error, all bool) {
	for _, err := range errs {
		if err == nil || !fault.Retryable(err) && !errors.Is(err, action.ErrNotYet) {
			return nil, false
		}
	}
	if len(errs) == 0 {
		return nil, false
	}
	return errs[0], true
}
