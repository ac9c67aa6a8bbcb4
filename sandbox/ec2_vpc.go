package sandbox

import (
	"net/netip"
	"slices"

	"riposte.dev/sandbox/wire"
)

func createVPC(c *call) (wire.Object, error) {
	text := c.in.str("CidrBlock")
	if text == "" {
		return nil, c.fail(wire.MissingParameter, "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return nil, c.fail(wire.Invalid, "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text)
	}
	if p.Bits() < 16 || p.Bits() > 28 {
		return nil, wire.Errorf("InvalidVpc.Range", "The CIDR '%s' is invalid.", text)
	}
	tags, err := c.tagsFor("vpc")
	if err != nil {
		return nil, err
	}
	v := c.ec2().addVPC(c.sb, c.account.id, p.Masked().String())
	v.tags, v.tenancy = tags, orElse(c.in.str("InstanceTenancy"), "default")
	c.subject("AWS::EC2::VPC", v.id)
	out := c.vpcObject(v)
	out["State"] = "pending"
	return wire.Object{"Vpc": out}, nil
}

func (c *call) vpcObject(v *vpc) wire.Object {
	return wire.Object{
		"CidrBlock": v.cidr, "DhcpOptionsId": v.dhcp, "State": "available", "VpcId": v.id, "OwnerId": c.account.id,
		"InstanceTenancy": v.tenancy, "IsDefault": v.isDefault, "Tags": tagList(v.tags),
		"Ipv6CidrBlockAssociationSet": wire.List{}, "CidrBlockAssociationSet": wire.List{wire.Object{
			"AssociationId": v.associations, "CidrBlock": v.cidr, "CidrBlockState": wire.Object{"State": "associated"},
		}},
	}
}

// existingVPC is the VPC with that id.
func (c *call) existingVPC(id string) (*vpc, error) {
	if err := checkID(id, "vpc-", "InvalidVpcID.Malformed"); err != nil {
		return nil, err
	}
	v := c.ec2().vpc(id)
	if v == nil {
		return nil, wire.Errorf("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
	}
	return v, nil
}

func deleteVPC(c *call) (wire.Object, error) {
	v, err := c.existingVPC(c.in.str("VpcId"))
	if err != nil {
		return nil, err
	}
	n := c.ec2()
	for _, g := range n.groups {
		if g.vpc == v.id && g.name != "default" {
			return nil, wire.Errorf("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.id)
		}
	}
	n.groups = slices.DeleteFunc(n.groups, func(g *securityGroup) bool { return g.vpc == v.id })
	n.vpcs = without(n.vpcs, v)
	c.subject("AWS::EC2::VPC", v.id)
	return nil, nil
}

func describeVPCs(c *call) (wire.Object, error) {
	all, err := selected(c, "VpcIds", c.ec2().vpcs, c.existingVPC)
	if err != nil {
		return nil, err
	}
	found, err := filtered(c, all, func(v *vpc) ec2Attributes {
		return ec2Attributes{
			"vpc-id": {v.id}, "cidr": {v.cidr}, "cidr-block-association.cidr-block": {v.cidr}, "state": {"available"},
			"owner-id": {c.account.id}, "is-default": {boolText(v.isDefault)}, "dhcp-options-id": {v.dhcp},
		}.tagged(v.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Vpcs", func(v *vpc) any { return c.vpcObject(v) })
}

// ec2Regions are the regions that every account has without opting in
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html).
var ec2Regions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
	"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
	"us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

func describeRegions(c *call) (wire.Object, error) {
	names := c.in.strs("RegionNames")
	for _, n := range names {
		if !slices.Contains(ec2Regions, n) {
			return nil, c.fail(wire.Invalid, "Invalid region name: %s", n)
		}
	}
	if len(names) == 0 {
		names = ec2Regions
	}
	endpoint := func(name string) string { return "ec2." + name + ".amazonaws.com" }
	found, err := filtered(c, names, func(name string) ec2Attributes {
		return ec2Attributes{"region-name": {name}, "endpoint": {endpoint(name)}, "opt-in-status": {"opt-in-not-required"}}
	})
	if err != nil {
		return nil, err
	}
	return wire.Object{"Regions": list(found, func(name string) any {
		return wire.Object{"RegionName": name, "Endpoint": endpoint(name), "OptInStatus": "opt-in-not-required"}
	})}, nil
}
