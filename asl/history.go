package asl

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// HistoryEvent is an event of an execution's history as Step Functions tells it
// (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).
type HistoryEvent struct {
	ID       int
	Previous int // the event that led to this one; 0 for the first
	Time     time.Time
	Type     EventType

	Path      string // the branch
	State     string
	Index     int // of the iteration
	Input     json.RawMessage
	Output    json.RawMessage
	Assigned  map[string]json.RawMessage // the variables that the state has set
	Error     string
	Cause     string
	Resource  string
	Arguments json.RawMessage
	Timeout   time.Duration // of the task
	Heartbeat time.Duration
	RoleARN   string // as whom the task runs
	Length    int    // of a Map's items
	Redrives  int
}

// History tells what the records of an execution say. Iterations of distributed Maps have histories of their own, which are not in it.
func (m *Machine) History(input json.RawMessage, started time.Time, records []Record) []HistoryEvent {
	h := &history{m: m, x: m.Begin(input, started), last: map[*Frame]int{}, forked: map[*Frame]int{}}
	h.events = []HistoryEvent{{ID: 1, Time: started, Type: ExecutionStarted, Input: input}}
	h.since = 1
	for _, r := range records {
		h.add(r)
	}
	return h.events
}

type history struct {
	m      *Machine
	x      *Execution
	events []HistoryEvent
	since  int            // the event that the execution began or went on with
	last   map[*Frame]int // the latest event of a branch
	forked map[*Frame]int // the event that began the branches of a state
}

func (h *history) add(r Record) {
	f := h.x.Frames[r.Path]
	var types []EventType
	before, entered := h.x.Events, h.m.State(r.State)
	probe := &Frame{}
	if f != nil {
		*probe = *f
	} else if parent, _, index, ok := splitPath(r.Path); ok {
		probe.parent, probe.index = h.x.Frames[parent], index
	}
	switch {
	case r.Kind == Redriven:
		types = []EventType{ExecutionRedriven}
	case f == nil && r.Kind == Ended && r.Path == "":
		types = eventsOf(nil, r, nil)
	case f != nil || r.Kind == Entered && (r.Path == "" || probe.parent != nil && probe.parent.state != nil):
		types = eventsOf(probe, r, entered)
	}
	var aborted []int
	if r.Kind == Outcome && f != nil && f.fork != nil {
		aborted = f.fork.underWay()
	}
	h.x.Apply(r)
	if h.x.Events != before+len(types) { // it was late, or belongs to another history
		return
	}
	if f == nil {
		f = h.x.Frames[r.Path]
	}
	for i, kind := range types {
		e := HistoryEvent{ID: before + 1 + i, Previous: h.previous(f, kind), Time: r.Time, Type: kind, Path: r.Path, Redrives: h.x.Redrives}
		if kind == MapIterationAborted {
			e.Index, aborted = aborted[0], aborted[1:]
			e.State = probe.state.Name
		} else {
			e.fill(r, probe, entered)
		}
		h.note(f, e)
	}
	if f != nil && f.parent != nil && h.x.Frames[f.Path] != f { // the branch has ended
		h.last[f.parent] = h.previous(f, "")
		delete(h.last, f)
	}
}

// previous is the event that leads to the branch's next one.
func (h *history) previous(f *Frame, kind EventType) int {
	if kind == ExecutionRedriven || f == nil {
		return len(h.events)
	}
	if id, ok := h.last[f]; ok {
		return id
	}
	if f.parent != nil && h.forked[f.parent] > h.since {
		return h.forked[f.parent]
	}
	return h.since
}

func (h *history) note(f *Frame, e HistoryEvent) {
	h.events = append(h.events, e)
	switch e.Type {
	case ExecutionRedriven:
		h.since = e.ID
		clear(h.last)
		return
	case ParallelStateStarted, MapStateStarted, MapRunStarted:
		h.forked[f] = e.ID
	}
	if f == nil {
		return
	}
	h.last[f] = e.ID
}

// underWay lists the iterations that have not ended, by index.
func (k *fork) underWay() []int {
	return slices.Sorted(maps.Keys(k.branches))
}

// fill takes over what a record says of an event; f is the branch as it was before.
func (e *HistoryEvent) fill(r Record, f *Frame, entered *State) {
	state := f.state
	if r.Kind == Entered && !strings.HasSuffix(string(e.Type), "StateExited") {
		state = entered
	}
	if state != nil {
		e.State = state.Name
	}
	switch kind := string(e.Type); {
	case strings.HasSuffix(kind, "StateEntered"):
		e.Input = r.Input
	case strings.HasSuffix(kind, "StateExited"):
		e.Output, e.Assigned = r.Input, r.Assign
		if r.Kind == Ended {
			e.Output = r.Output
		}
	case strings.HasPrefix(kind, "MapIteration"):
		e.State, e.Index = f.parent.state.Name, f.index
		e.Error, e.Cause = r.Error, r.Cause
	case e.Type == MapStateStarted:
		e.Length = len(f.fork.items)
	case strings.HasPrefix(kind, "Execution"):
		e.State, e.Output, e.Error, e.Cause = "", r.Output, r.Error, r.Cause
	case e.Type == TaskScheduled:
		e.ofTask(r, f, state)
	default:
		e.Output, e.Error, e.Cause = r.Output, r.Error, r.Cause
		if state != nil {
			e.Resource = state.Resource
		}
	}
	e.named()
}

func (e *HistoryEvent) ofTask(r Record, f *Frame, s *State) {
	e.Resource, e.Arguments, e.Heartbeat = s.Resource, r.Arguments, time.Duration(r.Heartbeat)*time.Second
	if !r.Deadline.IsZero() {
		e.Timeout = r.Deadline.Sub(r.Time)
	}
	var credentials struct{ RoleArn string }
	if err := json.Unmarshal(r.Credentials, &credentials); err == nil {
		e.RoleARN = credentials.RoleArn
	}
}

// named gives the event the name that it has for functions and activities, which have their own.
func (e *HistoryEvent) named() {
	kind, ok := strings.CutPrefix(string(e.Type), "Task")
	if !ok || strings.HasPrefix(kind, "State") {
		return
	}
	switch {
	case strings.HasPrefix(e.Resource, "arn:") && strings.Contains(e.Resource, ":lambda:") && strings.Contains(e.Resource, ":function:"):
		e.Type = EventType("LambdaFunction" + kind)
	case strings.HasPrefix(e.Resource, "arn:") && strings.Contains(e.Resource, ":activity:"):
		e.Type = EventType("Activity" + kind)
	}
}
