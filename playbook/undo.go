package playbook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// UndoOptions says what of an execution to take back.
type UndoOptions struct {
	Step   string // a state's name or an effect's key; "" for everything
	DryRun bool   // look and show; nothing is done or recorded
	By     string // who asks
}

// Undone is what an undo did, or in a dry run would do.
type Undone struct {
	ID     string `json:"id,omitempty"` // of the undo's own execution; "" for a dry run
	Status Status `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
	// Approval is the question that somebody else has to answer before it goes on; "" for none. Its plan is then the one of Plans.
	Approval string        `json:"approval,omitempty"`
	Plans    []action.Plan `json:"plans"` // newest effect first; an item with status conflict was changed by somebody else since and is left alone
}

// previewFor bounds the looking of a dry run.
const previewFor = time.Minute

// Undo takes back what an execution changed, newest first, in an execution of its own that is as durable as any: it looks at
// each resource, leaves what somebody else has changed since, puts back the rest, verifies, and tells people. It returns
// when that has ended, or waits for somebody's approval. Calling it again while it runs joins it; after it failed, or left conflicts, a new one is started.
//
// Errors: fault.NotFound (no such execution or step), fault.Conflict (still running, or taken back already),
// fault.Invalid (nothing was changed, or it cannot be taken back), and those of Start.
func (r *Runtime) Undo(ctx context.Context, id string, o UndoOptions) (Undone, error) {
	e, err := r.load(ctx, id)
	if err != nil {
		return Undone{}, err
	}
	effects, err := r.undoable(e, o.Step)
	if err != nil {
		return Undone{}, err
	}
	if effects, err = r.withoutExpired(ctx, e, effects); err != nil {
		return Undone{}, err
	}
	if o.DryRun {
		return r.previewUndo(ctx, e, effects)
	}
	for n := 1; ; n++ {
		undo := hashID("undo", id, o.Step, strconv.Itoa(n))
		before, err := r.load(ctx, undo)
		if fault.CodeOf(err) == fault.NotFound {
			way := byPerson
			way.stays = r.staying(e, o.Step)
			_, err = r.begin(ctx, undo, undoStart(e, o), undoMachine(id, effects, way))
		} else if err == nil && before.state.Status != "" {
			if before.state.Status == asl.Succeeded && complete(before.plans()) {
				return Undone{ID: undo}, fault.New(fault.Conflict, "execution %s was taken back already, by execution %s", id, undo)
			}
			continue
		}
		if err != nil {
			return Undone{}, err
		}
		return r.undone(ctx, undo)
	}
}

// undoLook is how often it is looked whether an undo has ended, or asks.
const undoLook = 10 * time.Millisecond

// undone waits until an undo has ended or asks people.
func (r *Runtime) undone(ctx context.Context, id string) (Undone, error) {
	tick := time.NewTicker(undoLook)
	defer tick.Stop()
	for {
		r.mu.Lock()
		live := r.live[id]
		r.mu.Unlock()
		if !live {
			view, err := r.Get(ctx, id)
			return Undone{ID: id, Status: view.Status, Error: view.Error, Plans: view.Plans}, err
		}
		e, err := r.load(ctx, id)
		if err != nil {
			return Undone{}, err
		}
		for path, asked := range e.asked {
			if e.open[path] == nil && asked.standing(r.opts.Now()) == Open {
				return Undone{ID: id, Status: Running, Approval: asked.ID, Plans: []action.Plan{asked.Plan}}, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return Undone{}, ctx.Err()
		}
	}
}

// complete reports whether everything was put back.
func complete(plans []action.Plan) bool {
	return !slices.ContainsFunc(plans, func(p action.Plan) bool {
		return slices.ContainsFunc(p.Items, func(item action.Item) bool {
			return item.Status != action.Changed && item.Status != action.Unneeded
		})
	})
}

// undoable selects the effects to take back, newest first.
func (r *Runtime) undoable(e *execution, step string) ([]Effect, error) {
	if e.state.Status == "" {
		return nil, fault.New(fault.Conflict, "execution %s is still running in %q", e.id, e.stateAt("")).
			WithHint("wait until it has ended: riposte executions get %s", e.id)
	}
	var effects []Effect
	var stays error
	for _, effect := range slices.Backward(e.effects) {
		if step != "" && step != effect.Key && step != effect.State || !effect.changed() || effect.Undo {
			continue
		}
		if !effect.Reversible && strings.Contains(effect.Plan.Action, ":") { // a call of the playbook's own, which nobody can take back
			if step != "" {
				return nil, fault.New(fault.Invalid, "%s of state %q can't be taken back: riposte doesn't know what would", effect.Plan.Action, effect.State)
			}
			continue
		}
		a, err := r.opts.Actions.Action(effect.Plan.Action)
		if err != nil {
			return nil, err
		}
		if why := a.Spec().Irreversible; why != "" {
			stays = fault.New(fault.Invalid, "%s of state %q can't be taken back: %s", effect.Plan.Action, effect.State, why)
			continue
		}
		effects = append(effects, effect)
	}
	if len(effects) == 0 && stays != nil {
		return nil, stays
	}
	if len(effects) == 0 && step != "" {
		return nil, fault.New(fault.NotFound, "execution %s has no step %q that changed anything", e.id, step).
			WithHint("riposte executions get %s shows its steps", e.id)
	}
	if len(effects) == 0 {
		return nil, fault.New(fault.Invalid, "execution %s changed nothing, so there is nothing to take back", e.id)
	}
	return effects, nil
}

// staying says what an undo leaves, because nothing takes it back.
func (r *Runtime) staying(e *execution, step string) string {
	text := ""
	for _, effect := range e.effects {
		if step != "" && step != effect.Key && step != effect.State || !effect.changed() || effect.Undo {
			continue
		}
		if a, err := r.opts.Actions.Action(effect.Plan.Action); err == nil && a.Spec().Irreversible != "" {
			text += fmt.Sprintf(" What %s did in %q stays: %s.", effect.Plan.Action, effect.State, a.Spec().Irreversible)
		}
	}
	return text
}

func undoStart(e *execution, o UndoOptions) Start {
	s := e.begin.Start
	s.Title = "Undo of: " + s.Title
	s.Playbook, s.RuleHash = "undo", ""
	s.Mode, s.Reasons, s.Finding = guard.Auto, nil, ""
	s.Undoes, s.By = e.id, o.By
	s.Received = time.Time{}
	s.Input, s.Named = nil, nil
	return s
}

// undoWay is how an undo goes about it.
type undoWay struct {
	message string // to people, before the execution's id
	stays   string // to people, after it: what is not taken back; "" for nothing
	retry   []map[string]any
	failed  string // what its execution ends with where that fails
}

var byPerson = undoWay{
	message: "Taking back execution",
	retry:   []map[string]any{{"ErrorEquals": []string{asl.ErrTaskFailed}, "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}},
	failed:  "Some of it could not be taken back.",
}

// undoMachine makes the definition of an undo: each effect is taken back on its own, so that one that fails doesn't keep the
// others from it; then people are told.
func undoMachine(id string, effects []Effect, way undoWay) *asl.Machine {
	type object = map[string]any
	states := object{
		"Begin":     object{"Type": "Pass", "Assign": object{"failed": false}, "Next": "Undo 1"},
		"Tell":      object{"Type": "Task", "Resource": NotifyResource, "Parameters": object{"message": way.message + " " + id + "." + way.stays}, "Next": "All done?"},
		"All done?": object{"Type": "Choice", "Default": "Done", "Choices": []object{{"Variable": "$failed", "BooleanEquals": true, "Next": "Not done"}}},
		"Not done":  object{"Type": "Fail", "Error": ErrActionFailed, "Cause": way.failed},
		"Done":      object{"Type": "Succeed"},
	}
	for i, effect := range effects {
		next := "Tell"
		if i+1 < len(effects) {
			next = fmt.Sprintf("Undo %d", i+2)
		}
		states[fmt.Sprintf("Undo %d", i+1)] = object{
			"Type": "Task", "Resource": undoResource, "Parameters": object{"execution": id, "effect": effect.Key}, "ResultPath": nil, "Next": next,
			"Retry": way.retry,
			"Catch": []object{{"ErrorEquals": []string{asl.ErrAll}, "ResultPath": nil, "Assign": object{"failed": true}, "Next": next}},
		}
	}
	text, err := json.Marshal(object{"StartAt": "Begin", "States": states})
	if err != nil {
		panic("playbook: an undo's definition is not JSON: " + err.Error()) // maps of text cannot fail
	}
	machine, err := asl.Parse("undo.json", text)
	if err != nil {
		panic("playbook: an undo's definition is wrong: " + err.Error()) // it is the same for every undo but for ids
	}
	return machine
}

// undo carries out riposte:undo.
func (t *task) undo(ctx context.Context) (any, error) {
	var in struct {
		Execution string `json:"execution"`
		Effect    string `json:"effect"`
	}
	if err := strictly(t.command.Arguments, &in, undoResource); err != nil {
		return nil, err
	}
	original, err := t.runtime.load(ctx, in.Execution)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(original.effects, func(f Effect) bool { return f.Key == in.Effect && f.changed() })
	if i < 0 {
		return nil, &taskError{ErrInvalidInput, fmt.Sprintf("execution %s has no effect %q that changed anything", in.Execution, in.Effect)}
	}
	effect := original.effects[i]
	t.effect.Undoes = effect.Key
	if t.e.begin.Start.Expired != "" {
		return t.expire(ctx, original, effect)
	}
	c, err := t.runtime.undoChange(&effect)
	if err != nil {
		return nil, err
	}
	return t.carryOut(ctx, c)
}

// undoChange plans the way back from an effect.
func (r *Runtime) undoChange(effect *Effect) (change, error) {
	a, err := r.opts.Actions.Action(effect.Plan.Action)
	if err != nil {
		return change{}, &taskError{ErrUnknown, err.Error()}
	}
	return change{action: a, spec: a.Spec(), undo: true, account: effect.Plan.Account, look: func(ctx context.Context) (*action.Plan, error) {
		plan := &action.Plan{Action: effect.Plan.Action, Account: effect.Plan.Account, Region: effect.Plan.Region}
		var failures []error
		looked := 0
		for _, item := range effect.Plan.Items {
			if !item.Touched() {
				continue
			}
			looked++
			back, err := undoItem(ctx, a, item)
			if err != nil {
				failures = append(failures, err)
				item.Status, item.Calls, item.Receipts = action.Failed, nil, nil
				item.Reason, item.Error = "Its present state could not be read.", err.Error()
				plan.Items = append(plan.Items, item)
				continue
			}
			plan.Items = append(plan.Items, back.Items...)
		}
		if len(failures) == looked {
			return nil, failures[0]
		}
		return plan, nil
	}}, nil
}

// undoItem plans the way back from an item. What riposte did not finish itself is nobody else's change, though an action may
// not be able to tell.
func undoItem(ctx context.Context, a action.Action, item action.Item) (*action.Plan, error) {
	back, err := a.Undo(ctx, item)
	if err != nil || item.Status != action.Failed {
		return back, err
	}
	for i := range back.Items {
		if half := &back.Items[i]; half.Status == action.Conflict {
			half.Status = action.Escalated
			half.Reason = "Riposte changed it in part and failed (" + strings.TrimSuffix(item.Error, ".") + "), and it is neither as it was before nor as it was to be: look at " +
				"its calls in riposte executions get, and put it back by hand. " + half.Reason
		}
	}
	return back, nil
}

// previewUndo looks and asks the guard, and does nothing.
func (r *Runtime) previewUndo(ctx context.Context, e *execution, effects []Effect) (Undone, error) {
	ctx, cancel := context.WithTimeout(ctx, previewFor)
	defer cancel()
	release := r.opts.Ledger.hold()
	defer release()
	ctx, recorder := action.Record(ctx)
	defer func() { r.opts.Ledger.note(recorder.Receipts()) }()
	var undone Undone
	for i := range effects {
		c, err := r.undoChange(&effects[i])
		if err != nil {
			return Undone{}, err
		}
		plan, err := c.look(ctx)
		if err != nil {
			return Undone{}, err
		}
		decision, err := r.opts.Guard.Decide(ctx, guard.Proposal{Rule: e.begin.Start.Rule, Mode: guard.DryRun, Spec: c.spec, Plan: plan, Undo: true})
		if err != nil {
			return Undone{}, err
		}
		undone.Plans = append(undone.Plans, *decision.Plan)
	}
	return undone, nil
}
