package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
)

// Plan looks at the group and plans one call that revokes the offending rules by id. The group's owner is looked up only
// where there is something to tell.
func (a *Revoke) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	t, err := parseTarget(req, a.direction)
	if err != nil {
		return nil, err
	}
	group, rules, err := a.read(ctx, req.Account, t.region, t.group, a.direction)
	if err != nil {
		return nil, err
	}
	bad := offending(rules, t)
	item := action.Item{Resource: resource(group, req.Account, t.region)}
	item.ID = item.Resource.ARN
	if item.Before, err = state(a.direction, rules); err != nil {
		return nil, err
	}
	item.After = item.Before
	if len(bad) > 0 {
		item.Resource.Owner = a.owner(ctx, group, req.Account, t.region)
	}
	switch wide := slices.DeleteFunc(slices.Clone(bad), func(r rule) bool { return !r.everything() }); {
	case len(bad) == 0:
		item.Status, item.Reason = action.Unneeded, "No rule is to be revoked: "+lowerFirst(t.what("not open"))+"."+leftAlone(rules, t)
	case len(wide) > 0 && !t.everything:
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("%s by %s, without which the group's members reach nothing. Allow what they need first and ask again with "+
			"even_everything, or deny a single address in their network ACL (ec2.deny-address).", t.what("open"), list(directed(a.direction, wide), "and"))
	default:
		item.Status, item.Reason = action.Change, fmt.Sprintf("%s by %s.%s", t.what("open"), list(directed(a.direction, bad), "and"), leftAlone(rules, t))
		call, err := revoke(a.direction, item.Resource, bad)
		if err != nil {
			return nil, err
		}
		item.Calls = []action.Call{call}
		if item.After, err = state(a.direction, without(rules, bad)); err != nil {
			return nil, err
		}
	}
	return &action.Plan{Action: a.spec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// leftAlone says which rules open the ports to others whose addresses are kept elsewhere.
func leftAlone(rules []rule, t target) string {
	var left []rule
	for _, r := range rules {
		if r.CIDR == "" && slices.ContainsFunc(t.ports, func(port int32) bool { return r.opens(t.protocol, port) }) {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf(" Left as they are, since only addresses are judged: %s.", list(directed(t.direction, left), "and"))
}

func names(rules []rule) []string {
	out := make([]string, 0, len(rules))
	for _, r := range rules {
		out = append(out, r.String())
	}
	return out
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
