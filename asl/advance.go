package asl

import (
	"encoding/json"
	"fmt"
	"time"
)

// Env is what evaluation needs from outside. Its results are in the records.
type Env struct {
	Now    time.Time
	Random func() uint64
	// Token makes the token of a task that waits for a callback; nil: 32 random hexadecimal digits.
	Token func(path string) string
	// Busy reports whether the task at a path is under way in this process, which then ends it itself: Advance leaves its
	// deadlines alone. nil: none is.
	Busy    func(path string) bool
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
// early after many records; Ready then says so. Every failure of an evaluation becomes a record, as the language says.
func (m *Machine) Advance(x *Execution, env Env) []Record {
	a := &advance{machine: m, x: x, env: env}
	x.ring(env.Now)
	for x.Status == "" && len(a.records) < maxStride && a.size < maxStrideBytes {
		if !x.Deadline.IsZero() && !env.Now.Before(x.Deadline) {
			a.emit(Record{Kind: Ended, Status: TimedOut, Error: ErrTimeout, Cause: fmt.Sprintf("The execution took longer than %v.", m.Timeout)})
			break
		}
		if x.Frames[""] == nil {
			a.begin()
			continue
		}
		f := x.schedule.next()
		if f == nil {
			break
		}
		if x.Frames[f.Path] == f {
			a.step(f)
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
	extra   map[string]any // parts of the context object that were read
}

func (a *advance) emit(r Record) {
	r.Time = a.env.Now
	a.x.Apply(r)
	a.records = append(a.records, r)
	a.size += len(r.Input) + len(r.Arguments) + len(r.Output) + 200
	for _, v := range r.Assign {
		a.size += len(v)
	}
	for _, v := range r.Items {
		a.size += len(v)
	}
}

func (a *advance) begin() {
	if len(a.x.Input) > MaxData {
		a.emit(Record{Kind: Ended, Status: Failed, Error: ErrDataLimitExceeded, Cause: fmt.Sprintf("The input has %d bytes, over the limit of %d.", len(a.x.Input), MaxData)})
		return
	}
	a.enter(&Frame{events: &a.x.Events}, a.machine.StartAt, a.x.Input, nil)
}

// step moves a branch by one record, where it does not wait.
func (a *advance) step(f *Frame) {
	s := f.state
	if s == nil { // only where the definition is not the one that the records were made with
		a.end(f, failed(ErrRuntime, "The definition has no state '%s'.", f.State))
		return
	}
	if *f.events > MaxEvents {
		a.tooLong(f)
		return
	}
	due := !a.env.Now.Before(f.Due)
	switch {
	case f.again:
		a.visit(f, s, nil)
	case f.Waiting && due:
		a.visit(f, s, f.Retries)
	case f.outcome != nil && f.outcome.Error != "":
		a.handle(f, s, &failure{f.outcome.Error, f.outcome.Cause})
	case f.outcome != nil:
		a.taskDone(f, s)
	case s.Type == Task:
		a.checkTime(f)
	case f.Waiting, s.Type == Wait && !due:
	case s.forks():
		a.branches(f, s)
	case s.Type == Choice:
		a.choose(f, s)
	case s.Type == Fail:
		a.fail(f, s)
	default:
		a.pass(f, s)
	}
}

// tooLong ends the history that the branch belongs to: the execution's, or that of an iteration of a distributed Map.
func (a *advance) tooLong(f *Frame) {
	for f.parent != nil && f.parent.events == f.events {
		f = f.parent
	}
	a.end(f, failed(ErrRuntime, "The execution has more than %d events; look for a loop without an end.", MaxEvents))
}

// busyRest is when a task is looked at again that is late and under way in this process: it ends by itself at that moment, nearly
// always.
const busyRest = time.Minute

// checkTime ends a task that is late.
func (a *advance) checkTime(f *Frame) {
	if at := f.wakes(); f.Waiting || at.IsZero() || a.env.Now.Before(at) {
		return
	}
	if a.env.Busy != nil && a.env.Busy(f.Path) {
		a.x.schedule.at(f, a.env.Now.Add(busyRest))
		return
	}
	if !f.Deadline.IsZero() && !a.env.Now.Before(f.Deadline) {
		a.emit(Failure(f.Path, ErrTimeout, "The task of the state '%s' took longer than its timeout.", f.State))
		return
	}
	a.emit(Failure(f.Path, ErrHeartbeatTimeout, "The task of the state '%s' gave no sign of life for %v.", f.State, f.Heartbeat))
}
