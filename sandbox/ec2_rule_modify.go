package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// modifySecurityGroupRules replaces rules whole, tags and ids aside: what the
// input leaves out is gone.
func modifySecurityGroupRules(c *call) (wire.Object, error) {
	g, err := c.groupOfInput()
	if err != nil {
		return nil, err
	}
	after := slices.Clone(g.rules)
	for _, u := range c.in.objects("SecurityGroupRules") {
		old, err := g.existingRule(u.str("SecurityGroupRuleId"))
		if err != nil {
			return nil, err
		}
		changed, err := c.modifiedRule(g, old, u.object("SecurityGroupRule"))
		if err != nil {
			return nil, err
		}
		after[slices.Index(g.rules, old)] = changed
	}
	for i, r := range after {
		if slices.ContainsFunc(after[:i], r.same) {
			return nil, wire.Errorf("InvalidPermission.Duplicate", "the specified rule %q already exists", r.peer())
		}
	}
	for _, egress := range []bool{false, true} {
		if err := checkRuleQuota(after, egress); err != nil {
			return nil, err
		}
	}
	g.rules = after
	c.subject("AWS::EC2::SecurityGroup", g.id)
	return wire.Object{"Return": true}, nil
}

func (c *call) modifiedRule(g *securityGroup, old *groupRule, in input) (*groupRule, error) {
	r, err := c.permission(in)
	if err != nil {
		return nil, err
	}
	r.id, r.egress, r.tags, r.description = old.id, old.egress, old.tags, in.str("Description")
	if err := c.checkRuleDescription(r.description); err != nil {
		return nil, err
	}
	sources := 0
	for _, s := range []struct {
		name string
		set  func(value string) error
	}{
		{"CidrIpv4", func(v string) error { return c.setCIDR(&r, v, true) }},
		{"CidrIpv6", func(v string) error { return c.setCIDR(&r, v, false) }},
		{"PrefixListId", func(v string) error { return c.setPrefixList(&r, v) }},
		{"ReferencedGroupId", func(v string) error { return c.setReference(&r, input{"GroupId": v}, g) }},
	} {
		if !in.has(s.name) {
			continue
		}
		sources++
		if err := s.set(in.str(s.name)); err != nil {
			return nil, err
		}
	}
	if sources != 1 {
		return nil, c.fail(wire.Invalid, "Exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId must be specified for %s", old.id)
	}
	return &r, nil
}

// ruleOfGroup is a rule with the group that it belongs to.
type ruleOfGroup struct {
	group *securityGroup
	rule  *groupRule
}

func describeSecurityGroupRules(c *call) (wire.Object, error) {
	var all []ruleOfGroup
	for _, g := range c.ec2().groups {
		for _, r := range g.rules {
			all = append(all, ruleOfGroup{g, r})
		}
	}
	if ids := c.in.strs("SecurityGroupRuleIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			if err := checkID(id, "sgr-", "InvalidSecurityGroupRuleId.Malformed"); err != nil {
				return nil, err
			}
			g, r := c.ec2().rule(id)
			if r == nil {
				return nil, noSuchRule(id)
			}
			all = append(all, ruleOfGroup{g, r})
		}
	}
	found, err := filtered(c, all, func(r ruleOfGroup) ec2Attributes {
		return ec2Attributes{"group-id": {r.group.id}, "security-group-rule-id": {r.rule.id}}.tagged(r.rule.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "SecurityGroupRules", func(r ruleOfGroup) any { return c.ruleObject(r.group, r.rule) })
}
