package setting

import (
	"context"
	"encoding/json"
	"strings"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Apply makes the calls. Where the state is no longer as the plan saw it: fault.Conflict, and nothing is done.
func (a *settingAction[P, S]) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	now, err := a.read(ctx, item.Resource)
	if err != nil {
		return nil, err
	}
	before, err := decode[S](item, item.Before)
	if err != nil {
		return nil, err
	}
	if !a.same(now, before) {
		return nil, fault.New(fault.Conflict, "%s was changed after the plan was made", item.Resource.Name).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		name := a.name(call)
		operation := a.Operations[name]
		if operation == nil {
			return fault.New(fault.Invalid, "%s makes no call %s:%s", a.Setting.Spec.Name, call.Service, call.Operation)
		}
		cfg, err := a.caller.Config(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		return awscall.Fault(operation(ctx, cfg, call), a.permission(name), "%s of %s", call.Operation, item.Resource.Name)
	})
}

// Verify looks whether the state is as planned.
func (a *settingAction[P, S]) Verify(ctx context.Context, item action.Item) error {
	now, err := a.read(ctx, item.Resource)
	if err != nil {
		return err
	}
	after, err := decode[S](item, item.After)
	if err != nil {
		return err
	}
	if !a.same(now, after) {
		return action.ErrNotYet
	}
	return nil
}

// Undo plans the way back to the state before. Where it is neither that nor what riposte left, that is a conflict.
func (a *settingAction[P, S]) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	if why := a.Setting.Spec.Irreversible; why != "" {
		return nil, fault.New(fault.Invalid, "%s can't be undone: %s", a.Setting.Spec.Name, why).WithHint("put it back by hand where it was wrong")
	}
	r := applied.Resource
	item := action.Item{ID: applied.ID, Resource: r}
	plan := func(err error) (*action.Plan, error) {
		return &action.Plan{Action: a.Setting.Spec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{item}}, err
	}
	now, err := a.read(ctx, r)
	if fault.CodeOf(err) == fault.NotFound {
		item.Status, item.Reason = action.Conflict, "It was deleted since."
		return plan(nil)
	}
	if err != nil {
		return nil, err
	}
	item.Before = encode(now)
	before, err := decode[S](applied, applied.Before)
	if err != nil {
		return nil, err
	}
	own, err := a.own(applied, now, before)
	switch {
	case err != nil:
		return nil, err
	case a.same(now, before):
		item.Status, item.After, item.Reason = action.Unneeded, item.Before, "It is as it was before already."
	case !own:
		item.Status, item.Reason = action.Conflict, "Somebody changed it since, so it is left as it is."
	default:
		item.Status, item.After, item.Reason = action.Change, applied.Before, "Puts it back to what it was before."
		item.Calls, err = a.calls(r, now, before)
	}
	return plan(err)
}

// own reports whether the state is riposte's work: what was planned, or, where only a part was done, a state on the way there.
func (a *settingAction[P, S]) own(applied action.Item, now, before S) (bool, error) {
	after, err := decode[S](applied, applied.After)
	if err != nil || a.same(now, after) {
		return err == nil, err
	}
	if applied.Status != action.Failed || len(applied.Receipts) == 0 {
		return false, nil
	}
	steps, err := a.Steps(applied.Resource, before, after)
	if err != nil {
		return false, err
	}
	for i := range max(0, len(steps)-1) {
		if a.same(now, steps[i].Leaves) {
			return true, nil
		}
	}
	return false, nil
}

// same reports whether two states are the same.
func (a *settingAction[P, S]) same(x, y S) bool {
	if a.Same != nil {
		return a.Same(x, y)
	}
	return action.SameState(encode(x), encode(y))
}

// service is the prefix of the IAM actions: that of the action's name, unless the setting names another.
func (a *settingAction[P, S]) service() string {
	if a.Service != "" {
		return a.Service
	}
	service, _, _ := strings.Cut(a.Setting.Spec.Name, ".")
	return service
}

// name is how Operations names a call.
func (a *settingAction[P, S]) name(call action.Call) string {
	if call.Service == a.service() {
		return call.Operation
	}
	return call.Service + ":" + call.Operation
}

func (a *settingAction[P, S]) permission(operation string) string {
	switch {
	case a.Permission != nil:
		return a.Permission(operation)
	case strings.Contains(operation, ":"):
		return operation
	}
	return a.service() + ":" + operation
}

// decode reads an item's stored state.
func decode[S any](item action.Item, raw json.RawMessage) (S, error) {
	var state S
	if len(raw) == 0 {
		return state, fault.New(fault.Invalid, "no state of %s is stored", item.ID).WithHint("make the plan again")
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return state, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", item.ID, err).WithHint("make the plan again")
	}
	return state, nil
}

func encode(state any) json.RawMessage {
	raw, err := json.Marshal(state)
	if err != nil {
		panic("setting: a state is not JSON: " + err.Error()) // a struct of the package's own, without channels and functions
	}
	return raw
}
