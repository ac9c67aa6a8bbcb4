package playbook_test

import (
	"context"
	"encoding/json"
	"fmt"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// fuse is switch-on with nothing to take it back.
type fuse struct{ switchOn }

func (fuse) Spec() action.Spec {
	return action.Spec{Name: "fake.blow-fuse", Title: "Blow", Permissions: []string{"fake:Look"}, Effect: action.StateChecked, Irreversible: "a fuse blows once"}
}

// pair is the action fake.switch-pair: one resource, two calls.
type pair struct {
	w      *world
	strict bool
}

var _ action.Action = pair{}

func (pair) Spec() action.Spec {
	return action.Spec{Name: "fake.switch-pair", Title: "Switch two", Permissions: []string{"fake:Look", "fake:Switch"}, Effect: action.StateChecked}
}

type pairState struct{ Left, Right bool }

func (s pairState) json() json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"left":%v,"right":%v}`, s.Left, s.Right))
}

func (a pair) now() pairState { return pairState{a.w.on["left"], a.w.on["right"]} }

// towards plans what brings the pair from now to a state.
func (a pair) towards(want pairState) action.Item {
	now := a.now()
	item := action.Item{ID: "pair", Status: action.Unneeded, Reason: "It is as it should be.", Before: now.json(), After: want.json(),
		Resource: action.Resource{Type: "Fake::Pair", ARN: "arn:aws:fake:eu-west-1:111122223333:pair/p", Name: "pair", Account: "111122223333", Region: "eu-west-1"}}
	for _, side := range []struct {
		name      string
		now, want bool
	}{{"left", now.Left, want.Left}, {"right", now.Right, want.Right}} {
		if side.now != side.want {
			item.Status, item.Reason = action.Change, "It is wrong."
			item.Calls = append(item.Calls, action.Call{Service: "fake", Operation: "Switch", Account: "111122223333", Region: "eu-west-1",
				Input: json.RawMessage(fmt.Sprintf(`{"name":%q,"on":%v}`, side.name, side.want))})
		}
	}
	return item
}

func (a pair) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	return &action.Plan{Action: "fake.switch-pair", Account: req.Account, Region: req.Region, Items: []action.Item{a.towards(pairState{true, true})}}, nil
}

func (a pair) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		a.w.mu.Lock()
		defer a.w.mu.Unlock()
		a.w.calls++
		var in struct {
			Name string
			On   bool
		}
		if err := json.Unmarshal(call.Input, &in); err != nil {
			return err
		}
		var err error
		if a.w.fail != nil {
			err = a.w.fail(in.Name, a.w.calls)
		}
		if a.w.receipt(ctx, "Switch", err); err != nil {
			return err
		}
		a.w.on[in.Name] = in.On
		a.w.effects[in.Name]++
		return nil
	})
}

func (a pair) Verify(ctx context.Context, item action.Item) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	if !action.SameState(a.now().json(), item.After) {
		return action.ErrNotYet
	}
	return nil
}

func (a pair) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	var before pairState
	if err := json.Unmarshal(applied.Before, &before); err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	item := a.towards(before)
	whole := applied.Status == action.Changed || a.strict
	if whole && item.Status == action.Change && !action.SameState(item.Before, applied.After) {
		item.Status, item.Reason, item.Calls = action.Conflict, "Somebody changed it since.", nil
	}
	return &action.Plan{Action: "fake.switch-pair", Account: "111122223333", Region: "eu-west-1", Items: []action.Item{item}}, nil
}
