package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/fault"
)

// The resources that a Task may have.
const (
	ActionResource = "riposte:action:" // + SERVICE.NAME of the action; input {account?, region?, parameters…}
	NotifyResource = "riposte:notify"  // input {message?, routes?, to?}
	undoResource   = "riposte:undo"    // of the definitions that Runtime.Undo makes
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

// runTask carries a task out and returns its outcome. An error means that there is none: the runtime is stopping, or the
// journal refused.
func (r *Runtime) runTask(ctx context.Context, e *execution, c asl.Command, resumed bool) (Record, error) {
	began := r.opts.Now()
	ctx, cancel := r.deadline(ctx, e, c)
	defer cancel()
	t := &task{runtime: r, e: e, command: c, resumed: resumed, effect: Effect{Path: c.Path, State: c.State}}
	var output any
	var err error
	switch {
	case strings.HasPrefix(c.Resource, ActionResource):
		output, err = t.action(ctx, strings.TrimPrefix(c.Resource, ActionResource))
	case c.Resource == NotifyResource:
		output, err = t.notify(ctx)
	case c.Resource == undoResource:
		output, err = t.undo(ctx)
	default:
		err = &taskError{ErrUnknown, fmt.Sprintf("riposte has no resource %q", c.Resource)}
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
	step, err := t.outcome(ctx, output, err)
	if err != nil {
		return Record{}, err
	}
	record.Step = &step
	result := "ok"
	if step.Error != "" {
		result = step.Error
	}
	r.metrics.tasks.WithLabelValues(c.Resource, result).Inc()
	r.observe(e, StepFinished, c.State, t.effect.Plan, "%s", t.summary(step))
	return record, nil
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
	case err != nil:
		return asl.Failure(t.command.Path, errorName(err), "%s", err), nil
	}
	raw, err := json.Marshal(output)
	if err != nil {
		return asl.Record{}, fault.New(fault.Internal, "the output of %s can't be written: %w", t.command.State, err)
	}
	return asl.Result(t.command.Path, raw), nil
}

// deadline bounds a task by its own timeout, the execution's, and the default, on the runtime's clock.
func (r *Runtime) deadline(ctx context.Context, e *execution, c asl.Command) (context.Context, func()) {
	until := c.Until
	if until.IsZero() {
		until = r.opts.Now().Add(r.opts.TaskTimeout)
	}
	if d := e.state.Deadline; !d.IsZero() && d.Before(until) {
		until = d
	}
	// After a crash the deadline may have passed; what is under way must be looked at all the same.
	wait := max(until.Sub(r.opts.Now()), minTask)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-ctx.Done():
		case <-r.opts.After(wait):
			cancel(context.DeadlineExceeded)
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
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

// Check reports what keeps a playbook from running here: tasks with resources or actions that do not exist. Its error is
// conf.Problems, at the places in the definition's file.
func Check(m *asl.Machine, actions Actions) error {
	var problems conf.Problems
	if size := len(m.Text()); size > maxDefinition {
		problems = append(problems, conf.Problem{Message: fmt.Sprintf("the definition has %d bytes, over the limit of %d", size, maxDefinition), Hint: "split the playbook"})
	}
	for at, s := range m.All() {
		if s.Type != asl.Task || s.Resource == NotifyResource {
			continue
		}
		path := at + ".Resource"
		wanted, ok := strings.CutPrefix(s.Resource, ActionResource)
		if !ok {
			problems = append(problems, conf.Problem{Position: s.At, Path: path, Message: fmt.Sprintf("riposte has no resource %q", s.Resource),
				Hint: "write " + ActionResource + "<action> or " + NotifyResource})
			continue
		}
		a, err := actions.Action(wanted)
		if err == nil {
			path = at + ".Parameters"
			err = checkExpiry(s.Parameters, a.Spec())
		}
		if err != nil {
			problems = append(problems, conf.Problem{Position: s.At, Path: path, Message: fault.Message(err), Hint: fault.Hint(err)})
		}
	}
	return problems.Err()
}

// maxDefinition bounds a playbook, because every execution keeps its own copy in the journal.
const maxDefinition = 256 << 10
