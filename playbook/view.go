package playbook

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
)

// View is an execution's whole history for people.
type View struct {
	ID         string          `json:"id"`
	Start      Start           `json:"start"`
	Status     Status          `json:"status"`
	State      string          `json:"state"` // where it is, or where it ended
	Error      string          `json:"error,omitempty"`
	Why        string          `json:"why,omitempty"` // the error's cause
	Output     json.RawMessage `json:"output,omitempty"`
	Hash       string          `json:"hash"` // of the definition
	Definition json.RawMessage `json:"definition"`
	Started    time.Time       `json:"started"`
	Ended      time.Time       `json:"ended,omitzero"`
	Took       time.Duration   `json:"took"` // start to end, or to the last record; ns
	FirstCall  time.Duration   `json:"first_call,omitempty"`
	Visits     []Visit         `json:"visits"`
	Plans      []action.Plan   `json:"plans,omitempty"` // as people are told of them
	Reasons    []string        `json:"reasons,omitempty"`
	Undoable   bool            `json:"undoable,omitempty"`
	Held       string          `json:"held,omitempty"`     // why it may not go on for now
	Expiries   []ExpiryView    `json:"expiries,omitempty"` // of what riposte takes back by itself
	Recovered  bool            `json:"recovered,omitempty"`
}

// Visit is one stay in a state.
type Visit struct {
	Path    string          `json:"path,omitempty"` // of the branch
	State   string          `json:"state"`
	Type    asl.Type        `json:"type"`
	Entered time.Time       `json:"entered"`
	Left    time.Time       `json:"left,omitzero"`
	Took    time.Duration   `json:"took"` // ns; 0 while it lasts
	Input   json.RawMessage `json:"input,omitempty"`
	Until   time.Time       `json:"until,omitzero"` // Wait, or a try again
	Tries   []Try           `json:"tries,omitempty"`
}

// Try is one try of a task.
type Try struct {
	Began     time.Time           `json:"began"`
	Ended     time.Time           `json:"ended,omitzero"`
	Arguments json.RawMessage     `json:"arguments,omitempty"`
	Output    json.RawMessage     `json:"output,omitempty"`
	Error     string              `json:"error,omitempty"`
	Cause     string              `json:"cause,omitempty"`
	Approvals []Approval          `json:"approvals,omitempty"`
	Intent    *Plan               `json:"intent,omitempty"` // journaled before the calls
	Effect    *Effect             `json:"effect,omitempty"`
	Diff      map[string][]string `json:"diff,omitempty"` // by item id: the change line by line, see action.Diff
}

// Get returns an execution with its whole history; fault.NotFound where there is none, fault.Invalid where its journal
// can't be read.
func (r *Runtime) Get(ctx context.Context, id string) (View, error) {
	entries, err := r.opts.Journal.Load(ctx, id)
	if err != nil {
		return View{}, err
	}
	e, err := fold(id, entries, &r.machines)
	if err != nil {
		return View{}, err
	}
	n := e.notice()
	v := View{
		ID: id, Start: e.begin.Start, Status: Running, State: e.stateAt(""), Error: e.state.Error, Why: e.state.Cause, Output: e.state.Output,
		Hash: e.begin.Hash, Definition: e.begin.Definition, Started: e.began,
		FirstCall: n.FirstCall, Plans: n.Plans, Reasons: n.Reasons, Undoable: n.Undoable, Recovered: n.Recovered,
	}
	for _, path := range slices.Sorted(maps.Keys(e.held)) {
		v.Held = e.held[path]
	}
	if v.Expiries, err = r.expiryViews(ctx, e); err != nil {
		return View{}, err
	}
	if e.state.Status != "" {
		v.Status = Status(e.state.Status)
	}
	last := e.began
	for _, entry := range entries {
		record, err := DecodeRecord(entry.Data)
		if err != nil {
			return View{}, err
		}
		last = record.Time
		v.add(record, e.machine)
		switch {
		case record.Kind == Ended && record.Step.Path == "":
			v.Ended = record.Time
		case record.Kind == Redriven:
			v.Ended = time.Time{}
		}
	}
	v.Took = last.Sub(e.began)
	return v, nil
}

