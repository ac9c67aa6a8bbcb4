package playbook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/fault"
)

// execution is what a journal says about one execution: the fold of its records.
type execution struct {
	id      string
	begin   Begin
	began   time.Time
	machine *asl.Machine
	state   *asl.Execution
	last    uint64 // sequence of the last append

	machines *machines // known to whoever loads it

	parse sync.Once
	event *event.Envelope // cached for envelope
	about json.RawMessage // cached for env

	tokens map[string]bool   // of every callback that a task has waited for
	states map[string]string // by path: where each branch is, or ended

	mu         sync.RWMutex // what follows is read by tasks while the driver writes
	intents    []Plan
	effects    []Effect
	open       map[string]*Plan     // by effect key: intents without an outcome
	asked      map[string]*Approval // by path: the latest question
	superseded []string             // ids of questions that another one has replaced
	held       map[string]string    // by path: why a task may not go on for now
	failures   []failure            // of tasks whose last try failed
	notified   bool
}

// failure is the last one of a task.
type failure struct{ path, state, text string }

func newExecution(id string) *execution {
	return &execution{id: id, tokens: map[string]bool{}, states: map[string]string{}, open: map[string]*Plan{}, asked: map[string]*Approval{}, held: map[string]string{}}
}

// fold rebuilds an execution from its journal. It fails with fault.Invalid where the journal is not an execution's.
func fold(id string, entries []Entry, known *machines) (*execution, error) {
	e := newExecution(id)
	e.machines = known
	for _, entry := range entries {
		r, err := DecodeRecord(entry.Data)
		if err != nil {
			return nil, err
		}
		if err := e.apply(r); err != nil {
			return nil, err
		}
		e.last = entry.Seq
	}
	if e.state == nil {
		return nil, fault.New(fault.NotFound, "there is no execution %q", id).WithHint("riposte executions list shows them")
	}
	return e, nil
}

func (e *execution) apply(r Record) error {
	if (e.state == nil) != (r.Kind == Started) {
		return fault.New(fault.Invalid, "the journal of execution %s has a record of kind %q out of place", e.id, r.Kind)
	}
	if r.Kind == Started {
		machine, err := e.machines.parse(r.Begin.Start.Playbook+".json", r.Begin.Definition)
		if err != nil {
			return fault.New(fault.Invalid, "the journal of execution %s has a definition that can't be read: %w", e.id, err)
		}
		e.start(*r.Begin, machine, r.Time)
		return nil
	}
	e.take(r)
	if r.Step != nil {
		e.state.Apply(*r.Step)
	}
	return nil
}

// take takes in what a record says beside the state machine's own part.
func (e *execution) take(r Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch r.Kind {
	case Entered:
		e.states[r.Step.Path] = r.Step.State
		if r.Step.Token != "" {
			e.tokens[r.Step.Token] = true
		}
	case Asked:
		e.ask(r.Question)
	case Answered:
		for _, asked := range e.asked {
			if asked.ID == r.Answer.Question {
				asked.Answers = append(asked.Answers, *r.Answer)
				asked.Status = asked.standing(r.Time)
			}
		}
	case Held:
		e.held[r.Hold.Path] = r.Hold.Reason
	case Intent:
		delete(e.held, r.Intent.Path)
		e.intents = append(e.intents, *r.Intent)
		e.open[r.Intent.Key] = r.Intent
	case Outcome:
		e.close(r.Step.Path, r.Time)
		e.fail(r.Step)
	case Ended:
		e.close(r.Step.Path, r.Time)
	case Redriven:
		e.notified = false
	}
	if r.Effect != nil {
		delete(e.open, r.Effect.Key)
		e.effects = append(e.effects, *r.Effect)
		e.notified = e.notified || r.Effect.Notified
	}
}

// ask takes a question in; what was asked before is not any more. The time that people have is not the playbook's own.
func (e *execution) ask(q *Question) {
	wait := q.Expires.Sub(q.At)
	if !e.state.Deadline.IsZero() {
		e.state.Deadline = e.state.Deadline.Add(wait)
	}
	if f := e.state.Frames[q.Path]; f != nil {
		if !f.Deadline.IsZero() {
			f.Deadline = f.Deadline.Add(wait)
		}
		f.Heartbeat = 0 // people give no signs of life
	}
	if before := e.asked[q.Path]; before != nil {
		e.superseded = append(e.superseded, before.ID)
	}
	s := e.begin.Start
	e.asked[q.Path] = &Approval{Question: *q, Execution: e.id, Rule: s.Rule, Title: s.Title, Severity: s.Severity, Account: s.Account, Status: Open}
}

// close ends what a branch, and those of its state, wait for: their tasks have ended.
func (e *execution) close(path string, at time.Time) {
	for p, asked := range e.asked {
		if within(p, path) && asked.Status != Superseded {
			asked.Status = asked.StatusAt(at, at)
		}
	}
	for p := range e.held {
		if within(p, path) {
			delete(e.held, p)
		}
	}
}

// within reports whether a branch is another one, or belongs to a state of it.
func within(path, of string) bool { return path == of || of == "" || strings.HasPrefix(path, of+"/") }

// stateAt names the state that a branch is in, or ended in.
func (e *execution) stateAt(path string) string { return e.states[path] }

