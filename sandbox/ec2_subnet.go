package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// subnetOperations are those on subnets.
func subnetOperations() []operation {
	subnetOfInput := func(c *call) []string { return []string{c.arn("subnet/" + c.in.str("SubnetId"))} }
	return []operation{
		{name: "CreateSubnet", resources: vpcOfInput, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createSubnet},
		{name: "DescribeSubnets", handle: describeSubnets},
		{name: "ModifySubnetAttribute", resources: subnetOfInput, handle: modifySubnetAttribute},
	}
}

type subnet struct {
	id, vpc, cidr string
	public        bool // new interfaces get a public address
	tags          map[string]string
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
	all, err := selected(c, "SubnetIds", c.ec2().subnets, c.existingSubnet)
	if err != nil {
		return nil, err
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
