package playbook

import (
	"context"
	"errors"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Unguarded returns what carries the tasks of one execution out at once: actions plan, apply and verify; nobody is told and nothing
// else is reached. There is no guard, no journal and no undo, so it is for sandboxes only.
func Unguarded(ctx context.Context, actions Actions, s Start) func(asl.Command) asl.Mock {
	return func(c asl.Command) asl.Mock {
		name, ok := strings.CutPrefix(c.Resource, ActionResource)
		if !ok {
			return mock(map[string]any{"status": "not carried out", "resource": c.Resource})
		}
		plan, err := rehearsedPlan(ctx, actions, name, c.Arguments, s)
		if err == nil {
			err = carryOutAll(ctx, actions, name, plan)
		}
		if err != nil {
			return asl.Mock{Error: errorName(err), Cause: err.Error()}
		}
		return mock(resultOf(plan, guard.Auto, nil))
	}
}

// How long a change is looked for, and how often.
const (
	unguardedLooks = 60
	unguardedPause = 500 * time.Millisecond
)

// carryOutAll applies and verifies the items of a plan, and notes in them what became of each.
func carryOutAll(ctx context.Context, actions Actions, name string, plan *action.Plan) error {
	a, err := actions.Action(name)
	if err != nil {
		return err
	}
	for i := range plan.Items {
		item := &plan.Items[i]
		if item.Status != action.Change {
			continue
		}
		item.Receipts, err = a.Apply(ctx, *item)
		for looks := 0; err == nil; looks++ {
			if err = a.Verify(ctx, *item); !errors.Is(err, action.ErrNotYet) {
				break
			}
			if looks == unguardedLooks {
				err = fault.New(fault.Timeout, "the change of %s doesn't show: %w", item.ID, err)
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(unguardedPause):
				err = nil
			}
		}
		item.Status = action.Changed
		if err != nil {
			item.Status, item.Error = action.Failed, err.Error()
		}
	}
	return nil
}
