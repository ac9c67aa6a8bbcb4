package sandbox

import (
	"fmt"
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// subnetOperations are those on subnets and on their network ACLs.
func subnetOperations() []operation {
	aclOfInput := func(c *call) []string { return []string{c.arn("network-acl/" + c.in.str("NetworkAclId"))} }
	subnetOfInput := func(c *call) []string { return []string{c.arn("subnet/" + c.in.str("SubnetId"))} }
	return []operation{
		{name: "CreateSubnet", resources: vpcOfInput, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createSubnet},
		{name: "DescribeSubnets", handle: describeSubnets},
		{name: "ModifySubnetAttribute", resources: subnetOfInput, handle: modifySubnetAttribute},
		{name: "CreateNetworkAcl", resources: vpcOfInput, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createNetworkACL},
		{name: "DescribeNetworkAcls", handle: describeNetworkACLs},
		{name: "CreateNetworkAclEntry", resources: aclOfInput, handle: createNetworkACLEntry},
		{name: "DeleteNetworkAclEntry", resources: aclOfInput, handle: deleteNetworkACLEntry},
	}
}

type subnet struct {
	id, vpc, cidr string
	public        bool // new interfaces get a public address
	tags          map[string]string
}

type networkACL struct {
	id, vpc string
	entries []aclEntry
	tags    map[string]string
}

type aclEntry struct {
	number                        int
	egress                        bool
	protocol, action, cidr, cidr6 string
	from, to                      int // ports; -1 for all
}

func (n *network) cloneSubnets(out *network) {
	for _, s := range n.subnets {
		c := *s
		c.tags = maps.Clone(s.tags)
		out.subnets = append(out.subnets, &c)
	}
	for _, a := range n.acls {
		c := *a
		c.entries, c.tags = slices.Clone(a.entries), maps.Clone(a.tags)
		out.acls = append(out.acls, &c)
	}
}

func createSubnet(c *call) (wire.Object, error) {
	v, err := c.existingVPC(c.in.str("VpcId"))
	if err != nil {
		return nil, err
	}
	tags, err := c.tagsFor("subnet")
	if err != nil {
		return nil, err
	}
	s := &subnet{id: c.sb.ec2ID("subnet-"), vpc: v.id, cidr: c.in.str("CidrBlock"), tags: tags}
	n := c.ec2()
	n.subnets = append(n.subnets, s)
	c.subject("AWS::EC2::Subnet", s.id)
	return wire.Object{"Subnet": c.subnetObject(s)}, nil
}

func (c *call) subnetObject(s *subnet) wire.Object {
	return wire.Object{
		"SubnetId": s.id, "VpcId": s.vpc, "CidrBlock": s.cidr, "State": "available", "OwnerId": c.account.id, "AvailabilityZone": c.region + "a",
		"MapPublicIpOnLaunch": s.public, "SubnetArn": c.arn("subnet/" + s.id), "Tags": tagList(s.tags),
	}
}

func (c *call) existingSubnet(id string) (*subnet, error) {
	s := firstWhere(c.ec2().subnets, func(s *subnet) bool { return s.id == id })
	if s == nil {
		return nil, wire.Errorf("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	}
	return s, nil
}

func describeSubnets(c *call) (wire.Object, error) {
	all := c.ec2().subnets
	if ids := c.in.strs("SubnetIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			s, err := c.existingSubnet(id)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	found, err := filtered(c, all, func(s *subnet) ec2Attributes {
		return ec2Attributes{"subnet-id": {s.id}, "vpc-id": {s.vpc}, "cidr-block": {s.cidr}}.tagged(s.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Subnets", func(s *subnet) any { return c.subnetObject(s) })
}

func modifySubnetAttribute(c *call) (wire.Object, error) {
	s, err := c.existingSubnet(c.in.str("SubnetId"))
	if err != nil {
		return nil, err
	}
	if !c.in.has("MapPublicIpOnLaunch") {
		return nil, wire.Errorf("InvalidParameterCombination", "No attributes specified.")
	}
	s.public = c.in.object("MapPublicIpOnLaunch").flag("Value", false)
	c.subject("AWS::EC2::Subnet", s.id)
	return nil, nil
}

// lastACLEntry is the number of the entry that every network ACL ends with.
const lastACLEntry = 32767

func createNetworkACL(c *call) (wire.Object, error) {
	v, err := c.existingVPC(c.in.str("VpcId"))
	if err != nil {
		return nil, err
	}
	tags, err := c.tagsFor("network-acl")
	if err != nil {
		return nil, err
	}
	a := &networkACL{id: c.sb.ec2ID("acl-"), vpc: v.id, tags: tags}
	for _, egress := range []bool{true, false} {
		a.entries = append(a.entries, aclEntry{number: lastACLEntry, egress: egress, protocol: "-1", action: "deny", cidr: "0.0.0.0/0", from: -1, to: -1})
	}
	n := c.ec2()
	n.acls = append(n.acls, a)
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return wire.Object{"NetworkAcl": c.networkACLObject(a)}, nil
}

func (c *call) networkACLObject(a *networkACL) wire.Object {
	return wire.Object{
		"NetworkAclId": a.id, "VpcId": a.vpc, "OwnerId": c.account.id, "IsDefault": false, "Associations": wire.List{}, "Tags": tagList(a.tags),
		"Entries": list(a.entries, func(e aclEntry) any {
			out := wire.Object{"RuleNumber": int64(e.number), "Egress": e.egress, "Protocol": e.protocol, "RuleAction": e.action}
			put(out, "CidrBlock", e.cidr)
			put(out, "Ipv6CidrBlock", e.cidr6)
			if e.from >= 0 {
				out["PortRange"] = wire.Object{"From": int64(e.from), "To": int64(e.to)}
			}
			return out
		}),
	}
}

func (c *call) existingACL(id string) (*networkACL, error) {
	a := firstWhere(c.ec2().acls, func(a *networkACL) bool { return a.id == id })
	if a == nil {
		return nil, wire.Errorf("InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist", id)
	}
	return a, nil
}

func describeNetworkACLs(c *call) (wire.Object, error) {
	all := c.ec2().acls
	if ids := c.in.strs("NetworkAclIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			a, err := c.existingACL(id)
			if err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	found, err := filtered(c, all, func(a *networkACL) ec2Attributes {
		return ec2Attributes{"network-acl-id": {a.id}, "vpc-id": {a.vpc}}.tagged(a.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "NetworkAcls", func(a *networkACL) any { return c.networkACLObject(a) })
}

func createNetworkACLEntry(c *call) (wire.Object, error) {
	a, err := c.existingACL(c.in.str("NetworkAclId"))
	if err != nil {
		return nil, err
	}
	e := aclEntry{
		number: c.in.number("RuleNumber", 0), egress: c.in.flag("Egress", false), protocol: c.in.str("Protocol"), action: c.in.str("RuleAction"),
		cidr: c.in.str("CidrBlock"), cidr6: c.in.str("Ipv6CidrBlock"), from: -1, to: -1,
	}
	if ports := c.in.object("PortRange"); len(ports) > 0 {
		e.from, e.to = ports.number("From", -1), ports.number("To", -1)
	}
	if e.number < 1 || e.number >= lastACLEntry {
		return nil, c.fail(wire.Invalid, "Value (%d) for parameter ruleNumber is invalid.", e.number)
	}
	at, taken := a.find(e.number, e.egress)
	if taken {
		return nil, wire.Errorf("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.number)
	}
	a.entries = slices.Insert(a.entries, at, e)
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return nil, nil
}

// find is where the entry with the number is, or would be.
func (a *networkACL) find(number int, egress bool) (at int, found bool) {
	return slices.BinarySearchFunc(a.entries, number, func(e aclEntry, number int) int {
		return aclOrder(e.number, e.egress) - aclOrder(number, egress)
	})
}

// aclOrder is the order in which AWS lists entries: those that leave first.
func aclOrder(number int, egress bool) int {
	if egress {
		return number
	}
	return number + lastACLEntry
}

func deleteNetworkACLEntry(c *call) (wire.Object, error) {
	a, err := c.existingACL(c.in.str("NetworkAclId"))
	if err != nil {
		return nil, err
	}
	number, egress := c.in.number("RuleNumber", 0), c.in.flag("Egress", false)
	at, found := a.find(number, egress)
	if !found {
		return nil, wire.Errorf("InvalidNetworkAclEntry.NotFound", "%s", fmt.Sprintf("The %s network acl entry identified by %d does not exist.", map[bool]string{true: "egress", false: "ingress"}[egress], number))
	}
	a.entries = slices.Delete(a.entries, at, at+1)
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return nil, nil
}
