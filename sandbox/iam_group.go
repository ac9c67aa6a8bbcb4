package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// group is a group of users, who have its policies. Its members are kept by the users.
type group struct {
	name, id, path, arn string
	created             time.Time
	inline              map[string]string
	attached            []string
}

// Quotas (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	maxGroupInline  = 5120
	maxGroupsOfUser = 10
)

func groupOperations() []operation {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: groupResource, handle: handle}
	}
	return []operation{
		{name: "CreateGroup", resources: newGroupResource, handle: createGroup},
		of("GetGroup", getGroup),
		of("DeleteGroup", deleteGroup),
		of("AddUserToGroup", addUserToGroup),
		of("RemoveUserFromGroup", removeUserFromGroup),
		{name: "ListGroupsForUser", resources: userResource, handle: listGroupsForUser},
		of("PutGroupPolicy", putGroupPolicy),
		of("GetGroupPolicy", getGroupPolicy),
		of("DeleteGroupPolicy", deleteGroupPolicy),
		of("ListGroupPolicies", listGroupPolicies),
		of("AttachGroupPolicy", attachGroupPolicy),
		of("DetachGroupPolicy", detachGroupPolicy),
		of("ListAttachedGroupPolicies", listAttachedGroupPolicies),
	}
}

func groupResource(c *call) []string {
	name := c.in.str("GroupName")
	if g := c.identities().groups[name]; g != nil {
		return []string{g.arn}
	}
	return []string{c.iamARN("group/" + name)}
}

func newGroupResource(c *call) []string {
	return []string{c.iamARN("group" + c.inputPath() + c.in.str("GroupName"))}
}

func (c *call) group() (*group, error) {
	name := c.in.str("GroupName")
	g := c.identities().groups[name]
	if g == nil {
		return nil, wire.Errorf("NoSuchEntityException", "The group with name %s cannot be found.", name)
	}
	c.subject("AWS::IAM::Group", g.name)
	return g, nil
}

func (g *group) clone() *group {
	c := *g
	c.inline, c.attached = maps.Clone(g.inline), slices.Clone(g.attached)
	return &c
}

func (g *group) describe() wire.Object {
	return wire.Object{"Path": g.path, "GroupName": g.name, "GroupId": g.id, "Arn": g.arn, "CreateDate": g.created}
}

// groupsOf lists the groups of a user, by name.
func (s *identities) groupsOf(u *user) []*group {
	return byName(s.groups, func(g *group) bool { return slices.Contains(u.groups, g.name) })
}

// members lists the users of a group, by name.
func (s *identities) members(g *group) []*user {
	return byName(s.users, func(u *user) bool { return slices.Contains(u.groups, g.name) })
}

func createGroup(c *call) (wire.Object, error) {
	name, ids := c.in.str("GroupName"), c.identities()
	for existing := range ids.groups {
		if strings.EqualFold(existing, name) {
			return nil, wire.Errorf("EntityAlreadyExistsException", "Group with name %s already exists.", name)
		}
	}
	g := &group{
		name: name, id: c.sb.newID("AGPA"), path: c.inputPath(), arn: newGroupResource(c)[0],
		created: c.time.UTC(), inline: map[string]string{},
	}
	ids.groups[name] = g
	c.subject("AWS::IAM::Group", name)
	return wire.Object{"Group": g.describe()}, nil
}

func getGroup(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	out, err := iamPage(c, "Users", c.identities().members(g), func(u *user) any {
		o := u.describe()
		delete(o, "Tags")
		return o
	})
	if err != nil {
		return nil, err
	}
	out["Group"] = g.describe()
	return out, nil
}

func deleteGroup(c *call) (wire.Object, error) {
	g, err := c.group()
	ids := c.identities()
	switch {
	case err != nil:
		return nil, err
	case len(ids.members(g)) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must remove users from group first.")
	case len(g.inline) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must delete policies first.")
	case len(g.attached) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must detach all policies first.")
	}
	delete(ids.groups, g.name)
	return nil, nil
}

func addUserToGroup(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	switch {
	case slices.Contains(u.groups, g.name):
	case len(u.groups) >= maxGroupsOfUser:
		return nil, wire.Errorf("LimitExceededException", "Cannot exceed quota for GroupsPerUser: %d", maxGroupsOfUser)
	default:
		u.groups = append(u.groups, g.name)
	}
	return nil, nil
}

func removeUserFromGroup(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.groups, g.name) {
		return nil, wire.Errorf("NoSuchEntityException", "The user with name %s is not in the group %s.", u.name, g.name)
	}
	u.groups = without(u.groups, g.name)
	return nil, nil
}

func listGroupsForUser(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "Groups", c.identities().groupsOf(u), func(g *group) any { return g.describe() })
}

func putGroupPolicy(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return nil, c.putInline(g.inline, maxGroupInline, "group "+g.name)
}

func (c *call) groupPolicy() (*group, string, error) {
	g, err := c.group()
	if err != nil {
		return nil, "", err
	}
	doc, ok := g.inline[c.in.str("PolicyName")]
	if !ok {
		return nil, "", wire.Errorf("NoSuchEntityException", "The group policy with name %s cannot be found.", c.in.str("PolicyName"))
	}
	return g, doc, nil
}

func getGroupPolicy(c *call) (wire.Object, error) {
	g, doc, err := c.groupPolicy()
	if err != nil {
		return nil, err
	}
	return wire.Object{"GroupName": g.name, "PolicyName": c.in.str("PolicyName"), "PolicyDocument": escapeDocument(doc)}, nil
}

func deleteGroupPolicy(c *call) (wire.Object, error) {
	g, _, err := c.groupPolicy()
	if err != nil {
		return nil, err
	}
	delete(g.inline, c.in.str("PolicyName"))
	return nil, nil
}

func listGroupPolicies(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "PolicyNames", names(g.inline), func(n string) any { return n })
}

func attachGroupPolicy(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	g.attached, err = c.attach(g.attached, c.in.str("PolicyArn"), "Group")
	return nil, err
}

func detachGroupPolicy(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	g.attached, err = detach(g.attached, c.in.str("PolicyArn"))
	return nil, err
}

func listAttachedGroupPolicies(c *call) (wire.Object, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "AttachedPolicies", g.attached, attachedPolicy)
}
