package guard

import (
	"context"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// checkPlan refuses a plan that is not what it claims to be, and takes the calls from every item that is not to be
// changed: what the action escalated, found unneeded or in conflict stays so, whatever else the item says. Where the action says
// that people have to agree always, the mode is approve at most.
func (g *Guard) checkPlan(_ context.Context, d *draft) error {
	if d.Proposal.Plan == nil {
		return fault.New(fault.Internal, "there is no plan")
	}
	if d.Spec.Name == "" || d.plan.Action != d.Spec.Name {
		return fault.New(fault.Internal, "the plan is of action %q, not of %q", d.plan.Action, d.Spec.Name)
	}
	seen := map[string]bool{}
	for i := range d.plan.Items {
		item := &d.plan.Items[i]
		if item.ID == "" || seen[item.ID] {
			return fault.New(fault.Internal, "the plan has no id for an item, or the same one twice: %q", item.ID)
		}
		seen[item.ID] = true
		if item.Status != action.Change {
			item.Calls = nil
		}
		switch item.Status {
		case action.Escalated, action.Conflict, action.Failed:
			d.held(item)
		case action.Change:
			d.note(name(item.Resource), Passed, "It is what it claims to be.")
		}
	}
	if why := d.Spec.Approval; why != "" && d.mode == Auto && !d.Undo && d.changes() {
		d.mode = Approve
		d.holdBack(d.Spec.Name + " is done only once people have agreed: " + why + ".")
	}
	return nil
}

func name(r action.Resource) string {
	switch {
	case r.Name != "":
		return r.Name
	case r.ARN != "":
		return r.ARN
	default:
		return "A resource"
	}
}
