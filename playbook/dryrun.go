package playbook

import (
	"context"
	"errors"
	"strings"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// DryRun returns what carries tasks out in mode dry-run, outside an execution: actions and calls plan, the guard says what it
// thinks of the plan, what only reads is called, and people are neither told nor asked. Nothing is changed.
func (r *Runtime) DryRun(ctx context.Context, s Start) func(asl.Command) asl.Mock {
	return func(c asl.Command) asl.Mock {
		result, err := r.dryRun(ctx, s, c)
		var named *taskError
		switch {
		case errors.As(callError(ctx, err), &named):
			return asl.Mock{Error: named.name, Cause: named.cause}
		case err != nil:
			return asl.Mock{Error: errorName(err), Cause: err.Error()}
		}
		return mock(result)
	}
}

func (r *Runtime) dryRun(ctx context.Context, s Start, c asl.Command) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, previewFor)
	defer cancel()
	release := r.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer func() { r.opts.Ledger.note(recorder.Receipts()) }()
	name, ours := strings.CutPrefix(c.Resource, ActionResource)
	switch {
	case ours:
		plan, err := rehearsedPlan(ctx, r.opts.Actions, name, c.Arguments, s)
		if err != nil {
			return nil, err
		}
		a, err := r.opts.Actions.Action(name)
		if err != nil {
			return nil, err
		}
		return r.previewed(ctx, s, a.Spec(), plan)
	case c.Resource == QueryResource:
		return (&task{runtime: r, command: c}).query(ctx)
	case strings.HasPrefix(c.Resource, "riposte:"):
		return map[string]any{"status": "dry-run"}, nil
	case r.opts.Resources == nil:
		return nil, fault.New(fault.NotFound, "riposte has no resource %q", c.Resource)
	}
	plan, output, err := rehearsedCall(ctx, r.opts.Resources, c)
	if err != nil || plan == nil {
		return output, err
	}
	called, err := r.opts.Resources.Resource(c.Resource)
	if err != nil {
		return nil, err
	}
	return r.previewed(ctx, s, called.Spec(), plan)
}

// previewed is a task's result in mode dry-run.
func (r *Runtime) previewed(ctx context.Context, s Start, spec action.Spec, plan *action.Plan) (any, error) {
	decision, err := r.opts.Guard.Decide(ctx, guard.Proposal{Rule: s.Rule, Mode: guard.DryRun, Spec: spec, Plan: plan})
	if err != nil {
		return nil, err
	}
	return resultOf(decision.Plan, decision.Mode, decision.Reasons), nil
}
