package playbook

import (
	"fmt"
	"slices"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
)

// Progress is one thing that an execution did, as it happens. What is durable is in the journal; this is for watching.
type Progress struct {
	Time      time.Time     `json:"time"`
	Since     time.Duration `json:"since"` // receipt of the event until Time, ns
	Execution string        `json:"execution"`
	Rule      string        `json:"rule"`
	Playbook  string        `json:"playbook"`
	Severity  string        `json:"severity"` // ASFF label
	Account   string        `json:"account"`  // of the event
	Region    string        `json:"region"`   // of the event
	Step      Step          `json:"step"`
	State     string        `json:"state,omitempty"`
	Message   string        `json:"message"`        // one line for people
	Plan      *action.Plan  `json:"plan,omitempty"` // of planned, intended and finished
}

// Step says what kind of thing happened.
type Step string

// The steps that are observed.
const (
	StepStarted  Step = "started"  // the start is durable
	StepResumed  Step = "resumed"  // an interrupted execution goes on
	StepEntered  Step = "entered"  // a state was entered
	StepPlanned  Step = "planned"  // an action looked and the guard decided
	StepAsked    Step = "asked"    // people are asked whether a plan may be carried out
	StepAnswered Step = "answered" // one of them has answered
	StepHeld     Step = "held"     // a task may not go on for now
	StepIntended Step = "intended" // the intent is durable; calls follow
	StepApplied  Step = "applied"  // the calls for one item were made
	StepVerified Step = "verified" // one item is as planned
	StepFinished Step = "finished" // a task ended, with what became of its plan
	StepNotified Step = "notified" // people were told
	StepFailed   Step = "failed"   // a task failed; Retry and Catch decide what follows
	StepWaiting  Step = "waiting"  // for a time
	StepEnded    Step = "ended"
)

// Steps lists every step.
func Steps() []Step {
	return []Step{StepStarted, StepResumed, StepEntered, StepPlanned, StepAsked, StepAnswered, StepHeld, StepIntended, StepApplied, StepVerified, StepFinished,
		StepNotified, StepFailed, StepWaiting, StepEnded}
}

// observe reports progress.
func (r *Runtime) observe(e *execution, step Step, state string, plan *action.Plan, format string, args ...any) {
	if r.opts.Observe == nil {
		return
	}
	if plan != nil { // the task goes on with its own
		shown := *plan
		shown.Items = slices.Clone(plan.Items)
		plan = &shown
	}
	now := r.opts.Now()
	s := e.begin.Start
	r.opts.Observe(Progress{
		Time: now, Since: now.Sub(s.Received), Execution: e.id, Rule: s.Rule, Playbook: s.Playbook,
		Severity: s.Severity, Account: s.Account, Region: s.Region,
		Step: step, State: state, Message: fmt.Sprintf(format, args...), Plan: plan,
	})
}

// observeSteps reports what the state machine did, once it is durable.
func (r *Runtime) observeSteps(e *execution, records []Record) {
	if r.opts.Observe == nil {
		return
	}
	for _, record := range records {
		step := record.Step
		if step == nil {
			continue
		}
		switch {
		case step.Kind == asl.Entered && !step.Due.IsZero():
			r.observe(e, StepWaiting, step.State, nil, "waits until %s", step.Due.UTC().Format(time.RFC3339))
		case step.Kind == asl.Entered:
			r.observe(e, StepEntered, step.State, nil, "entered")
		case step.Kind == asl.Outcome && step.Error != "":
			r.observe(e, StepFailed, e.stateAt(step.Path), nil, "%s: %s", step.Error, step.Cause)
		case step.Kind == asl.Ended && step.Path == "":
			message := string(step.Status)
			if step.Error != "" {
				message += " with " + step.Error
			}
			r.observe(e, StepEnded, "", nil, "%s", message)
		}
	}
}
