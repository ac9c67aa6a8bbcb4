package ec2

import (
	"context"
	"fmt"
	"slices"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Undo plans to authorize the revoked rules again, with their descriptions and tags; AWS gives them new ids. Those that are
// back already are left. Where the group is gone, or has a rule that lets in the same with another description or other
// tags, that is a conflict and nothing is planned.
func (a *RevokeIngress) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	before, after, err := states(applied)
	if err != nil {
		return nil, err
	}
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := func(item action.Item) *action.Plan {
		return &action.Plan{Action: spec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{item}}
	}
	_, now, err := a.read(ctx, r.Account, r.Region, groupID(r), ingress)
	if fault.CodeOf(err) == fault.NotFound {
		undo.Status, undo.Reason = action.Conflict, "The group was deleted since, so its rules cannot be restored."
		return plan(undo), nil
	}
	if err != nil {
		return nil, err
	}
	if undo.Before, err = (state{now}).json(); err != nil {
		return nil, err
	}
	var back []rule
	for _, revoked := range without(before.Ingress, after.Ingress) {
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
	if undo.After, err = (state{append(slices.Clone(now), back...)}).json(); err != nil {
		return nil, err
	}
	if len(back) == 0 {
		undo.Status, undo.Reason = action.Unneeded, "All rules that were revoked are there again."
		return plan(undo), nil
	}
	undo.Status, undo.Reason = action.Change, fmt.Sprintf("Restores %s.", list(names(back), "and"))
	undo.Calls, err = authorize(ingress, r, back)
	if err != nil {
		return nil, err
	}
	return plan(undo), nil
}
