package sandbox

import (
	"net/netip"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

const allProtocols = "-1"

// ipProtocols are the protocols that EC2 calls by name.
var ipProtocols = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": allProtocols}

// permission is the protocol and ports that an IpPermission or a rule gives.
func (c *call) permission(in input) (groupRule, error) {
	r := groupRule{from: in.number("FromPort", -1), to: in.number("ToPort", -1), tags: map[string]string{}}
	text := strings.ToLower(in.str("IpProtocol"))
	if text == "" {
		return r, c.fail(wire.MissingParameter, "The request must contain the parameter ipProtocol")
	}
	r.protocol = orElse(ipProtocols[text], text)
	switch r.protocol {
	case allProtocols:
		r.from, r.to = -1, -1
	case "tcp", "udp":
		if !in.has("FromPort") || !in.has("ToPort") {
			return r, c.fail(wire.Invalid, "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		if r.from < 0 || r.to > 65535 || r.from > r.to {
			return r, c.fail(wire.Invalid, "Invalid %s port range (%d-%d)", strings.ToUpper(r.protocol), r.from, r.to)
		}
	case "icmp", "icmpv6":
		if r.from < -1 || r.from > 255 || r.to < -1 || r.to > 255 || r.from == -1 && r.to != -1 {
			return r, c.fail(wire.Invalid, "Invalid ICMP type and code (%d, %d)", r.from, r.to)
		}
	default:
		n, err := strconv.Atoi(r.protocol)
		if err != nil || n < 0 || n > 255 {
			return r, c.fail(wire.Invalid, "Invalid value '%s' for IP protocol. Unknown protocol.", in.str("IpProtocol"))
		}
		r.from, r.to = -1, -1
	}
	return r, nil
}

// rulesOfInput are the rules that IpPermissions, or the older single members,
// stand for: one for each source.
func (c *call) rulesOfInput(g *securityGroup, egress bool) ([]*groupRule, error) {
	permissions := c.in.objects("IpPermissions")
	if c.in.has("IpProtocol") {
		if len(permissions) > 0 {
			return nil, wire.Errorf("InvalidParameterCombination", "The parameter ipPermissions cannot be used with the parameter ipProtocol")
		}
		permissions = []input{{
			"IpProtocol": c.in["IpProtocol"], "FromPort": c.in["FromPort"], "ToPort": c.in["ToPort"],
			"IpRanges": wire.List{wire.Object{"CidrIp": c.in["CidrIp"]}},
		}}
	}
	var out []*groupRule
	for _, p := range permissions {
		base, err := c.permission(p)
		if err != nil {
			return nil, err
		}
		base.egress = egress
		rules, err := c.sources(base, p, g)
		if err != nil {
			return nil, err
		}
		out = append(out, rules...)
	}
	for i, r := range out {
		for _, other := range out[:i] {
			if r.same(other) {
				return nil, c.fail(wire.Invalid, "The same permission must not appear multiple times")
			}
		}
	}
	return out, nil
}

// sources makes a rule like base for each source of an IpPermission.
func (c *call) sources(base groupRule, p input, g *securityGroup) ([]*groupRule, error) {
	var out []*groupRule
	add := func(from input, set func(*groupRule) error) error {
		r := base
		r.tags, r.description = map[string]string{}, from.str("Description")
		if err := c.checkRuleDescription(r.description); err != nil {
			return err
		}
		out = append(out, &r)
		return set(&r)
	}
	for _, e := range p.objects("IpRanges") {
		if err := add(e, func(r *groupRule) error { return c.setCIDR(r, e.str("CidrIp"), true) }); err != nil {
			return nil, err
		}
	}
	for _, e := range p.objects("Ipv6Ranges") {
		if err := add(e, func(r *groupRule) error { return c.setCIDR(r, e.str("CidrIpv6"), false) }); err != nil {
			return nil, err
		}
	}
	for _, e := range p.objects("PrefixListIds") {
		if err := add(e, func(r *groupRule) error { return c.setPrefixList(r, e.str("PrefixListId")) }); err != nil {
			return nil, err
		}
	}
	for _, e := range p.objects("UserIdGroupPairs") {
		if err := add(e, func(r *groupRule) error { return c.setReference(r, e, g) }); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, c.fail(wire.Invalid, "Invalid value 'null' for IP ranges: the permission names no range, prefix list or group")
	}
	return out, nil
}

var ruleDescription = form(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)

func (c *call) checkRuleDescription(text string) error {
	if !ruleDescription().MatchString(text) {
		return c.fail(wire.Invalid, "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
	}
	return nil
}

// setCIDR keeps a network with its host bits cleared, as EC2 does.
func (c *call) setCIDR(r *groupRule, text string, v4 bool) error {
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4() != v4 {
		return c.fail(wire.Invalid, "CIDR block %s is malformed", text)
	}
	if v4 {
		r.cidr4 = p.Masked().String()
	} else {
		r.cidr6 = p.Masked().String()
	}
	return nil
}

func (c *call) setPrefixList(r *groupRule, id string) error {
	r.prefixList = id
	return checkID(id, "pl-", "InvalidPrefixListId.Malformed")
}

// setReference takes groups of other accounts at their word: peering isn't there.
func (c *call) setReference(r *groupRule, pair input, g *securityGroup) error {
	account := orElse(pair.str("UserId"), c.account.id)
	id := pair.str("GroupId")
	if name := pair.str("GroupName"); id == "" && name != "" {
		named := firstWhere(c.ec2().groups, func(o *securityGroup) bool { return o.vpc == g.vpc && o.name == name })
		if named == nil {
			return wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", name)
		}
		id = named.id
	}
	if account == c.account.id {
		if _, err := c.existingGroup(id); err != nil {
			return err
		}
	} else if err := checkID(id, "sg-", "InvalidGroupId.Malformed"); err != nil {
		return err
	}
	r.group = groupReference{id: id, account: account, vpc: pair.str("VpcId"), peering: pair.str("VpcPeeringConnectionId")}
	return nil
}

// same says whether two rules allow the same, which one group cannot have twice.
func (r *groupRule) same(o *groupRule) bool {
	return r.egress == o.egress && r.protocol == o.protocol && r.from == o.from && r.to == o.to && r.cidr4 == o.cidr4 &&
		r.cidr6 == o.cidr6 && r.prefixList == o.prefixList && r.group.id == o.group.id && r.group.account == o.group.account
}

// permissions shows rules as IpPermissions: one for all that have protocol and
// ports in common.
func (c *call) permissions(g *securityGroup, egress bool) wire.List {
	var rules []*groupRule
	for _, r := range g.rules {
		if r.egress == egress {
			rules = append(rules, r)
		}
	}
	return permissionsOf(rules)
}

func permissionsOf(rules []*groupRule) wire.List {
	type ports struct {
		protocol string
		from, to int
	}
	byPorts, out := map[ports]wire.Object{}, wire.List{}
	for _, r := range rules {
		key := ports{r.protocol, r.from, r.to}
		p := byPorts[key]
		if p == nil {
			p = wire.Object{"IpProtocol": r.protocol, "IpRanges": wire.List{}, "Ipv6Ranges": wire.List{}, "PrefixListIds": wire.List{}, "UserIdGroupPairs": wire.List{}}
			if r.hasPorts() {
				p["FromPort"], p["ToPort"] = int64(r.from), int64(r.to)
			}
			byPorts[key] = p
			out = append(out, p)
		}
		name, source := r.source()
		put(source, "Description", r.description)
		p[name] = append(p[name].(wire.List), source)
	}
	return out
}

// hasPorts says whether the protocol knows ports, or types and codes.
func (r *groupRule) hasPorts() bool {
	switch r.protocol {
	case "tcp", "udp", "icmp", "icmpv6":
		return true
	}
	return false
}

// source is where the rule lets in from or out to, as an element of that list
// of an IpPermission.
func (r *groupRule) source() (list string, element wire.Object) {
	switch {
	case r.cidr4 != "":
		return "IpRanges", wire.Object{"CidrIp": r.cidr4}
	case r.cidr6 != "":
		return "Ipv6Ranges", wire.Object{"CidrIpv6": r.cidr6}
	case r.prefixList != "":
		return "PrefixListIds", wire.Object{"PrefixListId": r.prefixList}
	}
	pair := wire.Object{"GroupId": r.group.id, "UserId": r.group.account}
	put(pair, "VpcId", r.group.vpc)
	put(pair, "VpcPeeringConnectionId", r.group.peering)
	return "UserIdGroupPairs", pair
}
