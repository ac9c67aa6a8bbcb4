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
func (a *RevokeIngress) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	t, err := parseTarget(req)
	if err != nil {
		return nil, err
	}
	group, rules, err := a.read(ctx, req.Account, t.region, t.group, ingress)
	if err != nil {
		return nil, err
	}
	bad := offending(rules, t.ports, t.networks)
	stay := without(rules, bad)
	item := action.Item{Resource: resource(group, req.Account, t.region)}
	item.ID = item.Resource.ARN
	if item.Before, err = (state{rules}).json(); err != nil {
		return nil, err
	}
	if item.After, err = (state{stay}).json(); err != nil {
		return nil, err
	}
	if len(bad) == 0 {
		item.Status, item.Reason = action.Unneeded, "No rule is to be revoked: "+lowerFirst(t.what("not open"))+"."+leftAlone(rules, t)
	} else {
		item.Status, item.Reason = action.Change, fmt.Sprintf("%s by %s.%s", t.what("open"), list(names(bad), "and"), leftAlone(rules, t))
		ids := make([]string, 0, len(bad))
		for _, r := range bad {
			ids = append(ids, r.ID)
		}
		input := struct {
			GroupId              string
			SecurityGroupRuleIds []string
		}{t.group, ids}
		call, err := newCall("RevokeSecurityGroupIngress", req.Account, t.region, input)
		if err != nil {
			return nil, err
		}
		item.Calls = []action.Call{call}
		item.Resource.Owner = a.owner(ctx, group, req.Account, t.region)
	}
	return &action.Plan{Action: spec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// leftAlone says which rules open the ports to sources whose addresses are kept elsewhere.
func leftAlone(rules []rule, t target) string {
	var left []rule
	for _, r := range rules {
		if r.CIDR == "" && slices.ContainsFunc(t.ports, r.opens) {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf(" Left as they are, since only addresses are judged: %s.", list(names(left), "and"))
}

func names(rules []rule) []string {
	out := make([]string, 0, len(rules))
	for _, r := range rules {
		out = append(out, r.String())
	}
	return out
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
