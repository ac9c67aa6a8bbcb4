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
)

// The resources that a Task may have.
const (
	ActionResource = "riposte:action:" // + SERVICE.NAME of the action; input {account?, region?, parameters…}
	NotifyResource = "riposte:notify"  // input {message?, routes?, to?}
	// ApprovalResource asks people; input {text, quorum?, expires_in?, default?}.
	ApprovalResource = "riposte:approval"
	// QueryResource reads what riposte knows; input {from, limit?, filters…}.
	QueryResource = "riposte:query"
	undoResource  = "riposte:undo" // of the definitions that Runtime.Undo makes
	// callback ends the name of a resource whose task ends when somebody signals; see Runtime.Signal.
	callback = ".waitForTaskToken"
)

// Error names that tasks fail with, beside those of AWS services (CloudTrail.ThrottlingException) and States.Timeout.
const (
	ErrActionFailed = "Riposte.ActionFailed" // an action could not look, or could change nothing; trying again may help
	ErrNotFound     = "Riposte.NotFound"     // what the action is for does not exist
	ErrInvalidInput = "Riposte.InvalidInput" // the task's input is not what its resource takes
	ErrUnknown      = "Riposte.UnknownResource"
	// ErrNotCorroborated: CloudTrail does not show the event yet that alone speaks for the change; trying again helps.
	ErrNotCorroborated = "Riposte.NotCorroborated"
	ErrNotifyFailed    = "Riposte.NotifyFailed" // nobody could be told
)

// taskError is a failure that Retry and Catch see.
type taskError struct{ name, cause string }

func (t *taskError) Error() string { return t.name + ": " + t.cause }

// runTask carries a task out and returns its outcome. An error means that there is none: the task waits, the runtime is
// stopping, or the journal refused.
func (r *Runtime) runTask(ctx context.Context, t *task) (Record, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-r.halt: // Resume begins it
		return Record{}, errInterrupted
	case <-ctx.Done():
		return Record{}, errInterrupted
	}
	began := r.opts.Now()
	ctx, cancel := t.deadline(ctx)
	defer cancel()
	output, err := t.run(ctx)
	if err == nil && t.command.Token != "" && !t.final { // what was called will signal
		err = submission(output)
	}
	if r.base.Err() != nil {
		return Record{}, errInterrupted
	}
	t.effect.At = r.opts.Now()
	t.effect.Took = t.effect.At.Sub(began)
	record := Record{Effect: &t.effect}
	var sleep *sleepError
	if errors.As(err, &sleep) {
		return Record{}, sleep
	}
	var begun *submitted
	if errors.As(err, &begun) {
		return record, begun
	}
	step, err := t.outcome(ctx, output, err)
	if err != nil {
		return Record{}, err
	}
	record.Step = &step
	result := "ok"
	if step.Error != "" {
		result = step.Error
	}
	r.metrics.tasks.WithLabelValues(t.command.Resource, result).Inc()
	t.observe(StepFinished, t.effect.Plan, "%s", t.summary(step))
	return record, nil
}

// run does what the task's resource says.
func (t *task) run(ctx context.Context) (output any, err error) {
	c := t.command
	resource := strings.TrimSuffix(c.Resource, callback)
	switch name, isAction := strings.CutPrefix(resource, ActionResource); {
	case t.orphan != nil:
		return nil, t.lookAgain(ctx)
	case c.Action == asl.ReadItems:
		return nil, t.readItems(ctx)
	case c.Action == asl.WriteResults:
		return t.writeResults(ctx)
	case isAction:
		return t.action(ctx, name)
	case resource == NotifyResource:
		return t.notify(ctx)
	case resource == ApprovalResource:
		return t.inquire(ctx)
	case resource == QueryResource:
		return t.query(ctx)
	case resource == undoResource:
		return t.undo(ctx)
	}
	return t.foreign(ctx)
}

