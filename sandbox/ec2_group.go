package sandbox

import (
	"slices"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// groupText is what names and descriptions of groups may consist of.
var groupText = form(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

// vpcOfNewGroup is the VPC that CreateSecurityGroup means; nil when it isn't there.
func (c *call) vpcOfNewGroup() *vpc {
	if id := c.in.str("VpcId"); id != "" {
		return c.ec2().vpc(id)
	}
	return c.ec2().defaultVPC()
}

func createSecurityGroup(c *call) (wire.Object, error) {
	name, description := c.in.str("GroupName"), c.in.str("Description")
	switch {
	case strings.HasPrefix(strings.ToLower(name), "sg-"):
		return nil, c.fail(wire.Invalid, "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	case !groupText().MatchString(name):
		return nil, c.fail(wire.Invalid, "Value (%s) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.", name)
	case !groupText().MatchString(description):
		return nil, c.fail(wire.Invalid, "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", description)
	}
	v := c.vpcOfNewGroup()
	if v == nil {
		if id := c.in.str("VpcId"); id != "" {
			_, err := c.existingVPC(id)
			return nil, err
		}
		return nil, wire.Errorf("VPCIdNotSpecified", "No default VPC for this user")
	}
	n := c.ec2()
	for _, g := range n.groups {
		if g.vpc == v.id && g.name == name {
			return nil, wire.Errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.id)
		}
	}
	tags, err := c.tagsFor("security-group")
	if err != nil {
		return nil, err
	}
	g := n.addGroup(c.sb, v.id, name, description)
	g.tags = tags
	c.subject("AWS::EC2::SecurityGroup", g.id)
	return wire.Object{"GroupId": g.id, "Tags": tagList(g.tags)}, nil
}

// existingGroup is the group with that id.
func (c *call) existingGroup(id string) (*securityGroup, error) {
	if err := checkID(id, "sg-", "InvalidGroupId.Malformed"); err != nil {
		return nil, err
	}
	g := c.ec2().group(id)
	if g == nil {
		return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
	}
	return g, nil
}

// groupOfInput is the group that GroupId or, in the default VPC, GroupName says.
func (c *call) groupOfInput() (*securityGroup, error) {
	if id := c.in.str("GroupId"); id != "" {
		return c.existingGroup(id)
	}
	name := c.in.str("GroupName")
	if name == "" {
		return nil, c.fail(wire.MissingParameter, "The request must contain the parameter groupName or groupId")
	}
	return c.groupNamed(name)
}

func (c *call) groupNamed(name string) (*securityGroup, error) {
	v := c.ec2().defaultVPC()
	if v == nil {
		return nil, wire.Errorf("VPCIdNotSpecified", "No default VPC for this user")
	}
	g := firstWhere(c.ec2().groups, func(g *securityGroup) bool { return g.vpc == v.id && g.name == name })
	if g == nil {
		return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC '%s'", name, v.id)
	}
	return g, nil
}

func deleteSecurityGroup(c *call) (wire.Object, error) {
	g, err := c.groupOfInput()
	if err != nil {
		return nil, err
	}
	if g.name == "default" {
		return nil, wire.Errorf("CannotDelete", "the specified group: %q name: %q cannot be deleted by a user", g.id, g.name)
	}
	n := c.ec2()
	if n.usesGroup(g.id) {
		return nil, wire.Errorf("DependencyViolation", "resource %s has a dependent object", g.id)
	}
	for _, other := range n.groups {
		if other != g && slices.ContainsFunc(other.rules, func(r *groupRule) bool { return r.group.id == g.id }) {
			return nil, wire.Errorf("DependencyViolation", "resource %s has a dependent object", g.id)
		}
	}
	n.groups = without(n.groups, g)
	c.subject("AWS::EC2::SecurityGroup", g.id)
	return nil, nil
}

func describeSecurityGroups(c *call) (wire.Object, error) {
	ids, names := c.in.strs("GroupIds"), c.in.strs("GroupNames")
	all := c.ec2().groups
	if len(ids)+len(names) > 0 {
		if c.in.has("MaxResults") {
			return nil, wire.Errorf("InvalidParameterCombination", "The parameter maxResults cannot be used with the parameters groupIds and groupNames")
		}
		all = nil
	}
	for _, id := range ids {
		g, err := c.existingGroup(id)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	for _, name := range names {
		g, err := c.groupNamed(name)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	found, err := filtered(c, all, c.groupAttributes)
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "SecurityGroups", func(g *securityGroup) any {
		return wire.Object{
			"GroupId": g.id, "GroupName": g.name, "Description": g.description, "OwnerId": c.account.id, "VpcId": g.vpc,
			"IpPermissions": c.permissions(g, false), "IpPermissionsEgress": c.permissions(g, true), "Tags": tagList(g.tags),
		}
	})
}

func (c *call) groupAttributes(g *securityGroup) ec2Attributes {
	out := ec2Attributes{
		"group-id": {g.id}, "group-name": {g.name}, "description": {g.description}, "owner-id": {c.account.id}, "vpc-id": {g.vpc},
	}
	for _, prefix := range []string{"ip-permission.", "egress.ip-permission."} {
		for _, name := range []string{"cidr", "ipv6-cidr", "prefix-list-id", "group-id", "group-name", "user-id", "protocol", "from-port", "to-port"} {
			out[prefix+name] = nil
		}
	}
	for _, r := range g.rules {
		prefix := "ip-permission."
		if r.egress {
			prefix = "egress.ip-permission."
		}
		add := func(name, value string) {
			if value != "" {
				out[prefix+name] = append(out[prefix+name], value)
			}
		}
		add("cidr", r.cidr4)
		add("ipv6-cidr", r.cidr6)
		add("prefix-list-id", r.prefixList)
		add("group-id", r.group.id)
		add("user-id", r.group.account)
		if other := c.ec2().group(r.group.id); other != nil {
			add("group-name", other.name)
		}
		add("protocol", r.protocol)
		if r.protocol != allProtocols {
			add("from-port", strconv.Itoa(r.from))
			add("to-port", strconv.Itoa(r.to))
		}
	}
	return out.tagged(g.tags)
}
