package sandbox

import (
	"maps"
	"strings"

	"riposte.dev/sandbox/wire"
)

func userOperations() []operation {
	on := userResource
	return []operation{
		{name: "CreateUser", resources: newUserResource, also: tagsOnNewUser, handle: createUser},
		{name: "GetUser", resources: on, handle: getUser},
		{name: "ListUsers", resources: usersResource, handle: listUsers},
		{name: "DeleteUser", resources: on, handle: deleteUser},
		{name: "TagUser", resources: on, handle: tagUser},
		{name: "ListUserTags", resources: on, handle: listUserTags},
		{name: "PutUserPolicy", resources: on, handle: putUserPolicy},
		{name: "GetUserPolicy", resources: on, handle: getUserPolicy},
		{name: "DeleteUserPolicy", resources: on, handle: deleteUserPolicy},
		{name: "ListUserPolicies", resources: on, handle: listUserPolicies},
		{name: "AttachUserPolicy", resources: on, handle: attachUserPolicy},
		{name: "DetachUserPolicy", resources: on, handle: detachUserPolicy},
		{name: "ListAttachedUserPolicies", resources: on, handle: listAttachedUserPolicies},
	}
}

// userName is the user that an input speaks of: without a name, the caller.
func (c *call) userName() string {
	if n := c.in.str("UserName"); n != "" || c.caller.kind != "IAMUser" {
		return n
	}
	return c.caller.name
}

func userResource(c *call) []string {
	name := c.userName()
	if u := c.identities().users[name]; u != nil {
		return []string{u.arn}
	}
	return []string{c.iamARN("user/" + name)}
}

func newUserResource(c *call) []string {
	return []string{c.iamARN("user" + c.inputPath() + c.in.str("UserName"))}
}

func usersResource(c *call) []string {
	return []string{c.iamARN("user" + orElse(c.in.str("PathPrefix"), "/"))}
}

func tagsOnNewUser(c *call) []need {
	if len(c.in.objects("Tags")) == 0 {
		return nil
	}
	return []need{{"iam:TagUser", newUserResource(c)[0]}}
}

// user finds the user that the input speaks of.
func (c *call) user() (*user, error) {
	name := c.userName()
	u := c.identities().users[name]
	if u == nil {
		return nil, wire.Errorf("NoSuchEntityException", "The user with name %s cannot be found.", name)
	}
	c.subject("AWS::IAM::User", u.name)
	return u, nil
}

func (u *user) describe() wire.Object {
	o := wire.Object{"Path": u.path, "UserName": u.name, "UserId": u.id, "Arn": u.arn, "CreateDate": u.created}
	if len(u.tags) > 0 {
		o["Tags"] = tagList(u.tags)
	}
	return o
}

func createUser(c *call) (wire.Object, error) {
	name := c.in.str("UserName")
	ids := c.identities()
	for existing := range ids.users {
		// Names are unique without regard to case.
		if strings.EqualFold(existing, name) {
			return nil, wire.Errorf("EntityAlreadyExistsException", "User with name %s already exists.", name)
		}
	}
	u := c.sb.newUser(c.account.id, name, c.inputPath())
	u.tags = c.tagsOf("Tags")
	ids.users[name] = u
	c.subject("AWS::IAM::User", name)
	return wire.Object{"User": u.describe()}, nil
}

func getUser(c *call) (wire.Object, error) {
	if c.in.str("UserName") == "" && c.caller.kind == "Root" {
		return wire.Object{"User": wire.Object{
			"UserId": c.account.id, "Arn": c.caller.arn, "UserName": c.account.name, "Path": "/", "CreateDate": c.account.joined,
		}}, nil
	}
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return wire.Object{"User": u.describe()}, nil
}

func listUsers(c *call) (wire.Object, error) {
	prefix := c.in.str("PathPrefix")
	users := byName(c.identities().users, func(u *user) bool { return strings.HasPrefix(u.path, prefix) })
	return iamPage(c, "Users", users, func(u *user) any {
		// Lists leave the tags out.
		o := u.describe()
		delete(o, "Tags")
		return o
	})
}

func deleteUser(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if first := c.identities().lastsOf(u); first != "" {
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must %s first.", first)
	}
	delete(c.identities().users, u.name)
	return nil, nil
}

func tagUser(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(u.tags)
	maps.Copy(tags, c.tagsOf("Tags"))
	if len(tags) > maxTags {
		return nil, wire.Errorf("LimitExceededException", "The number of tags has reached the maximum limit.")
	}
	u.tags = tags
	return nil, nil
}

func listUserTags(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Tags": tagList(u.tags), "IsTruncated": false}, nil
}

func putUserPolicy(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return nil, c.putInline(u.inline, maxUserInline, "user "+u.name)
}

func (c *call) userPolicy() (*user, string, error) {
	u, err := c.user()
	if err != nil {
		return nil, "", err
	}
	doc, ok := u.inline[c.in.str("PolicyName")]
	if !ok {
		return nil, "", wire.Errorf("NoSuchEntityException", "The user policy with name %s cannot be found.", c.in.str("PolicyName"))
	}
	return u, doc, nil
}

func getUserPolicy(c *call) (wire.Object, error) {
	u, doc, err := c.userPolicy()
	if err != nil {
		return nil, err
	}
	return wire.Object{"UserName": u.name, "PolicyName": c.in.str("PolicyName"), "PolicyDocument": escapeDocument(doc)}, nil
}

func deleteUserPolicy(c *call) (wire.Object, error) {
	u, _, err := c.userPolicy()
	if err != nil {
		return nil, err
	}
	delete(u.inline, c.in.str("PolicyName"))
	return nil, nil
}

func listUserPolicies(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "PolicyNames", names(u.inline), func(n string) any { return n })
}

func attachUserPolicy(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	u.attached, err = c.attach(u.attached, c.in.str("PolicyArn"), "User")
	return nil, err
}

func detachUserPolicy(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	u.attached, err = detach(u.attached, c.in.str("PolicyArn"))
	return nil, err
}

func listAttachedUserPolicies(c *call) (wire.Object, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "AttachedPolicies", u.attached, attachedPolicy)
}
