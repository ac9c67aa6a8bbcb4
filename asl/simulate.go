package asl

import "encoding/json"

// Mock is a task's result in a simulation: an output, or an error with its cause.
type Mock struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

// Simulate runs an execution without the world: tasks take their results from the mocks in turn, waits and delays take no
// time but move the clock. A task without a mock left fails with States.TaskFailed. It returns the execution and its records.
func (m *Machine) Simulate(input json.RawMessage, mocks []Mock, env Env) (*Execution, []Record) {
	x := m.Begin(input, env.Now)
	var records []Record
	for {
		records = append(records, m.Advance(x, env)...)
		commands := m.Next(x)
		if len(commands) == 0 {
			return x, records
		}
		switch c := commands[0]; c.Action {
		case Sleep:
			env.Now = c.Until
			if !x.Deadline.IsZero() && x.Deadline.Before(env.Now) {
				env.Now = x.Deadline
			}
		case RunTask:
			r := Failure(c.Path, ErrTaskFailed, "There is no mock for the task %s.", c.State)
			if len(mocks) > 0 {
				r = Record{Kind: Outcome, Path: c.Path, Output: mocks[0].Output, Error: mocks[0].Error, Cause: mocks[0].Cause}
				mocks = mocks[1:]
			}
			r.Time = env.Now
			x.Apply(r)
			records = append(records, r)
		}
	}
}
