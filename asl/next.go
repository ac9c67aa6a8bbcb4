package asl

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Action is what a Command asks for.
type Action string

// What the world is asked for.
const (
	Evaluate     Action = "evaluate" // call Advance: there is more to do without the world
	RunTask      Action = "task"     // run the resource with the arguments, then apply an outcome record
	ReadItems    Action = "read"     // read a Map's items, then apply what ItemRecords makes of them, or a failure
	WriteResults Action = "write"    // write a Map's Results, then apply an outcome record that says where they are
	Sleep        Action = "wait"     // call Advance at Until
)

// Command is what a branch of an execution needs to go on. Path, Event and Attempt together are unique in an execution.
type Command struct {
	Action Action
	Path   string
	State  string

	Resource    string          // RunTask, ReadItems, WriteResults
	Arguments   json.RawMessage // the same
	Credentials json.RawMessage // RunTask: the state's Credentials, nil for none
	Token       string          // RunTask: of the callback that the task waits for; "" for a task that answers by itself
	Submission  json.RawMessage // RunTask: what Submitted recorded; where there is one the call was made already
	Reader      *Reader         // ReadItems
	Writer      *Writer         // WriteResults
	Attempt     int             // how often it was tried before
	Event       int             // the event that entered the state
	Until       time.Time       // Sleep: when to go on. RunTask: when it times out, zero for never
	Heartbeat   time.Duration   // RunTask: the longest time between heartbeats, 0 for no limit
}

// asks says what the branch waits for.
func (f *Frame) asks(x *Execution) (Command, bool) {
	c := Command{Action: Evaluate, Path: f.Path, State: f.State, Event: f.event, Attempt: f.Attempt()}
	s := f.state
	switch {
	case s == nil, f.outcome != nil, f.again:
	case f.Waiting, s.Type == Wait && !f.Due.IsZero():
		c.Action, c.Until = Sleep, f.Due
	case s.Type == Task:
		c.Action, c.Resource, c.Arguments, c.Until = RunTask, s.Resource, f.Arguments, f.Deadline
		c.Credentials, c.Token, c.Submission, c.Heartbeat = f.Credentials, f.Token, f.Submission, f.Heartbeat
	case f.reads():
		c.Action, c.Resource, c.Arguments, c.Reader = ReadItems, s.iterate.reader.Resource, f.Arguments, s.iterate.reader.with(f.fork.run)
	case f.writes():
		c.Action, c.Resource, c.Arguments, c.Writer = WriteResults, s.iterate.writer.Resource, f.fork.run.Writer, s.iterate.writer
	case f.fork != nil && f.fork.running > 0 && !f.fork.broken() && !f.fork.mayStart(x):
		return c, false // its branches have to go on
	}
	return c, true
}

// Next says what each branch waits for, by path; nothing for an execution that has ended. It depends on the records only.
// Beside what it says, Advance is to be called at the time that Wake says.
func (m *Machine) Next(x *Execution) []Command {
	if x.Status != "" {
		return nil
	}
	root := x.Frames[""]
	if root == nil {
		return []Command{{Action: Evaluate}}
	}
	return root.commands(x, nil)
}

func (f *Frame) commands(x *Execution, list []Command) []Command {
	if c, ok := f.asks(x); ok {
		list = append(list, c)
	}
	if f.fork != nil && f.outcome == nil {
		for _, branch := range inOrder(f.fork.branches) {
			list = branch.commands(x, list)
		}
	}
	return list
}

// Changes says what became different since it was asked last, or since Begin: what the world is asked for now, and which of its
// earlier commands are over, because they ended or because nobody waits for them any more. It costs nothing for the branches
// in which nothing happened. Sleep and Evaluate are not told: see Wake and Ready.
func (m *Machine) Changes(x *Execution) (begin, over []Command) {
	s := &x.schedule
	over, s.gone = s.gone, nil
	for _, f := range s.touched {
		f.noted = false
		if x.Status != "" || f.asked != nil || x.Frames[f.Path] != f {
			continue
		}
		if c, ok := f.asks(x); ok && c.Action != Sleep && c.Action != Evaluate {
			f.asked = &c
			begin = append(begin, c)
		}
	}
	s.touched = nil
	slices.SortStableFunc(begin, func(a, b Command) int { return cmp.Compare(a.Event, b.Event) })
	return begin, over
}

// Ready reports whether Advance has something to do now.
func (x *Execution) Ready() bool {
	return x.Status == "" && (len(x.Frames) == 0 || len(x.schedule.urgent)+len(x.schedule.ready) > 0)
}

// Wake returns when Advance is to be called although nothing has happened: a wait is over, a task or the execution is late.
// It is zero where no such time is set.
func (x *Execution) Wake() time.Time {
	if x.Status != "" {
		return time.Time{}
	}
	x.schedule.tidy(x)
	at := x.Deadline
	if t := x.schedule.timers; len(t) > 0 && (at.IsZero() || t[0].at.Before(at)) {
		at = t[0].at
	}
	return at
}
