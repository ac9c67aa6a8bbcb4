package asl

import (
	"encoding/json"
	"time"
)

// Execution is what a list of records says. The zero value is not ready: use Begin.
type Execution struct {
	Input    json.RawMessage
	Started  time.Time
	Deadline time.Time // when the execution times out; zero: never

	Frames   map[string]*Frame // by path: where each branch is that is under way
	Events   int               // of the history, as Step Functions counts them
	Redrives int               // how often it was redriven
	Redriven time.Time         // the last time
	Status   Status
	Output   json.RawMessage
	Error    string
	Cause    string

	machine  *Machine
	schedule schedule
	tokens   map[string]*Frame
	input    any // Input, once somebody asked for it
}

// Begin returns an execution before its first record.
func (m *Machine) Begin(input json.RawMessage, now time.Time) *Execution {
	x := &Execution{Input: input, Started: now, Frames: map[string]*Frame{}, Events: 1, machine: m, tokens: map[string]*Frame{}}
	if m.Timeout > 0 {
		x.Deadline = now.Add(m.Timeout)
	}
	return x
}

// ByToken returns the path of the task that waits for a callback with the token.
func (x *Execution) ByToken(token string) (path string, ok bool) {
	f := x.tokens[token]
	if f == nil || x.Status != "" {
		return "", false
	}
	return f.Path, true
}

// Apply takes in the next record. It evaluates nothing; a record of a branch that is not there, or of a task's try that is
// over, is ignored.
func (x *Execution) Apply(r Record) {
	if x.Status != "" {
		if r.Kind == Redriven {
			x.redrive(r)
		}
		return
	}
	f := x.Frames[r.Path]
	if r.Kind == Entered {
		x.enter(f, r)
		return
	}
	if f == nil {
		if r.Kind == Ended && r.Path == "" {
			x.Events += len(eventsOf(nil, r, nil))
			x.end(r)
		}
		return
	}
	if r.Token != "" && r.Token != f.Token {
		return
	}
	if f.late(r) {
		return
	}
	*f.events += len(eventsOf(f, r, nil))
	switch r.Kind {
	case Items:
		if f.fork.read(r); f.fork.ready {
			x.over(f)
		}
	case Submitted:
		f.Submission = r.Output
	case Heartbeat:
		f.alive = r.Time
	case Outcome:
		x.over(f)
		f.outcome = &r
		f.halt(x)
	case Ended:
		if f.parent == nil {
			x.end(r)
			return
		}
		x.endBranch(f, r)
		return
	}
	x.schedule.update(f)
}

// late reports whether a record is for a try that is over.
func (f *Frame) late(r Record) bool {
	switch r.Kind {
	case Items:
		return f.outcome != nil || f.fork == nil || f.fork.ready
	case Outcome, Heartbeat, Submitted:
		return f.outcome != nil || f.Waiting
	default:
		return false
	}
}

func (x *Execution) end(r Record) {
	x.Status, x.Output, x.Error, x.Cause = r.Status, r.Output, r.Error, r.Cause
	for _, f := range x.Frames {
		x.over(f)
	}
}

// over takes back what the world was asked for the frame's try.
func (x *Execution) over(f *Frame) {
	delete(x.tokens, f.Token)
	x.schedule.over(f)
}

// enter takes a branch to a state, for the first time in this visit or again.
func (x *Execution) enter(f *Frame, r Record) {
	again := r.Retries != nil || r.Redriven
	if f == nil {
		if f = x.branch(r); f == nil {
			return
		}
	} else {
		x.over(f)
		f.drop(x)
	}
	state := x.machine.State(r.State)
	*f.events += len(eventsOf(f, r, state))
	if !again {
		f.event = *f.events - len(atOnce(state, r))
	} else if r.Redriven {
		f.event = *f.events - max(len(atOnce(state, r))-1, 0)
	}
	if !again {
		f.Entered = r.Time
	}
	f.State, f.Input, f.Arguments, f.Due, f.Deadline, f.Retries = r.State, r.Input, r.Arguments, r.Due, r.Deadline, r.Retries
	f.Token, f.Credentials, f.Heartbeat, f.alive = r.Token, r.Credentials, time.Duration(r.Heartbeat)*time.Second, r.Time
	f.Submission, f.again, f.value, f.outcome = nil, false, nil, nil
	f.state = state
	f.Waiting = r.Retries != nil && !r.Due.IsZero()
	if r.Error != "" {
		f.outcome = &r
	}
	for name, raw := range r.Assign {
		if v, err := parseValue(raw); err == nil { // written by Advance, so it parses
			f.variables.set(name, v)
		}
	}
	if f.Token != "" {
		x.tokens[f.Token] = f
	}
	if f.state != nil && f.state.forks() && !f.Waiting && r.Error == "" {
		f.begin(r.Map)
	}
	x.schedule.update(f)
}

// branch makes the frame of a branch's first record, nil where nothing waits for it.
func (x *Execution) branch(r Record) *Frame {
	if r.Path == "" {
		f := &Frame{events: &x.Events, variables: &variables{}}
		x.Frames[""] = f
		return f
	}
	parentPath, prefix, index, ok := splitPath(r.Path)
	p := x.Frames[parentPath]
	if !ok || p == nil || p.fork == nil || p.fork.prefix != prefix || index != p.fork.begun {
		return nil
	}
	f := &Frame{Path: r.Path, parent: p, index: index, events: p.events, variables: &variables{outer: p.variables}}
	p.fork.start(f, max(r.Taken, 1))
	if p.state.distributed() {
		f.events = new(int)
	}
	f.began, f.given = r.Time, r.Input
	x.Frames[r.Path] = f
	x.schedule.update(p)
	return f
}

// endBranch tells the state that the branch belongs to.
func (x *Execution) endBranch(f *Frame, r Record) {
	x.over(f)
	f.halt(x)
	delete(x.Frames, f.Path)
	k := f.parent.fork
	if k.ended(f, r); k.broken() {
		x.schedule.urgent = append(x.schedule.urgent, f.parent)
	}
	x.schedule.update(f.parent)
}
