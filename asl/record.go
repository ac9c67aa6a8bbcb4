package asl

import (
	"encoding/json"
	"time"
)

// Kind of a record.
type Kind string

// The kinds of records that make an execution.
const (
	Entered Kind = "entered" // a state was entered, or will be tried again
	Outcome Kind = "outcome" // a task ended
	Ended   Kind = "ended"   // the branch ended; with path "" the execution
)

// Status of an execution that ended, by Step Functions' names; "" while it runs.
type Status string

// How an execution can end.
const (
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
)

// Record is one step of an execution, with everything that was evaluated in it. Records of a journal are applied in order.
type Record struct {
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`
	// Path is the branch: "" for the machine's own states, "Par/0" for the first branch of the state Par, and so on.
	Path  string `json:"path,omitempty"`
	State string `json:"state,omitempty"`

	Input     json.RawMessage            `json:"input,omitempty"`     // entered: what the state before gave
	Arguments json.RawMessage            `json:"arguments,omitempty"` // entered: what the task's resource receives
	Assign    map[string]json.RawMessage `json:"assign,omitempty"`    // entered: variables that the state before has set
	Due       time.Time                  `json:"due,omitzero"`        // entered: a Wait's end, or when to try again
	Deadline  time.Time                  `json:"deadline,omitzero"`   // entered: when the task times out
	Retries   []int                      `json:"retries,omitempty"`   // entered: tries so far by retrier; set when trying again

	Output json.RawMessage `json:"output,omitempty"` // outcome and ended: the result
	Status Status          `json:"status,omitempty"` // ended
	Error  string          `json:"error,omitempty"`  // outcome and ended: the error's name; entered: its arguments failed with it
	Cause  string          `json:"cause,omitempty"`  // beside Error
}

// Execution is what a list of records says. The zero value is not ready: use Begin.
type Execution struct {
	Input    json.RawMessage
	Started  time.Time
	Deadline time.Time // when the execution times out; zero: never

	Frames map[string]*Frame // by path: where each branch is
	Events int               // of the history, as Step Functions counts them
	Status Status
	Output json.RawMessage
	Error  string
	Cause  string
}

// Frame is where a branch is.
type Frame struct {
	Path      string
	State     string
	Input     json.RawMessage
	Arguments json.RawMessage
	Entered   time.Time // for the first time in this visit
	Due       time.Time
	Deadline  time.Time
	Retries   []int
	Waiting   bool // for Due, before it is tried again

	variables map[string]any
	outcome   *Record // of the task, or the failure of its arguments
	event     int     // number of the StateEntered event
}

// Attempt counts the tries of the state before this one.
func (f *Frame) Attempt() int {
	n := 0
	for _, tries := range f.Retries {
		n += tries
	}
	return n
}

// Begin returns an execution before its first record.
func (m *Machine) Begin(input json.RawMessage, now time.Time) *Execution {
	x := &Execution{Input: input, Started: now, Frames: map[string]*Frame{}, Events: 1}
	if m.Timeout > 0 {
		x.Deadline = now.Add(m.Timeout)
	}
	return x
}

// Apply takes in the next record. It evaluates nothing; a record of a branch that is not there is ignored.
func (x *Execution) Apply(r Record) {
	f := x.Frames[r.Path]
	switch r.Kind {
	case Entered:
		x.enter(f, r)
	case Outcome:
		x.Events += 3 // scheduled, started, and succeeded or failed
		if f != nil {
			f.outcome = &r
		}
	case Ended:
		if r.Path != "" {
			delete(x.Frames, r.Path)
			return
		}
		x.Status, x.Output, x.Error, x.Cause = r.Status, r.Output, r.Error, r.Cause
	}
}

func (x *Execution) enter(f *Frame, r Record) {
	if f == nil {
		f = &Frame{Path: r.Path, variables: map[string]any{}}
		x.Frames[r.Path] = f
	} else if r.Retries == nil {
		x.Events++ // the state before was left
	}
	if r.Retries == nil {
		x.Events++
		f.event, f.Entered = x.Events, r.Time
	}
	f.State, f.Input, f.Arguments, f.Due, f.Deadline, f.Retries = r.State, r.Input, r.Arguments, r.Due, r.Deadline, r.Retries
	f.Waiting = r.Retries != nil && !r.Due.IsZero()
	f.outcome = nil
	if r.Error != "" {
		f.outcome = &r
	}
	for name, raw := range r.Assign {
		if v, err := parseValue(raw); err == nil { // written by Advance, so it parses
			f.variables[name] = v
		}
	}
}

// Event returns the number of the frame's StateEntered event in the history, as Step Functions counts.
func (f *Frame) Event() int { return f.event }