// fail remembers a task's failure until a later try of it succeeds. That of a state with branches is told by the task in them.
func (e *execution) fail(outcome *asl.Record) {
	name := e.stateAt(outcome.Path)
	if s := e.machine.State(name); s == nil || s.Type != asl.Task && outcome.Error == asl.ErrBranchFailed {
		return
	}
	e.failures = slices.DeleteFunc(e.failures, func(f failure) bool { return f.path == outcome.Path && f.state == name })
	if outcome.Error != "" {
		e.failures = append(e.failures, failure{outcome.Path, name, outcome.Error + ": " + outcome.Cause})
	}
}

func (e *execution) start(b Begin, machine *asl.Machine, now time.Time) {
	e.begin, e.machine, e.began = b, machine, now
	input := b.Start.Input
	if b.Start.TooLong > 0 { // it ends before anybody reads it
		input = make(json.RawMessage, min(b.Start.TooLong, 16<<20))
	}
	e.state = machine.Begin(input, now)
}

// env is what the state machine evaluates with. Beside the language's own, the context object has Riposte: what the
// execution is for.
func (e *execution) env(now time.Time, random func() uint64) asl.Env {
	s := e.begin.Start
	if e.about == nil {
		e.about = about(s)
	}
	token := func(string) string { return fmt.Sprintf("%s.%016x%016x", e.id, random(), random()) }
	names := asl.Context{ExecutionID: e.id, ExecutionName: e.id, MachineID: e.begin.Hash, MachineName: s.Playbook,
		Extra: map[string]json.RawMessage{"Riposte": e.about}}
	if n := s.Named; n != nil {
		names.ExecutionID, names.ExecutionName, names.MachineID, names.RoleARN = n.Execution, n.Name, n.Machine, n.Role
	}
	return asl.Env{Now: now, Random: random, Token: token, Context: names}
}

func about(s Start) json.RawMessage {
	about := map[string]any{
		"Rule": s.Rule, "Mode": s.Mode, "Title": s.Title, "Severity": s.Severity, "Finding": s.Finding,
		"Account": s.Account, "Region": s.Region, "Cause": s.Cause, "Received": s.Received,
	}
	if s.Event != nil {
		about["Event"] = s.Event
	}
	raw, err := json.Marshal(about)
	if err != nil { // only an Event that is not JSON can fail, and Runtime.Start refuses one
		return json.RawMessage("null")
	}
	return raw
}

// principal is the ARN of who caused the event; "" where the event tells of nobody.
func (e *execution) principal() string {
	if env := e.envelope(); env != nil && env.Record() != nil {
		return env.Record().UserIdentity.Principal()
	}
	return ""
}

// envelope is the event behind the execution; nil where it was too large to be kept.
func (e *execution) envelope() *event.Envelope {
	e.parse.Do(func() {
		if env, err := event.Parse(e.begin.Start.Event); err == nil {
			e.event = env
		}
	})
	return e.event
}

// plans are all plans so far, the latest try of each state, with what became of their items.
func (e *execution) plans() []action.Plan {
	var plans []action.Plan
	for i, effect := range e.effects {
		if effect.Plan == nil || e.retried(i) {
			continue
		}
		plans = append(plans, *effect.Plan)
	}
	return plans
}

// retried reports whether a later effect of the same state replaces this one without that it changed anything.
func (e *execution) retried(i int) bool {
	if e.effects[i].changed() {
		return false
	}
	for _, later := range e.effects[i+1:] {
		if later.Plan != nil && later.Path == e.effects[i].Path && later.State == e.effects[i].State {
			return true
		}
	}
	return false
}

// reasons are what the guard said, each once.
func (e *execution) reasons() []string {
	var all []string
	seen := map[string]bool{}
	for _, effect := range e.effects {
		for _, reason := range effect.Reasons {
			if !seen[reason] {
				seen[reason] = true
				all = append(all, reason)
			}
		}
	}
	return all
}

// notice is what there is to tell now.
func (e *execution) notice() Notice {
	e.mu.RLock()
	defer e.mu.RUnlock()
	n := Notice{Execution: e.id, Start: e.begin.Start, Mode: e.begin.Start.Mode, Plans: e.plans(), Reasons: e.reasons()}
	for i, f := range e.failures {
		if i > 0 && strings.HasSuffix(n.Failed, f.text) { // a state failed because its branch did
			continue
		}
		if i > 0 {
			n.Failed += "; "
		}
		n.Failed += f.state + " failed with " + f.text
	}
	for _, effect := range e.effects {
		if !effect.FirstCall.IsZero() && n.FirstCall == 0 {
			n.FirstCall = effect.FirstCall.Sub(e.begin.Start.Received)
		}
		if effect.Plan != nil {
			n.Took = effect.At.Sub(e.begin.Start.Received)
		}
		if x := effect.Expires; !x.IsZero() && (n.Expires.IsZero() || x.Before(n.Expires)) {
			n.Expires = x
		}
		n.Recovered = n.Recovered || effect.Recovered
		n.Undoable = n.Undoable || effect.changed() && effect.Reversible && !effect.Undo
	}
	return n
}

// changed reports whether the effect changed anything, if only in part.
func (f *Effect) changed() bool {
	return f.Plan != nil && slices.ContainsFunc(f.Plan.Items, action.Item.Touched)
}
