package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Error names of calls that playbooks make by themselves, beside those of Step Functions.
const (
	ErrNotPermitted = "Riposte.NotPermitted" // the guard, or somebody who was asked, did not let the call pass
	// ErrCallLost: riposte was interrupted in the middle of the call and can't find out whether it was made.
	ErrCallLost    = "Riposte.CallMayHaveBeenMade"
	errPermissions = "States.Permissions"
)

// call carries out one of Step Functions' own resources. What changes nothing is called in every mode; every other call is decided,
// approved, journaled and shown as a plan of one call.
func (t *task) call(ctx context.Context, r Resource) (any, error) {
	t.effect.Key = effectKey(t.command, true)
	if t.command.Submission != nil {
		return t.look(ctx, r)
	}
	if err := t.waits(); err != nil {
		return nil, err
	}
	release := t.runtime.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer func() { t.receipts(recorder, t.callAccount()) }()
	in, err := t.taskCall()
	if err != nil {
		return nil, err
	}
	c := change{spec: r.Spec(), account: t.e.begin.Start.Account, foreign: true}
	if t.resumed {
		t.lose(c)
	}
	var planned Planned
	err = guarded(c.spec.Name, func() (err error) {
		planned, err = r.Plan(ctx, in)
		return err
	})
	if err != nil {
		return nil, callError(ctx, err)
	}
	if planned.Reads {
		if r.Waits() == UntilSignal && !t.e.begin.Start.Mode.Bolder(guard.DryRun) {
			t.final = true // nobody is asked for anything, so nobody will signal
		}
		var output json.RawMessage
		err := guarded(c.spec.Name, func() (err error) {
			output, err = r.Call(ctx, in)
			return err
		})
		return output, callError(ctx, err)
	}
	c.account = planned.Plan.Account
	c.look = func(context.Context) (*action.Plan, error) { return planned.Plan, nil }
	return t.change(ctx, r, c, in, recorder)
}

// taskCall is what the task gives its resource.
func (t *task) taskCall() (TaskCall, error) {
	in := TaskCall{Arguments: t.command.Arguments, Key: t.e.id + "/" + t.effect.Key, Execution: t.e.id}
	if len(t.command.Credentials) == 0 {
		return in, nil
	}
	var as struct{ RoleArn string }
	if err := strictly(t.command.Credentials, &as, "Credentials"); err != nil {
		return in, err
	}
	if as.RoleArn == "" {
		return in, &taskError{ErrInvalidInput, "Credentials must have a RoleArn"}
	}
	in.Role = as.RoleArn
	return in, nil
}

// callAccount is the account in which the task's calls were made: the role's, the plan's, or where nothing says so the event's.
func (t *task) callAccount() string {
	var as struct{ RoleArn string }
	if json.Unmarshal(t.command.Credentials, &as) == nil {
		if parts := strings.Split(as.RoleArn, ":"); len(parts) == 6 {
			return parts[4]
		}
	}
	if t.effect.Plan != nil {
		return t.effect.Plan.Account
	}
	return t.e.begin.Start.Account
}

// change makes a call that changes something.
func (t *task) change(ctx context.Context, r Resource, c change, in TaskCall, recorder *action.Recorder) (any, error) {
	var plan *action.Plan
	var due []int
	var mode guard.Mode
	var err error
	if open := t.intent(); open != nil {
		in.Began = open.At
		plan, due, mode, err = t.callAgain(ctx, r, c, in, open)
	} else {
		plan, due, mode, err = t.prepare(ctx, c, recorder)
	}
	if plan != nil {
		t.effect.Plan = plan
	}
	switch {
	case err != nil:
		return nil, err
	case len(due) == 0 && statusOf(plan) == "dry-run":
		t.final = true
		return resultOf(plan, mode, t.effect.Reasons), nil
	case len(due) == 0:
		return nil, &taskError{ErrNotPermitted, c.spec.Name + " was not called: " + refusal(plan, t.effect.Reasons)}
	}
	output, err := t.callNow(ctx, r, c, in, plan)
	for _, item := range plan.Items {
		t.runtime.metrics.items.WithLabelValues(plan.Action, string(item.Status)).Inc()
	}
	if err == nil && r.Waits() == UntilOver {
		return nil, &submitted{output: output, look: t.runtime.opts.Now().Add(leastLook)}
	}
	return output, err
}

// How long it is until what a call began is looked at again.
const (
	leastLook = time.Second
	mostLook  = time.Minute
)

// look asks whether what the call began is over, and rests where it is not, or where that can't be told for now.
func (t *task) look(ctx context.Context, r Resource) (any, error) {
	release := t.runtime.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer func() { t.receipts(recorder, t.callAccount()) }()
	in, err := t.taskCall()
	if err != nil {
		return nil, err
	}
	var output json.RawMessage
	var over bool
	err = guarded(r.Spec().Name, func() (err error) {
		output, over, err = r.Look(ctx, in, t.command.Submission)
		return err
	})
	if !over && ctx.Err() == nil {
		now := t.runtime.opts.Now()
		return nil, &sleepError{now.Add(min(max(now.Sub(t.entered)/4, leastLook), mostLook))}
	}
	return output, callError(ctx, err)
}

