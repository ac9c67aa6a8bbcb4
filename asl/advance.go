package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Env is what evaluation needs from outside. Its results are in the records.
type Env struct {
	Now     time.Time
	Random  func() uint64
	Context Context
}

// Context is the part of the context object ($$) that is the same throughout an execution
// (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html).
type Context struct {
	ExecutionID, ExecutionName, RoleARN string
	MachineID, MachineName              string
	Extra                               map[string]json.RawMessage // further top-level names
}

// maxStride bounds the records of one Advance, so that one append to a journal holds them.
const (
	maxStride      = 64
	maxStrideBytes = 512 << 10
)

// Advance moves the execution as far as it goes without the world and returns the records, which it has applied. It stops
// early after many records; Next then says Evaluate. Every failure of an evaluation becomes a record, as the language says.
func (m *Machine) Advance(x *Execution, env Env) []Record {
	a := &advance{machine: m, x: x, env: env}
	for x.Status == "" && len(a.records) < maxStride && a.size < maxStrideBytes {
		if !x.Deadline.IsZero() && !env.Now.Before(x.Deadline) {
			a.emit(Record{Kind: Ended, Status: TimedOut, Error: ErrTimeout, Cause: fmt.Sprintf("The execution took longer than %v.", m.Timeout)})
			break
		}
		if x.Events > MaxEvents {
			a.emit(Record{Kind: Ended, Status: Failed, Error: ErrRuntime, Cause: fmt.Sprintf("The execution has more than %d events; look for a loop without an end.", MaxEvents)})
			break
		}
		if !a.step() {
			break
		}
	}
	return a.records
}

type advance struct {
	machine *Machine
	x       *Execution
	env     Env
	records []Record
	size    int
}

func (a *advance) emit(r Record) {
	r.Time = a.env.Now
	a.x.Apply(r)
	a.records = append(a.records, r)
	a.size += len(r.Input) + len(r.Arguments) + len(r.Output) + 200
	for _, v := range r.Assign {
		a.size += len(v)
	}
}

// step moves one branch by one record; false where all of them wait for the world.
func (a *advance) step() bool {
	if len(a.x.Frames) == 0 {
		if len(a.x.Input) > MaxData {
			a.emit(Record{Kind: Ended, Status: Failed, Error: ErrDataLimitExceeded, Cause: fmt.Sprintf("The input has %d bytes, over the limit of %d.", len(a.x.Input), MaxData)})
			return true
		}
		a.enter("", a.machine.StartAt, a.x.Input, nil)
		return true
	}
	for _, path := range slices.Sorted(maps.Keys(a.x.Frames)) {
		f := a.x.Frames[path]
		s := a.machine.States[f.State]
		if s == nil { // only where the definition is not the one that the records were made with
			a.end(f, failed(ErrRuntime, "The definition has no state '%s'.", f.State))
			return true
		}
		due := !a.env.Now.Before(f.Due)
		switch {
		case f.Waiting && due:
			a.visit(f, s, f.Retries)
		case f.outcome != nil && f.outcome.Error != "":
			a.handle(f, s, &failure{f.outcome.Error, f.outcome.Cause})
		case f.outcome != nil:
			a.taskDone(f, s)
		case f.Waiting, s.Type == Task, s.Type == Wait && !due:
			continue
		case s.Type == Choice:
			a.choose(f, s)
		case s.Type == Fail:
			a.fail(f, s)
		default:
			a.pass(f, s)
		}
		return true
	}
	return false
}

// enter goes to a state for the first time in a visit.
func (a *advance) enter(path, name string, input json.RawMessage, assign map[string]json.RawMessage) {
	r := Record{Kind: Entered, Path: path, State: name, Input: input, Assign: assign}
	variables := map[string]any{}
	if f := a.x.Frames[path]; f != nil {
		maps.Copy(variables, f.variables)
	}
	for k, raw := range assign {
		variables[k], _ = parseValue(raw)
	}
	next := &Frame{Path: path, State: name, Input: input, Entered: a.env.Now, variables: variables, event: a.nextEvent(path)}
	a.prepare(&r, next, a.machine.States[name])
	a.emit(r)
}

// nextEvent is the number that the event of entering a state will have.
func (a *advance) nextEvent(path string) int {
	if a.x.Frames[path] != nil {
		return a.x.Events + 2 // exited, entered
	}
	return a.x.Events + 1
}

// visit enters the frame's state again, for another try.
func (a *advance) visit(f *Frame, s *State, retries []int) {
	r := Record{Kind: Entered, Path: f.Path, State: f.State, Input: f.Input, Retries: retries}
	a.prepare(&r, f, s)
	a.emit(r)
}

