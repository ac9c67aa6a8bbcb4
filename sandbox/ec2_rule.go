package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// maxRules is the quota of rules in one direction, of IPv4 and IPv6 each
// (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html).
const maxRules = 60

func authorizeIngress(c *call) (wire.Object, error) { return authorizeRules(c, false) }
func authorizeEgress(c *call) (wire.Object, error)  { return authorizeRules(c, true) }

func authorizeRules(c *call, egress bool) (wire.Object, error) {
	g, err := c.groupOfInput()
	if err != nil {
		return nil, err
	}
	rules, err := c.rulesOfInput(g, egress)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, c.fail(wire.MissingParameter, "The request must contain the parameter ipPermissions")
	}
	tags, err := c.tagsFor("security-group-rule")
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if slices.ContainsFunc(g.rules, r.same) {
			return nil, wire.Errorf("InvalidPermission.Duplicate", "the specified rule %q already exists", r.peer())
		}
	}
	if err := checkRuleQuota(append(slices.Clone(g.rules), rules...), egress); err != nil {
		return nil, err
	}
	for _, r := range rules {
		r.id = c.sb.ec2ID("sgr-")
		for k, v := range tags {
			r.tags[k] = v
		}
	}
	g.rules = append(g.rules, rules...)
	c.subject("AWS::EC2::SecurityGroup", g.id)
	return wire.Object{"Return": true, "SecurityGroupRules": list(rules, func(r *groupRule) any {
		return c.ruleObject(g, r)
	})}, nil
}

func checkRuleQuota(rules []*groupRule, egress bool) error {
	v4, v6 := 0, 0
	for _, r := range rules {
		switch {
		case r.egress != egress:
		case r.cidr4 != "":
			v4++
		case r.cidr6 != "":
			v6++
		default: // counts against both
			v4, v6 = v4+1, v6+1
		}
	}
	if max(v4, v6) > maxRules {
		return wire.Errorf("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	return nil
}

// peer words a rule as EC2 does when it exists already.
func (r *groupRule) peer() string {
	who := orElse(orElse(r.cidr4, r.cidr6), orElse(r.prefixList, r.group.id))
	if !r.hasPorts() {
		what := r.protocol
		if what == allProtocols {
			what = "ALL"
		}
		return fmt.Sprintf("peer: %s, %s, ALLOW", who, what)
	}
	return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", who, strings.ToUpper(r.protocol), r.from, r.to)
}

// ruleObject is a SecurityGroupRule of an answer.
func (c *call) ruleObject(g *securityGroup, r *groupRule) wire.Object {
	out := wire.Object{
		"SecurityGroupRuleId": r.id, "GroupId": g.id, "GroupOwnerId": c.account.id, "IsEgress": r.egress,
		"IpProtocol": r.protocol, "FromPort": int64(r.from), "ToPort": int64(r.to),
	}
	put(out, "CidrIpv4", r.cidr4)
	put(out, "CidrIpv6", r.cidr6)
	put(out, "PrefixListId", r.prefixList)
	put(out, "Description", r.description)
	if r.group.id != "" {
		ref := wire.Object{"GroupId": r.group.id, "UserId": r.group.account}
		put(ref, "VpcId", r.group.vpc)
		put(ref, "VpcPeeringConnectionId", r.group.peering)
		out["ReferencedGroupInfo"] = ref
	}
	if len(r.tags) > 0 {
		out["Tags"] = tagList(r.tags)
	}
	return out
}

func revokeIngress(c *call) (wire.Object, error) { return revokeRules(c, false) }
func revokeEgress(c *call) (wire.Object, error)  { return revokeRules(c, true) }

// revokeRules takes all rules that the input names, or none.
func revokeRules(c *call, egress bool) (wire.Object, error) {
	g, err := c.groupOfInput()
	if err != nil {
		return nil, err
	}
	ids := c.in.strs("SecurityGroupRuleIds")
	wanted, err := c.rulesOfInput(g, egress)
	if err != nil {
		return nil, err
	}
	switch {
	case len(ids) > 0 && len(wanted) > 0:
		return nil, wire.Errorf("InvalidParameterCombination", "The parameter securityGroupRuleIds cannot be used with the parameter ipPermissions")
	case len(ids)+len(wanted) == 0:
		return nil, c.fail(wire.MissingParameter, "The request must contain the parameter ipPermissions or securityGroupRuleIds")
	}
	var gone, unknown []*groupRule
	for _, id := range ids {
		r, err := g.existingRule(id)
		if err != nil {
			return nil, err
		}
		if r.egress != egress {
			return nil, noSuchRule(id)
		}
		gone = append(gone, r)
	}
	for _, w := range wanted {
		r := firstWhere(g.rules, w.same)
		if r == nil {
			unknown = append(unknown, w)
			continue
		}
		gone = append(gone, r)
	}
	out := wire.Object{"Return": true}
	if len(unknown) > 0 {
		// Groups of a default VPC ignore rules that they don't have, and say so.
		if v := c.ec2().defaultVPC(); v == nil || v.id != g.vpc {
			return nil, wire.Errorf("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
		out["UnknownIpPermissions"] = permissionsOf(unknown)
	}
	g.rules = slices.DeleteFunc(g.rules, func(r *groupRule) bool { return slices.Contains(gone, r) })
	c.subject("AWS::EC2::SecurityGroup", g.id)
	return out, nil
}

func noSuchRule(id string) error {
	return wire.Errorf("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
}

func (g *securityGroup) existingRule(id string) (*groupRule, error) {
	if err := checkID(id, "sgr-", "InvalidSecurityGroupRuleId.Malformed"); err != nil {
		return nil, err
	}
	r := g.rule(id)
	if r == nil {
		return nil, noSuchRule(id)
	}
	return r, nil
}