// readItems reads the items of a Map state.
func (t *task) readItems(ctx context.Context) error {
	t.effect.Key = effectKey(t.command, true)
	if t.runtime.opts.Resources == nil {
		return &taskError{asl.ErrItemReaderFailed, "riposte reads no items here"}
	}
	release := t.runtime.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer func() { t.receipts(recorder, t.callAccount()) }()
	in, err := t.taskCall()
	if err != nil {
		return err
	}
	var items []json.RawMessage
	err = guarded(t.command.Resource, func() (err error) {
		items, err = t.runtime.opts.Resources.ReadItems(ctx, in, *t.command.Reader)
		return err
	})
	if err != nil {
		return callError(ctx, err)
	}
	t.items = asl.ItemRecords(t.command.Path, items)
	return nil
}

// writeResults writes the results of a Map state.
func (t *task) writeResults(ctx context.Context) (any, error) {
	if t.runtime.opts.Resources == nil {
		return nil, &taskError{asl.ErrResultWriterFailed, "riposte writes no results here"}
	}
	return t.call(ctx, t.runtime.opts.Resources.Writer(*t.command.Writer, t.results))
}

// callNow makes the call, and notes what became of everything that it names.
func (t *task) callNow(ctx context.Context, r Resource, c change, in TaskCall, plan *action.Plan) (json.RawMessage, error) {
	t.effect.FirstCall = t.runtime.opts.Now()
	if t.first() && !t.resumed {
		t.runtime.metrics.firstCall.Observe(t.effect.FirstCall.Sub(t.e.begin.Start.Received).Seconds())
	}
	var refused atomic.Bool // by the guard, which is no failure of the call
	permitted := action.Permit(ctx, func(ctx context.Context) error {
		for i := range plan.Items {
			if err := t.runtime.opts.Guard.MayCall(ctx, t.proposal(c, nil), plan.Items[i].Resource); err != nil {
				refused.Store(true)
				return err
			}
		}
		return nil
	})
	permitted, made := action.Record(permitted)
	var output json.RawMessage
	err := guarded(c.spec.Name, func() (err error) {
		output, err = r.Call(permitted, in)
		return err
	})
	if t.runtime.base.Err() != nil {
		return nil, errInterrupted
	}
	plan.Items[0].Receipts = made.Receipts()
	t.runtime.opts.Ledger.note(plan.Items[0].Receipts)
	for i := range plan.Items {
		item := &plan.Items[i]
		switch {
		case refused.Load():
			item.Status, item.Reason, item.Calls = action.Escalated, err.Error(), nil
			continue
		case err != nil:
			item.Status, item.Error = action.Failed, err.Error()
		default:
			item.Status = action.Changed
		}
		t.runtime.opts.Guard.Done(t.proposal(c, nil), *item)
	}
	switch {
	case refused.Load():
		return nil, &taskError{ErrNotPermitted, err.Error()}
	case err != nil:
		return nil, callError(ctx, err)
	}
	t.observe(StepApplied, nil, "%s", calls(plan.Items[0]))
	return output, nil
}

// callAgain goes on with a call whose intent an earlier process left open. It may have been made: it is made once more only where
// the service knows it again, and the guard still lets it pass.
func (t *task) callAgain(ctx context.Context, r Resource, c change, in TaskCall, open *Plan) (*action.Plan, []int, guard.Mode, error) {
	t.effect.Recovered = true
	t.effect.Reasons, t.allowed = open.Reasons, open.Approval
	plan := open.Plan
	plan.Items = slices.Clone(open.Plan.Items)
	lost := func(why string) (*action.Plan, []int, guard.Mode, error) {
		for i := range plan.Items {
			plan.Items[i].Status, plan.Items[i].Error = action.Failed, "riposte was interrupted in the middle of the call, which may have been made"
		}
		return &plan, nil, "", &taskError{ErrCallLost, fmt.Sprintf("riposte was interrupted in the middle of %s at %s, which may have been made: %s",
			c.spec.Name, open.At.UTC().Format(timeFormat), why)}
	}
	if !r.Repeatable(ctx, in) {
		return lost("the service does not know a call again, so it is not made once more; look at what it should have changed, or in CloudTrail")
	}
	decision, err := t.decide(ctx, c)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, "", err
	case err != nil:
		return lost("it can't be made once more: " + err.Error())
	case !t.mayApply(decision) || len(changes(decision.Plan)) == 0:
		return lost("it may not be made once more: " + refusal(decision.Plan, decision.Reasons))
	}
	return &plan, changes(&plan), decision.Mode, nil
}

// wholly makes everything that a call names stay where something of it has to: it is one call.
func wholly(plan *action.Plan) {
	i := slices.IndexFunc(plan.Items, func(item action.Item) bool { return item.Status != action.Change })
	if i < 0 {
		return
	}
	first := plan.Items[i]
	for k := range plan.Items {
		if item := &plan.Items[k]; item.Status == action.Change {
			item.Status, item.Calls = action.Escalated, nil
			item.Reason = fmt.Sprintf("The call names %s too: %s", nameOf(first.Resource), first.Reason)
		}
	}
}

// refusal says why a call was not made.
func refusal(plan *action.Plan, reasons []string) string {
	for _, item := range plan.Items {
		if item.Status != action.Change {
			return nameOf(item.Resource) + ": " + item.Reason
		}
	}
	return strings.Join(reasons, " ")
}

// callError gives a call's error the name that Retry and Catch see.
func callError(ctx context.Context, err error) error {
	var named interface {
		TaskError() (name, cause string)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &named):
		name, cause := named.TaskError()
		return &taskError{name, cause}
	case ctx.Err() != nil:
		return err
	}
	switch fault.CodeOf(err) {
	case fault.Denied, fault.Unauthenticated:
		return &taskError{errPermissions, err.Error()}
	default:
		return err
	}
}
