package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Plan looks at the group and plans to take back what is still as the event left it. What somebody changed since the event is
// left and named.
func (a *RevertGroup) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	id, event, err := parseRevert(req)
	if err != nil {
		return nil, err
	}
	group, now, err := a.read(ctx, req.Account, req.Region, id, event.direction)
	if err != nil {
		return nil, err
	}
	item := action.Item{Resource: resource(group, req.Account, req.Region)}
	item.ID = item.Resource.ARN
	before, after := newTouched(event.direction, nil), newTouched(event.direction, nil)
	switch {
	case event.nothing:
		item.Status, item.Reason = action.Unneeded, "The event's call changed nothing."
	case event.operation == modifyRules:
		outgoing, err := a.rules(ctx, req.Account, req.Region, id, egress)
		if err != nil {
			return nil, err
		}
		item.Status, item.Reason = judgeModified(event, now, outgoing)
	case strings.HasPrefix(event.operation, authorizeVerb):
		before, err = takeAway(&item, event, now)
	default:
		before, after, err = putBack(&item, event, now)
	}
	if err != nil {
		return nil, err
	}
	if err := setStates(&item, before, after); err != nil {
		return nil, err
	}
	return &action.Plan{Action: revertSpec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// parseRevert reads the parameters.
func parseRevert(req action.Request) (id string, e groupEvent, err error) {
	var p struct {
		GroupID string          `json:"group_id"`
		Event   json.RawMessage `json:"event"`
	}
	if err := req.Check(); err != nil {
		return "", e, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return "", e, err
	}
	var problems []string
	if !groupPattern.MatchString(p.GroupID) {
		problems = append(problems, fmt.Sprintf("group_id %.200q is not the id of a security group (sg-…)", p.GroupID))
	}
	if e, err = parseEvent(p.Event); err != nil {
		problems = append(problems, fmt.Sprintf("event %v", err))
	} else if e.group != "" && e.group != p.GroupID {
		problems = append(problems, fmt.Sprintf("event is about the group %.100q", e.group))
	}
	if len(problems) > 0 {
		return "", e, fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"group_id": "sg-…", "event": the CloudTrail record of the change}; in a playbook "event.$": "$.detail"`)
	}
	return p.GroupID, e, nil
}

// setStates sets the states of an item that changes something, or is right already.
func setStates(item *action.Item, before, after touched) (err error) {
	if item.Before, err = before.json(); err != nil {
		return err
	}
	if item.Status != action.Change {
		after = before
	}
	item.After, err = after.json()
	return err
}

// judgeModified: a record of ModifySecurityGroupRules has the rules as they became, never as they were.
func judgeModified(e groupEvent, incoming, outgoing []rule) (action.Status, string) {
	var there []string
	for d, rules := range map[direction][]rule{ingress: incoming, egress: outgoing} {
		there = append(there, directed(d, slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return !slices.Contains(e.ids, r.ID) }))...)
	}
	slices.Sort(there)
	if len(there) == 0 {
		return action.Unneeded, "None of the rules that the event modified is there any more."
	}
	return action.Escalated, fmt.Sprintf("CloudTrail doesn't tell what the rules were before they were modified. Now they are %s. Look them up "+
		"in the history of AWS Config or in the template that made the group, and set them by hand.", list(there, "and"))
}

// takeAway plans to revoke what the event added, and returns what is there of it.
func takeAway(item *action.Item, e groupEvent, now []rule) (touched, error) {
	var added, changed []rule
	for _, r := range e.rules {
		i := slices.IndexFunc(now, func(n rule) bool { return n.ID == r.ID || r.ID == "" && n.same(r) })
		switch {
		case i < 0:
		case now[i].same(r):
			added = append(added, now[i])
		default:
			changed = append(changed, now[i])
		}
	}
	left := ""
	if len(changed) > 0 {
		left = fmt.Sprintf(" Left as it is, because somebody changed it since: %s. Look at who did.", list(directed(e.direction, changed), "and"))
	}
	switch {
	case len(added) > 0:
		item.Status, item.Reason = action.Change, fmt.Sprintf("Revokes what the event added: %s.%s", list(directed(e.direction, added), "and"), left)
		call, err := revoke(e.direction, item.Resource, added)
		if err != nil {
			return touched{}, err
		}
		item.Calls = []action.Call{call}
	case len(changed) > 0:
		item.Status, item.Reason = action.Escalated, strings.TrimSpace(left)
	default:
		item.Status, item.Reason = action.Unneeded, "None of the rules that the event added is there any more."
	}
	return newTouched(e.direction, added), nil
}

// putBack plans to authorize again what the event took away, and returns what is there of it, and will be.
func putBack(item *action.Item, e groupEvent, now []rule) (before, after touched, err error) {
	var present, missing []rule
	for _, r := range e.rules {
		if there, ok := find(now, r); ok {
			present = append(present, there)
		} else {
			missing = append(missing, r)
		}
	}
	before, after = newTouched(e.direction, present), newTouched(e.direction, slices.Concat(present, missing))
	switch {
	case len(e.rules) == 0:
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("The event names the revoked rules by their ids alone (%s), and AWS doesn't tell any more what they were. "+
			"Look them up in the history of AWS Config, or in the event that authorized them, and authorize them by hand.", list(e.ids, "and"))
	case len(missing) == 0:
		item.Status, item.Reason = action.Unneeded, "All rules that the event revoked are there again."
	default:
		missing = newTouched(e.direction, missing).Rules
		item.Status = action.Change
		item.Reason = fmt.Sprintf("Authorizes again what the event revoked: %s. The event doesn't tell their tags, nor descriptions that its call left out.",
			list(directed(e.direction, missing), "and"))
		item.Calls, err = authorize(e.direction, item.Resource, missing)
	}
	return before, after, err
}

// revoke returns the call that takes the rules away, by their ids.
func revoke(d direction, group action.Resource, rules []rule) (action.Call, error) {
	ids := make([]string, 0, len(rules))
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return newCall(revokeVerb+string(d), group.Account, group.Region, struct {
		GroupId              string
		SecurityGroupRuleIds []string
	}{groupID(group), ids})
}

// directed names rules for people, as rules from or to somewhere.
func directed(d direction, rules []rule) []string {
	out := names(rules)
	if d == egress {
		for i := range out {
			out[i] = strings.Replace(out[i], " from ", " to ", 1)
		}
	}
	slices.Sort(out)
	return out
}

// Undo plans to bring back the rules as they were before the revert. Those that are so already are left. Where the group is
// gone, or has such a rule with another description or other tags, that is a conflict and nothing is planned.
func (a *RevertGroup) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	before, after, err := touchedOf(applied)
	if err != nil {
		return nil, err
	}
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := &action.Plan{Action: revertSpec.Name, Account: r.Account, Region: r.Region}
	_, now, err := a.read(ctx, r.Account, r.Region, groupID(r), after.Direction)
	if fault.CodeOf(err) == fault.NotFound {
		undo.Status, undo.Reason = action.Conflict, "The group was deleted since."
		plan.Items = []action.Item{undo}
		return plan, nil
	}
	if err != nil {
		return nil, err
	}
	present := before.and(after).of(now)
	goal, other := present.toward(before, after)
	switch {
	case other != nil:
		undo.Status = action.Conflict
		undo.Reason = fmt.Sprintf("Somebody changed %s since, or made it with another description or other tags.", list(directed(after.Direction, other), "and"))
	case present.sameAs(goal):
		undo.Status, undo.Reason = action.Unneeded, "The rules are as they were before the revert already."
	default:
		undo.Status = action.Change
		undo.Calls, undo.Reason, err = back(r, now, present, goal)
	}
	if err == nil {
		err = setStates(&undo, present, goal)
	}
	plan.Items = []action.Item{undo}
	return plan, err
}

// toward returns what the rules are to be for before to hold again, where t is what is there of them now. Rules that are
// neither as before nor as after are others.
func (t touched) toward(before, after touched) (goal touched, others []rule) {
	for _, r := range t.Rules {
		was, inBefore := find(before.Rules, r)
		became, inAfter := find(after.Rules, r)
		if !(inBefore && was.equal(r)) && !(inAfter && became.equal(r)) {
			others = append(others, r)
		}
	}
	return before, others
}

// back returns the calls that make the present rules what the goal says, and a sentence about them.
func back(group action.Resource, now []rule, present, goal touched) (calls []action.Call, reason string, err error) {
	var sentences []string
	if gone := without(goal.Rules, present.Rules); len(gone) > 0 {
		sentences = append(sentences, fmt.Sprintf("Restores %s.", list(directed(goal.Direction, gone), "and")))
		if calls, err = authorize(goal.Direction, group, gone); err != nil {
			return nil, "", err
		}
	}
	var extra []rule
	for _, r := range without(present.Rules, goal.Rules) {
		if there, ok := find(now, r); ok {
			extra = append(extra, there)
		}
	}
	if len(extra) > 0 {
		sentences = append(sentences, fmt.Sprintf("Revokes %s again.", list(directed(goal.Direction, extra), "and")))
		call, err := revoke(goal.Direction, group, extra)
		if err != nil {
			return nil, "", err
		}
		calls = append(calls, call)
	}
	return calls, strings.Join(sentences, " "), nil
}
