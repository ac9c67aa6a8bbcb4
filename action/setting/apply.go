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
	if !action.SameState(encode(now), item.Before) {
		return nil, fault.New(fault.Conflict, "%s was changed after the plan was made", item.Resource.Name).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		operation := a.Operations[call.Operation]
		if operation == nil || call.Service != a.service() {
			return fault.New(fault.Invalid, "%s makes no call %s:%s", a.Setting.Spec.Name, call.Service, call.Operation)
		}
		cfg, err := a.caller.Config(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		return awscall.Fault(operation(ctx, cfg, call), a.permission(call.Operation), "%s of %s", call.Operation, item.Resource.Name)
	})
}

// Verify looks whether the state is as planned.
func (a *settingAction[P, S]) Verify(ctx context.Context, item action.Item) error {
	now, err := a.read(ctx, item.Resource)
	if err != nil {
		return err
	}
	if !action.SameState(encode(now), item.After) {
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
	var before S
	if err := json.Unmarshal(applied.Before, &before); err != nil {
		return nil, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", applied.ID, err)
	}
	own, err := a.own(applied, now, before)
	switch {
	case err != nil:
		return nil, err
	case action.SameState(item.Before, applied.Before):
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
	if action.SameState(encode(now), applied.After) {
		return true, nil
	}
	if applied.Status != action.Failed || len(applied.Receipts) == 0 {
		return false, nil
	}
	var after S
	if err := json.Unmarshal(applied.After, &after); err != nil {
		return false, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", applied.ID, err)
	}
	steps, err := a.Steps(applied.Resource, before, after)
	if err != nil {
		return false, err
	}
	for i := range max(0, len(steps)-1) {
		if action.SameState(encode(now), encode(steps[i].Leaves)) {
			return true, nil
		}
	}
	return false, nil
}

// service is the prefix of the action's name, which is that of its IAM actions.
func (a *settingAction[P, S]) service() string {
	service, _, _ := strings.Cut(a.Setting.Spec.Name, ".")
	return service
}

func (a *settingAction[P, S]) permission(operation string) string {
	if a.Permission != nil {
		return a.Permission(operation)
	}
	return a.service() + ":" + operation
}

func encode(state any) json.RawMessage {
	raw, err := json.Marshal(state)
	if err != nil {
		panic("setting: a state is not JSON: " + err.Error()) // a struct of the package's own, without channels and functions
	}
	return raw
}
