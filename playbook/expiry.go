package playbook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// expiresInField is the field of an action's input that says how long its effect is to last.
const expiresInField = "expires_in"

// maxExpiry bounds how long an effect may be to last: what is to stay for longer is to stay.
const maxExpiry = 365 * 24 * time.Hour

// byExpiry is who asks for the undo of what expired.
const byExpiry = "riposte, because it expired"

// holdFor is how long riposte waits before it asks again whether it may go on.
const holdFor = 15 * time.Second

// whenExpired takes back for about a day what can't be taken back at once.
var whenExpired = undoWay{
	message: "It was to last for a time, which is over: taking back a change of execution",
	retry: []map[string]any{
		{"ErrorEquals": []string{ErrNotFound, ErrInvalidInput, ErrUnknown}, "MaxAttempts": 0},
		{"ErrorEquals": []string{asl.ErrTaskFailed, asl.ErrTimeout}, "IntervalSeconds": 15, "BackoffRate": 2, "MaxDelaySeconds": 3600, "MaxAttempts": 30},
	},
	failed: "What expired could not be taken back. Look at why, and take it back by hand: riposte executions undo ID, with the id of what it takes back.",
}

// expiresIn reads how long an effect is to last: text such as "24h"; 0 where nothing is said.
func expiresIn(raw json.RawMessage) (time.Duration, error) {
	if raw == nil {
		return 0, nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	var d time.Duration
	if err == nil {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d <= 0 || d > maxExpiry {
		return 0, fault.New(fault.Invalid, "%s is %s, which is no time up to a year", expiresInField, raw).
			WithHint("write a number and a unit, such as \"90m\" or \"24h\"; without %s the change stays", expiresInField)
	}
	return d, nil
}

// mayExpire refuses an end for what can't be taken back.
func mayExpire(s action.Spec) error {
	if s.Irreversible == "" {
		return nil
	}
	return fault.New(fault.Invalid, "what %s does can't expire, because it can't be taken back: %s", s.Name, s.Irreversible).
		WithHint("leave out %s", expiresInField)
}

// awaitExpiries waits for the end of what was just recorded.
func (r *Runtime) awaitExpiries(id string, records []Record) {
	for _, record := range records {
		if f := record.Effect; f != nil && !f.Expires.IsZero() {
			r.expiry.add(due{at: f.Expires, id: id, effect: f.Key})
		}
	}
}

// expire begins to take back an effect whose time is over.
func (r *Runtime) expire(d due) {
	r.spawn(func() {
		err := r.beginExpiry(r.base, d)
		switch {
		case err == nil, r.base.Err() != nil:
			return
		case fault.Retryable(err):
			r.log.Warn("playbook: what expired is not taken back yet; it is tried again", "execution", d.id, "effect", d.effect, "error", err)
			d.at = r.opts.Now().Add(holdFor)
			r.expiry.add(d)
			return
		}
		r.log.Error("playbook: what expired can't be taken back", "execution", d.id, "effect", d.effect, "error", err)
		n := Notice{Execution: d.id, Failed: fmt.Sprintf("%q of execution %s expired and can't be taken back, which needs a person: %s", d.effect, d.id, err)}
		if err := r.tell(r.base, d.id+"/"+d.effect+"/expired", n); err != nil {
			r.log.Error("playbook: nobody could be told that something stays that should not", "execution", d.id, "error", err)
		}
	})
}

// expiryID is the id of the execution that takes back an effect that expired: it is begun once, whoever begins it.
func expiryID(execution, effect string) string { return hashID("expiry", execution, effect) }

func (r *Runtime) beginExpiry(ctx context.Context, d due) error {
	e, err := r.load(ctx, d.id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(e.effects, func(f Effect) bool { return f.Key == d.effect && f.changed() })
	if i < 0 {
		return fault.New(fault.Invalid, "it changed nothing")
	}
	back, err := r.takenBack(ctx, e, &e.effects[i])
	if err != nil || len(rest(&e.effects[i], back).Plan.Items) == 0 {
		return err
	}
	s := undoStart(e, UndoOptions{By: byExpiry})
	s.Expired = d.effect
	_, err = r.begin(ctx, expiryID(d.id, d.effect), s, undoMachine(d.id, e.effects[i:i+1], whenExpired))
	return err
}

// takenBack finds the items of an effect that were put back, by whomever: of another change since then it is not ours to
// take back anything.
func (r *Runtime) takenBack(ctx context.Context, e *execution, f *Effect) (map[string]bool, error) {
	back := map[string]bool{}
	look := func(id string) error {
		undo, err := r.load(ctx, id)
		if err != nil {
			return err
		}
		for _, g := range undo.effects {
			if g.Undoes != f.Key || g.Plan == nil {
				continue
			}
			for _, item := range g.Plan.Items {
				if item.Status == action.Changed || item.Status == action.Unneeded {
					back[item.ID] = true
				}
			}
		}
		return nil
	}
	err := look(expiryID(e.id, f.Key))
	for _, step := range []string{"", f.State, f.Key} {
		for n := 1; err == nil || fault.CodeOf(err) == fault.NotFound && n == 1; n++ {
			err = look(hashID("undo", e.id, step, strconv.Itoa(n)))
		}
		if fault.CodeOf(err) != fault.NotFound {
			return nil, err
		}
	}
	return back, nil
}

// rest is an effect without the items that were put back.
func rest(f *Effect, back map[string]bool) *Effect {
	left, plan := *f, *f.Plan
	plan.Items = slices.DeleteFunc(slices.Clone(plan.Items), func(item action.Item) bool { return !item.Touched() || back[item.ID] })
	left.Plan = &plan
	return &left
}

// withoutExpired leaves out what was taken back when it expired; fault.Conflict where nothing else is left.
func (r *Runtime) withoutExpired(ctx context.Context, e *execution, effects []Effect) ([]Effect, error) {
	var left []Effect
	var last string
	for _, f := range effects {
		if !f.Expires.IsZero() {
			id := expiryID(e.id, f.Key)
			undo, err := r.load(ctx, id)
			if err == nil && undo.state.Status == asl.Succeeded && complete(undo.plans()) {
				last = id
				continue
			}
			if err != nil && fault.CodeOf(err) != fault.NotFound {
				return nil, err
			}
		}
		left = append(left, f)
	}
	if len(left) == 0 {
		return nil, fault.New(fault.Conflict, "execution %s was taken back already when it expired, by execution %s", e.id, last)
	}
	return left, nil
}

// expire takes back an effect whose time is over: what was taken back by hand before is left, a pause is waited for, and
// what fails is tried again by the playbook.
func (t *task) expire(ctx context.Context, original *execution, effect Effect) (any, error) {
	var c change
	for asked := false; ; asked = true {
		back, err := t.runtime.takenBack(ctx, original, &effect)
		if err != nil {
			return nil, err
		}
		left := rest(&effect, back)
		if len(left.Plan.Items) == 0 {
			return map[string]any{"status": "unneeded", "action": effect.Plan.Action}, nil
		}
		if c, err = t.runtime.undoChange(left); err != nil {
			return nil, err
		}
		c.expired = true
		if asked { // and not taken back by hand while the guard was asked
			break
		}
		for _, item := range left.Plan.Items { // asked first, so that riposte doesn't look at the account all through a pause
			if err := t.runtime.opts.Guard.MayCall(ctx, t.proposal(c, nil), item.Resource); err != nil {
				return nil, t.hold(ctx, err.Error())
			}
		}
	}
	output, err := t.carryOut(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, item := range t.effect.Plan.Items {
		if item.Status == action.Failed {
			return nil, &taskError{ErrActionFailed, nameOf(item.Resource) + ": " + item.Error}
		}
	}
	return output, nil
}

// heldUp is nil where the guard lets riposte take back what expired. A pause puts the task to sleep; a guard that could not
// be evaluated is asked again.
func (t *task) heldUp(ctx context.Context, d guard.Decision) error {
	switch {
	case d.Paused != "":
		return t.hold(ctx, d.Paused)
	case d.Mode != guard.Auto:
		return fault.New(fault.Unavailable, "nothing was done because the guard could not decide: %q", d.Reasons)
	default:
		return nil
	}
}

// Hold says why a task may not go on for now.
type Hold struct {
	Path   string `json:"path"` // of the state's branch
	Reason string `json:"reason"`
}

// hold returns the error that puts the task to sleep until it may perhaps go on. The reason is journaled, and people are
// told once.
func (t *task) hold(ctx context.Context, reason string) error {
	until := &sleepError{t.runtime.opts.Now().Add(holdFor)}
	t.e.mu.RLock()
	known := t.e.held[t.command.Path] == reason
	t.e.mu.RUnlock()
	if known {
		return until
	}
	record := Record{Kind: Held, Time: t.runtime.opts.Now(), Hold: &Hold{t.command.Path, reason}}
	if err := t.journal(record); err != nil {
		return err
	}
	t.observe(StepHeld, nil, "%s", reason)
	n := t.e.notice()
	n.Message, n.Held = "What expired can't be taken back yet, and will be as soon as it may.", reason
	if err := t.runtime.tell(ctx, t.e.id+"/held", n); err != nil && t.runtime.base.Err() == nil {
		t.runtime.log.Error("playbook: nobody could be told that an execution may not go on", "execution", t.e.id, "error", err)
	}
	return until
}

// ExpiryView is where an effect that does not last stands.
type ExpiryView struct {
	State     string    `json:"state"` // whose effect it is
	Effect    string    `json:"effect"`
	At        time.Time `json:"at"`
	Execution string    `json:"execution,omitempty"` // that takes it back; "" before its time, and where it was taken back by hand
	Status    Status    `json:"status,omitempty"`    // of that execution
	ByHand    bool      `json:"by_hand,omitempty"`   // it was taken back before its time
}

func (r *Runtime) expiryViews(ctx context.Context, e *execution) ([]ExpiryView, error) {
	var views []ExpiryView
	for i := range e.effects {
		f := &e.effects[i]
		if f.Expires.IsZero() {
			continue
		}
		v := ExpiryView{State: f.State, Effect: f.Key, At: f.Expires}
		undo, err := r.load(ctx, expiryID(e.id, f.Key))
		switch {
		case err == nil:
			v.Execution, v.Status = undo.id, Running
			if undo.state.Status != "" {
				v.Status = Status(undo.state.Status)
			}
		case fault.CodeOf(err) != fault.NotFound:
			return nil, err
		default:
			back, err := r.takenBack(ctx, e, f)
			if err != nil {
				return nil, err
			}
			v.ByHand = len(rest(f, back).Plan.Items) == 0
		}
		views = append(views, v)
	}
	return views, nil
}

// checkExpiry refuses an end that makes no sense, as far as that can be told before it is evaluated.
func checkExpiry(state *asl.State, s action.Spec) error {
	fixed, evaluated := state.Parameters.Get(expiresInField), state.Parameters.Get(expiresInField+".$")
	if fixed == nil && evaluated == nil {
		return nil
	}
	if fixed != nil && !state.Evaluates(fixed) {
		if _, err := expiresIn(fixed.JSON()); err != nil {
			return err
		}
	}
	return mayExpire(s)
}
