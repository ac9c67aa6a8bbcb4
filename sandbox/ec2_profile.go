package sandbox

import (
	"strings"

	"riposte.dev/sandbox/wire"
)

// profileAssociation is an instance profile that an instance has. The sandbox
// knows no profiles by themselves: each has the role of its name.
type profileAssociation struct{ id, instance, profile string }

// profileOperations give instances their profiles
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html).
func profileOperations() []operation {
	return []operation{
		{name: "AssociateIamInstanceProfile", resources: instanceOfInput, also: passesProfile, handle: associateProfile, record: wrapped()},
		{name: "DisassociateIamInstanceProfile", resources: instanceOfAssociation, handle: disassociateProfile, record: wrapped()},
		{name: "ReplaceIamInstanceProfileAssociation", resources: instanceOfAssociation, also: passesProfile, handle: replaceProfile, record: wrapped()},
		{name: "DescribeIamInstanceProfileAssociations", handle: describeProfiles, record: wrapped()},
	}
}

func instanceOfInput(c *call) []string { return []string{c.arn("instance/" + c.in.str("InstanceId"))} }

func instanceOfAssociation(c *call) []string {
	if a := c.profileAssociation(); a != nil {
		return []string{c.arn("instance/" + a.instance)}
	}
	return []string{c.arn("instance/*")}
}

func (c *call) profileAssociation() *profileAssociation {
	id := c.in.str("AssociationId")
	return firstWhere(c.ec2().profiles, func(a *profileAssociation) bool { return a.id == id })
}

// inputProfile is the ARN of the profile that the input names by it or by name.
func (c *call) inputProfile() string {
	p := c.in.object("IamInstanceProfile")
	return orElse(p.str("Arn"), arn("iam", "", c.account.id, "instance-profile/"+p.str("Name")))
}

func passesProfile(c *call) []need {
	return []need{{"iam:PassRole", strings.Replace(c.inputProfile(), ":instance-profile/", ":role/", 1)}}
}

func associateProfile(c *call) (wire.Object, error) {
	i, err := c.existingInstance(c.in.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	n := c.ec2()
	switch {
	case i.state == terminated:
		return nil, incorrectState(i)
	case firstWhere(n.profiles, func(a *profileAssociation) bool { return a.instance == i.id }) != nil:
		return nil, wire.Errorf("IncorrectState", "There is an existing association for instance %s", i.id)
	}
	a := &profileAssociation{c.sb.ec2ID("iip-assoc-"), i.id, c.inputProfile()}
	n.profiles = append(n.profiles, a)
	c.subject("AWS::EC2::Instance", i.id)
	return wire.Object{"IamInstanceProfileAssociation": a.object("associating")}, nil
}

func (a *profileAssociation) object(state string) wire.Object {
	return wire.Object{"AssociationId": a.id, "InstanceId": a.instance, "IamInstanceProfile": wire.Object{"Arn": a.profile}, "State": state}
}

func disassociateProfile(c *call) (wire.Object, error) {
	a := c.profileAssociation()
	if a == nil {
		return nil, c.noAssociation()
	}
	c.ec2().profiles = without(c.ec2().profiles, a)
	c.subject("AWS::EC2::Instance", a.instance)
	return wire.Object{"IamInstanceProfileAssociation": a.object("disassociating")}, nil
}

// replaceProfile makes another association, with an id of its own.
func replaceProfile(c *call) (wire.Object, error) {
	a := c.profileAssociation()
	if a == nil {
		return nil, c.noAssociation()
	}
	next := &profileAssociation{c.sb.ec2ID("iip-assoc-"), a.instance, c.inputProfile()}
	c.ec2().profiles = append(without(c.ec2().profiles, a), next)
	c.subject("AWS::EC2::Instance", a.instance)
	return wire.Object{"IamInstanceProfileAssociation": next.object("associating")}, nil
}

func (c *call) noAssociation() error {
	return wire.Errorf("InvalidAssociationID.NotFound", "An invalid association-id of '%s' was given", c.in.str("AssociationId"))
}

func describeProfiles(c *call) (wire.Object, error) {
	found, err := filtered(c, c.ec2().profiles, func(a *profileAssociation) ec2Attributes {
		return ec2Attributes{"instance-id": {a.instance}, "state": {"associated"}}
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "IamInstanceProfileAssociations", func(a *profileAssociation) any { return a.object("associated") })
}
