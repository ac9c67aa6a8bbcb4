package asl

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Action is what a Command asks for.
type Action string

// What the world is asked for.
const (
	Evaluate Action = "evaluate" // call Advance: there is more to do without the world
	RunTask  Action = "task"     // run the resource with the arguments, then apply an outcome record
	Sleep    Action = "wait"     // call Advance at Until
)

// Command is what a branch of an execution needs to go on.
type Command struct {
	Action Action
	Path   string
	State  string

	Resource  string          // RunTask
	Arguments json.RawMessage // RunTask
	Attempt   int             // RunTask: how often it was tried before
	Event     int             // RunTask: the event that entered the state; unique in the execution
	Until     time.Time       // Sleep: when to go on. RunTask: when it times out, zero for never
	Heartbeat time.Duration   // RunTask: the longest time between heartbeats, 0 for no limit
}

// Next says what each branch waits for, by path; nothing for an execution that has ended. It depends on the records only.
// Beside what it says, Advance is to be called at the execution's Deadline.
func (m *Machine) Next(x *Execution) []Command {
	if x.Status != "" {
		return nil
	}
	if len(x.Frames) == 0 {
		return []Command{{Action: Evaluate}}
	}
	var commands []Command
	for _, path := range slices.Sorted(maps.Keys(x.Frames)) {
		f := x.Frames[path]
		s := m.States[f.State]
		c := Command{Action: Evaluate, Path: path, State: f.State}
		switch {
		case s == nil, f.outcome != nil:
		case f.Waiting, s.Type == Wait && !f.Due.IsZero():
			c.Action, c.Until = Sleep, f.Due
		case s.Type == Task:
			c.Action, c.Resource, c.Arguments, c.Until = RunTask, s.Resource, f.Arguments, f.Deadline
			c.Attempt, c.Event, c.Heartbeat = f.Attempt(), f.event, s.heartbeat.fixed
		}
		commands = append(commands, c)
	}
	return commands
}
