package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// aclOperations are those on network ACLs
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html).
// Their records call the protocol by a name of its own, and have ports and ICMP
// types where there are none.
func aclOperations() []operation {
	aclOfInput := func(c *call) []string { return []string{c.arn("network-acl/" + c.in.str("NetworkAclId"))} }
	entry := recordShape{requestOf: func(c *call) any {
		names := map[string]string{"Protocol": "aclProtocol", "IcmpTypeCode": "icmpTypeCode"}
		out := recordShape{ec2Names: names}.ec2Request(c.target.Operation.Input.Type(), wire.Object(c.in)).(wire.Object)
		for _, name := range []string{"icmpTypeCode", "portRange"} {
			if out[name] == nil {
				out[name] = wire.Object{}
			}
		}
		return out
	}}
	return []operation{
		{name: "CreateNetworkAcl", resources: vpcOfInput, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createNetworkACL},
		{name: "DescribeNetworkAcls", handle: describeNetworkACLs},
		{name: "CreateNetworkAclEntry", resources: aclOfInput, handle: createNetworkACLEntry, record: entry},
		{name: "ReplaceNetworkAclEntry", resources: aclOfInput, handle: replaceNetworkACLEntry, record: entry},
		{name: "DeleteNetworkAclEntry", resources: aclOfInput, handle: deleteNetworkACLEntry},
	}
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
	icmpType, icmpCode            int // -1 for all, and where it isn't ICMP
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
			if e.protocol == "1" || e.protocol == "58" {
				out["IcmpTypeCode"] = wire.Object{"Type": int64(e.icmpType), "Code": int64(e.icmpCode)}
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
	all, err := selected(c, "NetworkAclIds", c.ec2().acls, c.existingACL)
	if err != nil {
		return nil, err
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
	a, e, err := c.inputACLEntry()
	if err != nil {
		return nil, err
	}
	at, taken := a.find(e.number, e.egress)
	if taken {
		return nil, wire.Errorf("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.number)
	}
	a.entries = slices.Insert(a.entries, at, e)
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return nil, nil
}

func replaceNetworkACLEntry(c *call) (wire.Object, error) {
	a, e, err := c.inputACLEntry()
	if err != nil {
		return nil, err
	}
	at, found := a.find(e.number, e.egress)
	if !found {
		return nil, noACLEntry(e.number, e.egress)
	}
	a.entries[at] = e
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return nil, nil
}

// inputACLEntry is the entry that the input describes, and its ACL.
func (c *call) inputACLEntry() (*networkACL, aclEntry, error) {
	e := aclEntry{
		number: c.in.number("RuleNumber", 0), egress: c.in.flag("Egress", false), protocol: c.in.str("Protocol"), action: c.in.str("RuleAction"),
		cidr: c.in.str("CidrBlock"), cidr6: c.in.str("Ipv6CidrBlock"), from: -1, to: -1, icmpType: -1, icmpCode: -1,
	}
	a, err := c.existingACL(c.in.str("NetworkAclId"))
	if err != nil {
		return nil, e, err
	}
	if ports := c.in.object("PortRange"); len(ports) > 0 {
		e.from, e.to = ports.number("From", -1), ports.number("To", -1)
	}
	icmp := c.in.object("IcmpTypeCode")
	e.icmpType, e.icmpCode = icmp.number("Type", -1), icmp.number("Code", -1)
	if number, named := map[string]string{"all": "-1", "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}[lower(e.protocol)]; named {
		e.protocol = number
	}
	switch {
	case e.number < 1 || e.number >= lastACLEntry:
		return nil, e, c.fail(wire.Invalid, "Value (%d) for parameter ruleNumber is invalid.", e.number)
	case (e.cidr == "") == (e.cidr6 == ""):
		return nil, e, wire.Errorf("MissingParameter", "The request must contain exactly one of cidrBlock or ipv6CidrBlock")
	case (e.protocol == "6" || e.protocol == "17") && e.from < 0:
		return nil, e, wire.Errorf("MissingParameter", "The request must contain the parameter portRange")
	case (e.protocol == "1" || e.protocol == "58") && len(icmp) == 0:
		return nil, e, wire.Errorf("MissingParameter", "The request must contain the parameter icmpTypeCode")
	}
	return a, e, nil
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
		return nil, noACLEntry(number, egress)
	}
	a.entries = slices.Delete(a.entries, at, at+1)
	c.subject("AWS::EC2::NetworkAcl", a.id)
	return nil, nil
}

func noACLEntry(number int, egress bool) error {
	return wire.Errorf("InvalidNetworkAclEntry.NotFound", "The %s network acl entry identified by %d does not exist.", map[bool]string{true: "egress", false: "ingress"}[egress], number)
}
