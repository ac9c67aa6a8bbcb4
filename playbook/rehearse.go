package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Rehearsal is what an execution would do now.
type Rehearsal struct {
	Plans  []action.Plan // in the order of the playbook's tasks; nothing of them was done
	Failed []error       // why a task could not look; with fault codes
	Status asl.Status    // with which the playbook would end
}

// maxRehearsed bounds the tasks of one rehearsal: a playbook that waits for a change would wait for ever.
const maxRehearsed = 50

// Rehearse runs a playbook in dry run, without a guard or a journal: actions look at the account and plan, calls of its own are made
// where they only read, nobody is told or asked, waits take no time. It changes nothing and needs only the permissions to read. Of s it takes input, account, region and
// what the context object shows.
func Rehearse(ctx context.Context, m *asl.Machine, actions Actions, resources Resources, s Start, now time.Time) Rehearsal {
	var r Rehearsal
	s.Mode = guard.DryRun
	tasks := 0
	var failure asl.Mock
	fail := func(err error) asl.Mock {
		r.Failed = append(r.Failed, err)
		failure = asl.Mock{Error: errorName(err), Cause: err.Error()}
		var named *taskError
		if errors.As(callError(ctx, err), &named) {
			failure = asl.Mock{Error: named.name, Cause: named.cause}
		}
		return failure
	}
	task := func(c asl.Command) asl.Mock {
		if c.Attempt > 0 {
			return failure // no time has passed, so it would fail again
		}
		if tasks++; tasks > maxRehearsed {
			return fail(fault.New(fault.Invalid, "the rehearsal ends after %d tasks", maxRehearsed))
		}
		name, ok := strings.CutPrefix(c.Resource, ActionResource)
		if !ok && (resources == nil || strings.HasPrefix(c.Resource, "riposte:")) {
			return mock(map[string]any{"status": "dry-run"})
		}
		if !ok {
			plan, output, err := rehearsedCall(ctx, resources, c)
			switch {
			case err != nil:
				return fail(err)
			case plan == nil:
				return asl.Mock{Output: output}
			}
			r.Plans = append(r.Plans, *plan)
			return mock(resultOf(plan, s.Mode, nil))
		}
		plan, err := rehearsedPlan(ctx, actions, name, c.Arguments, s)
		if err != nil {
			return fail(err)
		}
		r.Plans = append(r.Plans, *plan)
		return mock(resultOf(plan, s.Mode, nil))
	}
	env := asl.Env{Now: now, Random: func() uint64 { return 0 }, Context: asl.Context{
		ExecutionID: "rehearsal", ExecutionName: "rehearsal", MachineID: m.Hash(), MachineName: s.Playbook,
		Extra: map[string]json.RawMessage{"Riposte": about(s)},
	}}
	x, _ := m.Rehearse(s.Input, env, task)
	r.Status = x.Status
	return r
}

// rehearsedCall plans a call, or makes it where it only reads: then there is an output and no plan.
func rehearsedCall(ctx context.Context, resources Resources, c asl.Command) (plan *action.Plan, output json.RawMessage, err error) {
	in, err := (&task{e: &execution{id: "rehearsal"}, command: c}).taskCall()
	if err != nil {
		return nil, nil, err
	}
	switch c.Action {
	case asl.WriteResults:
		return nil, json.RawMessage(`{"status":"dry-run"}`), nil
	case asl.ReadItems:
		items, err := resources.ReadItems(ctx, in, *c.Reader)
		if err != nil {
			return nil, nil, err
		}
		output, err = json.Marshal(items)
		return nil, output, err
	}
	err = guarded(c.Resource, func() error {
		r, err := resources.Resource(c.Resource)
		if err != nil {
			return err
		}
		planned, err := r.Plan(ctx, in)
		if plan = planned.Plan; err == nil && planned.Reads {
			output, err = r.Call(ctx, in)
		}
		return err
	})
	return plan, output, err
}

func rehearsedPlan(ctx context.Context, actions Actions, name string, input json.RawMessage, s Start) (plan *action.Plan, err error) {
	a, err := actions.Action(name)
	if err != nil {
		return nil, err
	}
	request, _, err := requestOf(input, s)
	if err != nil {
		return nil, err
	}
	err = guarded(name, func() (err error) {
		plan, err = a.Plan(ctx, request)
		return err
	})
	return plan, err
}

// mock makes a task's result of a value.
func mock(v any) asl.Mock {
	raw, err := json.Marshal(v)
	if err != nil {
		return asl.Mock{Error: ErrActionFailed, Cause: fmt.Sprintf("the result can't be written: %v", err)}
	}
	return asl.Mock{Output: raw}
}