// add takes a record into the visits.
func (v *View) add(r Record, m *asl.Machine) {
	var path string
	switch {
	case r.Intent != nil:
		path = r.Intent.Path
	case r.Question != nil:
		path = r.Question.Path
	case r.Answer != nil:
		v.answer(*r.Answer)
		return
	case r.Kind == Abandoned:
		v.abandoned(r.Effect)
		return
	case r.Step != nil:
		path = r.Step.Path
	default:
		return
	}
	current := v.current(path)
	switch r.Kind {
	case Asked:
		if current != nil && len(current.Tries) > 0 {
			current.Tries[len(current.Tries)-1].ask(*r.Question)
		}
	case Intent:
		if current != nil && len(current.Tries) > 0 {
			current.Tries[len(current.Tries)-1].Intent = r.Intent
		}
	case Entered:
		if r.Step.Retries == nil {
			current.leave(r.Time)
			v.Visits = append(v.Visits, Visit{Path: path, State: r.Step.State, Entered: r.Time, Input: r.Step.Input})
			current = &v.Visits[len(v.Visits)-1]
		}
		if current == nil {
			return
		}
		if s := m.State(current.State); s != nil {
			current.Type = s.Type
		}
		current.Until = r.Step.Due
		if current.Type == asl.Task && (r.Step.Retries == nil || r.Step.Due.IsZero()) {
			current.Tries = append(current.Tries, Try{Began: r.Time, Arguments: r.Step.Arguments, Error: r.Step.Error, Cause: r.Step.Cause})
		}
	case Submitted:
		if current != nil && len(current.Tries) > 0 {
			current.Tries[len(current.Tries)-1].reach(r.Effect)
		}
	case Outcome:
		if current != nil && len(current.Tries) > 0 {
			current.Tries[len(current.Tries)-1].end(r)
		}
	case Ended:
		current.leave(r.Time)
	}
}

// abandoned takes in what a try did that nobody waited for any more.
func (v *View) abandoned(f *Effect) {
	for i := len(v.Visits) - 1; i >= 0; i-- {
		visit := &v.Visits[i]
		if visit.Path == f.Path && visit.State == f.State && len(visit.Tries) > 0 {
			visit.Tries[len(visit.Tries)-1].reach(f)
			return
		}
	}
}

// ask takes a question in; the one before is not asked any more.
func (t *Try) ask(q Question) {
	if n := len(t.Approvals); n > 0 {
		t.Approvals[n-1].Status = Superseded
	}
	t.Approvals = append(t.Approvals, Approval{Question: q, Status: Open})
}

// close says where the last question stood when the task ended.
func (t *Try) close(at time.Time) {
	if n := len(t.Approvals); n > 0 {
		t.Approvals[n-1].Status = t.Approvals[n-1].StatusAt(at, at)
	}
}

// answer takes an answer to the question that it is for.
func (v *View) answer(a Answer) {
	for i := range v.Visits {
		for j := range v.Visits[i].Tries {
			for k := range v.Visits[i].Tries[j].Approvals {
				if asked := &v.Visits[i].Tries[j].Approvals[k]; asked.ID == a.Question {
					asked.Answers = append(asked.Answers, a)
					asked.Status = asked.standing(a.At)
				}
			}
		}
	}
}

func (t *Try) end(r Record) {
	t.close(r.Time)
	t.Ended, t.Output, t.Error, t.Cause = r.Time, r.Step.Output, r.Step.Error, r.Step.Cause
	t.reach(r.Effect)
}

// reach takes in what the try did.
func (t *Try) reach(f *Effect) {
	if f == nil {
		return
	}
	t.Effect = f
	if f.Plan == nil {
		return
	}
	for _, item := range f.Plan.Items {
		if item.Status != action.Change && item.Status != action.Changed && item.Status != action.Failed {
			continue
		}
		if diff := action.Diff(item.Before, item.After); len(diff) > 0 {
			if t.Diff == nil {
				t.Diff = map[string][]string{}
			}
			t.Diff[item.ID] = diff
		}
	}
}

// current is the last visit of a branch; nil before the first.
func (v *View) current(path string) *Visit {
	for i := len(v.Visits) - 1; i >= 0; i-- {
		if v.Visits[i].Path == path {
			return &v.Visits[i]
		}
	}
	return nil
}

func (v *Visit) leave(at time.Time) {
	if v != nil && v.Left.IsZero() {
		v.Left, v.Took = at, at.Sub(v.Entered)
	}
}