// prepare evaluates what a Task's resource receives and how long a Task or Wait may take.
func (a *advance) prepare(r *Record, f *Frame, s *State) {
	if s.Type != Task && s.Type != Wait {
		return
	}
	data, err := a.effective(f, s)
	if err == nil && s.Type == Wait {
		r.Due, err = a.waitUntil(f, s, data)
	} else if err == nil {
		arguments := data.input
		if s.parameters != nil {
			arguments, err = a.evaluate(f, s.parameters, data)
		}
		if err == nil {
			r.Arguments = encode(arguments)
			err = a.limits(r, f, s, data)
		}
	}
	if failure := asFailure(f, err); failure != nil {
		r.Error, r.Cause = failure.name, failure.cause
	}
}

// limits sets the deadline of a task.
func (a *advance) limits(r *Record, f *Frame, s *State, data *scope) error {
	if !s.timeout.given {
		return nil
	}
	limit, err := a.duration(f, "TimeoutSecondsPath", s.timeout, data)
	if err == nil {
		r.Deadline = a.env.Now.Add(limit)
	}
	return err
}

func (a *advance) duration(f *Frame, field string, s seconds, data *scope) (time.Duration, error) {
	if s.path == nil {
		return s.fixed, nil
	}
	v, err := s.path.find(data)
	if err != nil {
		return 0, notFound(f, s.path.text, field)
	}
	n, ok := number(v)
	if !ok || n < 0 || n > maxSeconds || n != math.Trunc(n) {
		return 0, runtimeFailure(f, "The %s parameter refers to a value that is not a number of seconds from 0 to %d: %s == %s", field, maxSeconds, s.path, brief(v))
	}
	return time.Duration(n) * time.Second, nil
}

func (a *advance) waitUntil(f *Frame, s *State, data *scope) (time.Time, error) {
	switch {
	case s.timestampPath != nil:
		v, err := s.timestampPath.find(data)
		if err != nil {
			return time.Time{}, notFound(f, s.timestampPath.text, "TimestampPath")
		}
		at, ok := timestamp(v)
		if !ok {
			return time.Time{}, runtimeFailure(f, "The TimestampPath parameter does not reference a valid timestamp: %s == %s", s.timestampPath, brief(v))
		}
		return at, nil
	case s.timeout.given:
		d, err := a.duration(f, "SecondsPath", s.timeout, data)
		return a.env.Now.Add(d), err
	default:
		return s.timestamp, nil
	}
}

// handle lets Retry and Catch see a failure, and ends the branch where neither wants it.
func (a *advance) handle(f *Frame, s *State, failure *failure) {
	for i, r := range s.Retry {
		if !matches(r.ErrorEquals, failure.name) {
			continue
		}
		retries := slices.Clone(f.Retries)
		if retries == nil {
			retries = make([]int, len(s.Retry))
		}
		if retries[i] < r.MaxAttempts {
			a.retry(f, r, i, retries)
			return
		}
		break // the first retrier that matches decides
	}
	for _, c := range s.Catch {
		if !matches(c.ErrorEquals, failure.name) {
			continue
		}
		if err := a.catch(f, s, c, failure); err != nil {
			a.end(f, asFailure(f, err))
		}
		return
	}
	a.end(f, failure)
}

func (a *advance) retry(f *Frame, r Retrier, i int, retries []int) {
	delay := float64(r.Interval) * math.Pow(r.BackoffRate, float64(retries[i]))
	limit := float64(maxSeconds * time.Second)
	if r.MaxDelay > 0 {
		limit = float64(r.MaxDelay)
	}
	delay = min(delay, limit)
	if r.FullJitter {
		delay *= float64(a.env.Random()>>11) / (1 << 53)
	}
	retries[i]++
	a.emit(Record{Kind: Entered, Path: f.Path, State: f.State, Input: f.Input, Retries: retries, Due: a.env.Now.Add(time.Duration(delay))})
}

func (a *advance) catch(f *Frame, s *State, c Catcher, failure *failure) error {
	info := newObject(2)
	info.set("Error", failure.name)
	info.set("Cause", failure.cause)
	data, err := a.scope(f, f.Input)
	if err != nil {
		return err
	}
	raw := data.input
	data.input = info
	assign, err := a.assigned(f, c.assign, data)
	if err != nil {
		return err
	}
	output, err := place(f, c.result, raw, info)
	if err == nil {
		err = a.move(f, s, c.Next, output, assign)
	}
	return err
}

// end ends the branch with a failure.
func (a *advance) end(f *Frame, failure *failure) {
	a.emit(Record{Kind: Ended, Path: f.Path, Status: Failed, Error: failure.name, Cause: failure.cause})
}

// asFailure turns an error of an evaluation into the language's; nil for nil.
func asFailure(f *Frame, err error) *failure {
	if err == nil {
		return nil
	}
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	name := ErrRuntime
	if errors.Is(err, errIntrinsic) {
		name = ErrIntrinsicFailure
	}
	return failed(name, "An error occurred while executing the state '%s' (entered at the event id #%d). %v", f.State, f.event, err)
}

func runtimeFailure(f *Frame, format string, args ...any) error {
	return asFailure(f, fmt.Errorf(format, args...))
}
