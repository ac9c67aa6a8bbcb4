package asl

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// enter goes to a state for the first time in a visit.
func (a *advance) enter(f *Frame, name string, input json.RawMessage, assign map[string]json.RawMessage) {
	r := Record{Kind: Entered, Path: f.Path, State: name, Input: input, Assign: assign}
	next := &Frame{Path: f.Path, State: name, Input: input, Entered: a.env.Now, parent: f.parent, index: f.index, state: a.machine.State(name),
		variables: &variables{outer: f.variables}}
	for k, raw := range assign {
		v, _ := parseValue(raw)
		next.variables.set(k, v)
	}
	next.first, next.taken = f.first, f.taken
	next.event = *f.events + len(entering(f, r, next.state)) - len(atOnce(next.state, r))
	if f.state == nil && f.taken > 1 {
		r.Taken = f.taken
	}
	a.prepare(&r, next, next.state)
	a.emit(r)
	if entered := a.x.Frames[f.Path]; entered != nil {
		entered.value = next.value
	}
}

// visit enters the frame's state again, for another try.
func (a *advance) visit(f *Frame, s *State, retries []int) {
	r := Record{Kind: Entered, Path: f.Path, State: f.State, Input: f.Input, Retries: retries, Redriven: f.again}
	a.prepare(&r, f, s)
	a.emit(r)
}

// prepare evaluates what a Task's resource or the branches receive, and how long a Task or Wait may take.
func (a *advance) prepare(r *Record, f *Frame, s *State) {
	if s.Type != Task && s.Type != Wait && !s.forks() {
		return
	}
	if strings.HasSuffix(s.Resource, waitForToken) {
		r.Token = a.token(f.Path)
		f.Token = r.Token
	}
	data, err := a.effective(f, s)
	switch {
	case err != nil:
	case s.Type == Wait:
		r.Due, err = a.waitUntil(f, s, data)
	case s.Type == Map:
		err = a.prepareMap(r, f, s, data)
	default:
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
		r.Error, r.Cause, r.Token = failure.name, failure.cause, ""
	}
}

// waitForToken ends the resources of tasks that wait for a callback
// (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token).
const waitForToken = ".waitForTaskToken"

func (a *advance) token(path string) string {
	if a.env.Token != nil {
		return a.env.Token(path)
	}
	return fmt.Sprintf("%016x%016x", a.env.Random(), a.env.Random())
}

// limits sets the deadlines of a task, and as whom it runs.
func (a *advance) limits(r *Record, f *Frame, s *State, data *scope) error {
	if s.credentials != nil {
		as, err := a.evaluate(f, s.credentials, data)
		if err != nil {
			return err
		}
		r.Credentials = encode(as)
	}
	if s.heartbeat.given {
		limit, err := a.duration(f, "HeartbeatSecondsPath", s.heartbeat, data)
		if err != nil {
			return err
		}
		r.Heartbeat = int(limit / time.Second)
	}
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
	if s.of != nil {
		n, err := a.queryNumber(f, s.of, data, maxSeconds)
		return time.Duration(n) * time.Second, err
	}
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
	case s.timestampOf != nil:
		return a.queryTime(f, s.timestampOf, data)
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
