package playbook

import (
	"context"
	"encoding/json"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// Signal is what somebody tells a task that waits for a callback (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token):
// its result, its failure, or that it is alive.
type Signal struct {
	Token  string
	Output json.RawMessage // of a success
	Failed bool
	Error  string // of a failure
	Cause  string
	Beat   bool   // it is alive
	By     string // who says so
}

// Why a signal is not taken. The errors of Runtime.Signal wrap one of them, with AWS's names.
var (
	ErrInvalidToken  = fault.New(fault.Invalid, "InvalidToken")  // it is no task's
	ErrInvalidOutput = fault.New(fault.Invalid, "InvalidOutput") // it is not JSON, or too long
	ErrTaskTimedOut  = fault.New(fault.Conflict, "TaskTimedOut") // the task has ended: it was signalled before, is late, or its execution is over
	ErrNoSuchTask    = fault.New(fault.NotFound, "TaskDoesNotExist")
)

// Signal records what a task waits for and lets its execution go on. When it returns nil, that is durable. The same signal again
// is ErrTaskTimedOut: the task is over.
//
// Errors: ErrInvalidToken, ErrNoSuchTask (its execution is gone), ErrInvalidOutput, ErrTaskTimedOut, and those of the journal.
func (r *Runtime) Signal(ctx context.Context, s Signal) error {
	id, _, ok := strings.Cut(s.Token, ".")
	if !ok || len(id) != idLength || strings.Trim(id, "0123456789abcdef") != "" {
		return fault.New(fault.Invalid, "the token is none of riposte's: %w", ErrInvalidToken).WithHint("pass on what $$.Task.Token was")
	}
	if !s.Failed && !s.Beat && (len(s.Output) > asl.MaxData || !json.Valid(s.Output)) {
		return fault.New(fault.Invalid, "the output must be JSON of at most %d bytes: %w", asl.MaxData, ErrInvalidOutput)
	}
	err := r.ask(ctx, id, func(d *driver) ([]Record, error) { return d.signal(s) })
	if fault.CodeOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "the execution of the task is gone: %w", ErrNoSuchTask)
	}
	return err
}

// signal makes the record of a signal.
func (d *driver) signal(s Signal) ([]Record, error) {
	path, waits := d.e.state.ByToken(s.Token)
	switch {
	case waits:
	case d.e.tokens[s.Token]:
		return nil, fault.New(fault.Conflict, "the task is over: it was signalled before, was too late, or its execution has ended: %w", ErrTaskTimedOut)
	default:
		return nil, fault.New(fault.Invalid, "no task of execution %s has had the token: %w", d.id, ErrInvalidToken)
	}
	if t := d.tasks[path]; t != nil && !s.Beat { // the signal is quicker than the answer to the call that asked for it
		return nil, &afterTask{t}
	}
	now := d.runtime.opts.Now()
	step := asl.Record{Kind: asl.Outcome, Time: now, Path: path, Token: s.Token, Output: s.Output}
	switch {
	case s.Beat:
		step.Kind, step.Output = asl.Heartbeat, nil
	case s.Failed:
		step.Output, step.Error, step.Cause = nil, s.Error, s.Cause
		if step.Error == "" {
			step.Error = asl.ErrTaskFailed
		}
	}
	return []Record{{Kind: Kind(step.Kind), Time: now, Step: &step, By: s.By}}, nil
}
