package asl

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// handle lets Retry and Catch see a failure, and ends the branch where neither wants it.
func (a *advance) handle(f *Frame, s *State, failure *failure) {
	for i, r := range s.Retry {
		if !s.matches(r.ErrorEquals, failure.name) {
			continue
		}
		retries := make([]int, len(s.Retry))
		copy(retries, f.Retries)
		if retries[i] < r.MaxAttempts {
			a.retry(f, r, i, retries)
			return
		}
		break // the first retrier that matches decides
	}
	for _, c := range s.Catch {
		if !s.matches(c.ErrorEquals, failure.name) {
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
	data, err := a.scope(f)
	if err != nil {
		return err
	}
	raw := data.input
	if s.query {
		data.failure = info
	} else {
		data.input = info
	}
	assign, err := a.assigned(f, c.assign, data)
	if err != nil {
		return err
	}
	output, err := place(f, c.result, raw, info)
	if err == nil {
		output, err = a.produced(f, c.produce, data, output)
	}
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
	var query *queryError
	if errors.As(err, &query) {
		return failed(ErrQueryEvaluation, "An error occurred while executing the state '%s' (entered at the event id #%d). %v", f.State, f.event, query)
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
