package ec2

import (
	"context"
	"fmt"
	"slices"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Undo plans to authorize the revoked rules again, with their descriptions and tags; AWS gives them new ids. Those that are
// back already are left. Where the group is gone, or has a rule that lets through the same with another description or other
// tags, that is a conflict and nothing is planned.
func (a *Revoke) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	before, after, err := states(applied, a.direction)
	if err != nil {
		return nil, err
	}
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := func(item action.Item) *action.Plan {
		return &action.Plan{Action: a.spec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{item}}
	}
	_, now, err := a.read(ctx, r.Account, r.Region, groupID(r), a.direction)
	if fault.CodeOf(err) == fault.NotFound {
		undo.Status, undo.Reason = action.Conflict, "The group was deleted since, so its rules cannot be restored."
		return plan(undo), nil
	}
	if err != nil {
		return nil, err
	}
	if undo.Before, err = state(a.direction, now); err != nil {
		return nil, err
	}
	var back []rule
	for _, revoked := range without(before, after) {
		revoked.ID = ""
		present, there := find(now, revoked)
		switch {
		case !there:
			back = append(back, revoked)
		case !present.equal(revoked):
			undo.Status = action.Conflict
			undo.Reason = fmt.Sprintf("Somebody made the rule %s since, with another description or other tags than the one revoked.", present)
			return plan(undo), nil
		}
	}
	if undo.After, err = state(a.direction, append(slices.Clone(now), back...)); err != nil {
		return nil, err
	}
	if len(back) == 0 {
		undo.Status, undo.Reason = action.Unneeded, "All rules that were revoked are there again."
		return plan(undo), nil
	}
	undo.Status, undo.Reason = action.Change, fmt.Sprintf("Restores %s.", list(directed(a.direction, back), "and"))
	undo.Calls, err = authorize(a.direction, r, back)
	if err != nil {
		return nil, err
	}
	return plan(undo), nil
}
