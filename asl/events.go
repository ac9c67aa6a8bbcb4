package asl

// EventType is the type of an event in an execution's history, by Step Functions' names
// (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html). The events of entering and leaving
// a state are the state's type with StateEntered or StateExited.
type EventType string

// The types of events beside those of entering and leaving a state.
const (
	ExecutionStarted       EventType = "ExecutionStarted"
	ExecutionSucceeded     EventType = "ExecutionSucceeded"
	ExecutionFailed        EventType = "ExecutionFailed"
	ExecutionTimedOut      EventType = "ExecutionTimedOut"
	ExecutionAborted       EventType = "ExecutionAborted"
	ExecutionRedriven      EventType = "ExecutionRedriven"
	TaskScheduled          EventType = "TaskScheduled"
	TaskStarted            EventType = "TaskStarted"
	TaskSubmitted          EventType = "TaskSubmitted"
	TaskSucceeded          EventType = "TaskSucceeded"
	TaskFailed             EventType = "TaskFailed"
	TaskTimedOut           EventType = "TaskTimedOut"
	ParallelStateStarted   EventType = "ParallelStateStarted"
	ParallelStateSucceeded EventType = "ParallelStateSucceeded"
	ParallelStateFailed    EventType = "ParallelStateFailed"
	MapStateStarted        EventType = "MapStateStarted"
	MapStateSucceeded      EventType = "MapStateSucceeded"
	MapStateFailed         EventType = "MapStateFailed"
	MapIterationStarted    EventType = "MapIterationStarted"
	MapIterationSucceeded  EventType = "MapIterationSucceeded"
	MapIterationFailed     EventType = "MapIterationFailed"
	MapIterationAborted    EventType = "MapIterationAborted"
	MapRunStarted          EventType = "MapRunStarted"
	MapRunSucceeded        EventType = "MapRunSucceeded"
	MapRunFailed           EventType = "MapRunFailed"
)

// eventsOf lists the events that a record stands for, in the branch's own history; f is as it was before the record, without a
// state where the branch begins with it.
func eventsOf(f *Frame, r Record, entered *State) []EventType {
	switch r.Kind {
	case Entered:
		return entering(f, r, entered)
	case Items:
		if !r.More {
			return withRun(f, MapStateStarted, MapRunStarted)
		}
	case Submitted:
		return []EventType{TaskSubmitted}
	case Outcome:
		return ofOutcome(f, r)
	case Ended:
		return ofEnd(f, r)
	}
	return nil
}

func withRun(f *Frame, types ...EventType) []EventType {
	if !f.state.distributed() {
		return types[:1]
	}
	return types
}

func entering(f *Frame, r Record, entered *State) []EventType {
	var types []EventType
	switch {
	case r.Redriven:
	case r.Retries != nil && !r.Due.IsZero():
		return nil
	case r.Retries != nil:
	case f.state != nil:
		types = append(types, EventType(f.state.Type+"StateExited"))
		fallthrough
	default:
		if f.state == nil && f.parent != nil && f.parent.state.Type == Map {
			types = append(types, MapIterationStarted)
			if f.parent.state.distributed() {
				types[0] = ExecutionStarted
			}
		}
		types = append(types, EventType(typeOf(entered)+"StateEntered"))
	}
	return append(types, atOnce(entered, r)...)
}

// atOnce lists the events that follow at once when a state was entered.
func atOnce(entered *State, r Record) []EventType {
	switch {
	case r.Error != "":
		return nil
	case typeOf(entered) == Task:
		return []EventType{TaskScheduled, TaskStarted}
	case typeOf(entered) == Parallel:
		return []EventType{ParallelStateStarted}
	default:
		return nil
	}
}

func typeOf(s *State) Type {
	if s == nil {
		return ""
	}
	return s.Type
}

func ofOutcome(f *Frame, r Record) []EventType {
	var types []EventType
	switch {
	case f.state == nil:
	case f.state.Type == Task && r.Error == "":
		types = append(types, TaskSucceeded)
	case f.state.Type == Task && (r.Error == ErrTimeout || r.Error == ErrHeartbeatTimeout):
		types = append(types, TaskTimedOut)
	case f.state.Type == Task:
		types = append(types, TaskFailed)
	case f.state.Type == Parallel && r.Error == "":
		types = append(types, ParallelStateSucceeded)
	case f.state.Type == Parallel:
		types = append(types, ParallelStateFailed)
	case f.fork == nil || !f.fork.ready:
		types = append(types, MapStateFailed)
	case r.Error == "":
		types = withRun(f, MapStateSucceeded, MapRunSucceeded)
	default:
		for range f.fork.running {
			if f.fork.inline {
				types = append(types, MapIterationAborted)
			}
		}
		types = append(types, withRun(f, MapStateFailed, MapRunFailed)...)
	}
	return types
}

func ofEnd(f *Frame, r Record) []EventType {
	var types []EventType
	if r.Status == Succeeded && f != nil {
		types = append(types, EventType(typeOf(f.state)+"StateExited"))
	}
	switch {
	case f == nil || f.parent == nil || f.parent.state.distributed():
		types = append(types, map[Status]EventType{Succeeded: ExecutionSucceeded, Failed: ExecutionFailed, TimedOut: ExecutionTimedOut, Aborted: ExecutionAborted}[r.Status])
	case f.parent.state.Type == Map && r.Status == Succeeded:
		types = append(types, MapIterationSucceeded)
	case f.parent.state.Type == Map:
		types = append(types, MapIterationFailed)
	}
	return types
}