// outcome turns what a task returned into the state machine's record.
func (t *task) outcome(ctx context.Context, output any, err error) (asl.Record, error) {
	var failed *taskError
	var lost *journalError
	switch {
	case errors.As(err, &lost):
		return asl.Record{}, lost.err
	case errors.As(err, &failed):
		return asl.Failure(t.command.Path, failed.name, "%s", failed.cause), nil
	case err != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return asl.Failure(t.command.Path, asl.ErrTimeout, "the task took longer than it may: %v", err), nil
	case err != nil && errors.Is(context.Cause(ctx), errSilent):
		return asl.Failure(t.command.Path, asl.ErrHeartbeatTimeout, "the task gave no sign of life for %v: %v", t.command.Heartbeat, err), nil
	case err != nil:
		return asl.Failure(t.command.Path, errorName(err), "%s", err), nil
	}
	raw, err := json.Marshal(output)
	if err != nil {
		return asl.Record{}, fault.New(fault.Internal, "the output of %s can't be written: %w", t.command.State, err)
	}
	return asl.Result(t.command.Path, raw), nil
}

// errSilent is the cause of the end of a task that gave no sign of life for too long.
var errSilent = errors.New("no sign of life")

// deadline bounds a task by its own timeout, the execution's, and the default, on the runtime's clock, and by the time between
// its signs of life: whatever it is observed to do.
func (t *task) deadline(ctx context.Context) (context.Context, func()) {
	r, until := t.runtime, t.command.Until
	if until.IsZero() {
		until = r.opts.Now().Add(r.opts.TaskTimeout)
	}
	if d := t.until; !d.IsZero() && d.Before(until) {
		until = d
	}
	// After a crash the deadline may have passed; what is under way must be looked at all the same.
	wait := max(until.Sub(r.opts.Now()), minTask)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		late := r.opts.After(wait)
		for {
			var silent <-chan time.Time
			if t.command.Heartbeat > 0 {
				silent = r.opts.After(t.command.Heartbeat)
			}
			select {
			case <-ctx.Done():
				return
			case <-late:
				cancel(context.DeadlineExceeded)
			case <-silent:
				cancel(errSilent)
			case <-t.signs:
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// observe reports progress, which is a sign of life.
func (t *task) observe(step Step, plan *action.Plan, format string, args ...any) {
	select {
	case t.signs <- struct{}{}:
	default:
	}
	t.runtime.observe(t.e, step, t.command.State, plan, format, args...)
}

// answer tells a task that waits for its records whether they are durable.
func (t *task) answer(err error) {
	if t.reply != nil {
		t.reply <- err
		t.reply = nil
	}
}

// journal makes records of the task durable. An error ends the task.
func (t *task) journal(records ...Record) error {
	reply := make(chan error, 1)
	posted := t.driver.box.post(func(d *driver) {
		if t.over {
			reply <- errOver
			return
		}
		t.reply = reply
		d.add(func(err error) {
			if err != nil {
				err = &journalError{err}
			}
			t.answer(err)
		}, records...)
	})
	if !posted {
		return &journalError{errOver}
	}
	return <-reply
}

const minTask = 5 * time.Second

// errorName is the name that Retry and Catch see: Service.Code for an error of an AWS service, as Step Functions names those
// of its SDK integrations.
func errorName(err error) string {
	var api interface{ ErrorCode() string }
	var operation interface{ Service() string }
	if errors.As(err, &api) && errors.As(err, &operation) && api.ErrorCode() != "" {
		return strings.ReplaceAll(operation.Service(), " ", "") + "." + api.ErrorCode()
	}
	switch fault.CodeOf(err) {
	case fault.Invalid:
		return ErrInvalidInput
	case fault.NotFound:
		return ErrNotFound
	default:
		return ErrActionFailed
	}
}

// foreign carries out a resource of Step Functions.
func (t *task) foreign(ctx context.Context) (any, error) {
	if t.runtime.opts.Resources == nil {
		return nil, &taskError{ErrUnknown, fmt.Sprintf("riposte has no resource %q", t.command.Resource)}
	}
	r, err := t.runtime.opts.Resources.Resource(t.command.Resource)
	if err != nil {
		return nil, &taskError{ErrUnknown, err.Error()}
	}
	return t.call(ctx, r)
}

// maxDefinition bounds a playbook, because every execution keeps its own copy in the journal.
const maxDefinition = 256 << 10
