package playbook

import (
	"context"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// Stop ends an execution from outside: its status is then ABORTED. What its tasks have begun is interrupted, and what became of it
// is on record when Stop returns; nothing is taken back. by is who wants it; name and cause stand in the execution's history.
//
// Errors: fault.NotFound (no such execution), fault.Conflict (it has ended), and those of the journal.
func (r *Runtime) Stop(ctx context.Context, id, name, cause, by string) error {
	return r.ask(ctx, id, func(d *driver) ([]Record, error) {
		if status := d.e.state.Status; status != "" {
			return nil, fault.New(fault.Conflict, "execution %s has ended already: %s", id, status).
				WithHint("riposte executions undo %s takes back what it changed", id)
		}
		step := asl.Stop(name, cause)
		step.Time = r.opts.Now()
		return []Record{{Kind: Ended, Time: step.Time, Step: &step, By: by}}, nil
	})
}

// Redrive lets an execution go on that FAILED, was ABORTED or TIMED_OUT, where it ended: at the states that failed or were under
// way. What has succeeded is not done again. by is who wants it.
//
// Errors: fault.NotFound (no such execution), fault.Conflict (it runs, has succeeded, was taken back, or can't go on), and those of
// the journal.
func (r *Runtime) Redrive(ctx context.Context, id, by string) error {
	summary, err := r.opts.Index.Get(ctx, id)
	if err != nil && fault.CodeOf(err) != fault.NotFound { // perhaps the index is behind: the journal knows
		return err
	}
	if summary.UndoneBy != "" {
		return fault.New(fault.Conflict, "execution %s was taken back by execution %s", id, summary.UndoneBy).WithHint("let its rule start a new one")
	}
	return r.ask(ctx, id, func(d *driver) ([]Record, error) {
		step, ok := d.e.state.Redrive()
		switch status := d.e.state.Status; {
		case status == "":
			return nil, fault.New(fault.Conflict, "execution %s is still running in %q", id, d.e.stateAt(""))
		case status == asl.Succeeded:
			return nil, fault.New(fault.Conflict, "execution %s has succeeded: there is nothing to go on with", id)
		case !ok:
			return nil, fault.New(fault.Conflict, "execution %s can't go on: it ended before its first state, or has %d events", id, asl.MaxEvents)
		}
		step.Time = r.opts.Now()
		return []Record{{Kind: Redriven, Time: step.Time, Step: &step, By: by}}, nil
	})
}
