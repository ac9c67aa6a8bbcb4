package sandbox

import (
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

func roleOperations() []operation {
	on := roleResource
	return []operation{
		{name: "CreateRole", resources: newRoleResource, also: tagsOnNewRole, handle: createRole},
		{name: "GetRole", resources: on, handle: getRole},
		{name: "ListRoles", resources: rolesResource, handle: listRoles},
		{name: "DeleteRole", resources: on, handle: deleteRole},
		{name: "UpdateAssumeRolePolicy", resources: on, handle: updateAssumeRolePolicy},
		{name: "PutRolePolicy", resources: on, handle: putRolePolicy},
		{name: "GetRolePolicy", resources: on, handle: getRolePolicy},
		{name: "DeleteRolePolicy", resources: on, handle: deleteRolePolicy},
		{name: "ListRolePolicies", resources: on, handle: listRolePolicies},
		{name: "AttachRolePolicy", resources: on, handle: attachRolePolicy},
		{name: "DetachRolePolicy", resources: on, handle: detachRolePolicy},
		{name: "ListAttachedRolePolicies", resources: on, handle: listAttachedRolePolicies},
	}
}

func roleResource(c *call) []string {
	name := c.in.str("RoleName")
	if r := c.identities().roles[name]; r != nil {
		return []string{r.arn}
	}
	return []string{c.iamARN("role/" + name)}
}

func newRoleResource(c *call) []string {
	return []string{c.iamARN("role" + c.inputPath() + c.in.str("RoleName"))}
}

func rolesResource(c *call) []string {
	return []string{c.iamARN("role" + orElse(c.in.str("PathPrefix"), "/"))}
}

func tagsOnNewRole(c *call) []need {
	if len(c.in.objects("Tags")) == 0 {
		return nil
	}
	return []need{{"iam:TagRole", newRoleResource(c)[0]}}
}

func (c *call) role() (*role, error) {
	name := c.in.str("RoleName")
	r := c.identities().roles[name]
	if r == nil {
		return nil, wire.Errorf("NoSuchEntityException", "The role with name %s cannot be found.", name)
	}
	c.subject("AWS::IAM::Role", r.name)
	return r, nil
}

// roleToChange is the role that the input names, unless only AWS may change it:
// the role of a service, or of a permission set
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html).
func (c *call) roleToChange() (*role, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.path, "/aws-service-role/") || strings.HasPrefix(r.path, "/aws-reserved/") {
		return nil, wire.Errorf("UnmodifiableEntityException", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.name)
	}
	return r, nil
}

// CreateReservedRole adds a role that only AWS may change, and returns its ARN.
// path says whose: /aws-service-role/SERVICE/ is a service's,
// /aws-reserved/sso.amazonaws.com/ that of a permission set. The rest is as for
// CreateRole.
func (a *Account) CreateReservedRole(path, name, trust string, policies ...string) (string, error) {
	if _, err := a.CreateRole(name, trust, policies...); err != nil {
		return "", err
	}
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	r := a.sb.identitiesOf(a.ID).roles[name]
	r.path, r.arn = path, arn("iam", "", a.ID, "role"+path+name)
	return r.arn, nil
}

// describe is the Role structure as lists show it.
func (r *role) describe() wire.Object {
	o := wire.Object{
		"Path": r.path, "RoleName": r.name, "RoleId": r.id, "Arn": r.arn, "CreateDate": r.created,
		"AssumeRolePolicyDocument": escapeDocument(r.trust), "MaxSessionDuration": int64(r.maxSession / time.Second),
	}
	put(o, "Description", r.description)
	return o
}

func createRole(c *call) (wire.Object, error) {
	name, trust := c.in.str("RoleName"), c.in.str("AssumeRolePolicyDocument")
	ids := c.identities()
	for existing := range ids.roles {
		if strings.EqualFold(existing, name) {
			return nil, wire.Errorf("EntityAlreadyExistsException", "Role with name %s already exists.", name)
		}
	}
	if err := checkDocument(trust, true); err != nil {
		return nil, err
	}
	r := c.sb.newRole(c.account.id, name, c.inputPath(), trust)
	r.description, r.tags = c.in.str("Description"), c.tagsOf("Tags")
	r.maxSession = time.Duration(c.in.number("MaxSessionDuration", 3600)) * time.Second
	ids.roles[name] = r
	c.subject("AWS::IAM::Role", name)
	o := r.describe()
	// The answer to CreateRole has less than GetRole's.
	delete(o, "MaxSessionDuration")
	delete(o, "Description")
	if len(r.tags) > 0 {
		o["Tags"] = tagList(r.tags)
	}
	return wire.Object{"Role": o}, nil
}

func getRole(c *call) (wire.Object, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	o := r.describe()
	if len(r.tags) > 0 {
		o["Tags"] = tagList(r.tags)
	}
	return wire.Object{"Role": o}, nil
}

func listRoles(c *call) (wire.Object, error) {
	prefix := c.in.str("PathPrefix")
	roles := byName(c.identities().roles, func(r *role) bool { return strings.HasPrefix(r.path, prefix) })
	return iamPage(c, "Roles", roles, func(r *role) any { return r.describe() })
}

func deleteRole(c *call) (wire.Object, error) {
	r, err := c.roleToChange()
	switch {
	case err != nil:
		return nil, err
	case len(r.inline) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must delete policies first.")
	case len(r.attached) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete entity, must detach all policies first.")
	}
	delete(c.identities().roles, r.name)
	return nil, nil
}

func updateAssumeRolePolicy(c *call) (wire.Object, error) {
	r, err := c.roleToChange()
	if err != nil {
		return nil, err
	}
	if err := checkDocument(c.in.str("PolicyDocument"), true); err != nil {
		return nil, err
	}
	r.trust = c.in.str("PolicyDocument")
	return nil, nil
}

func putRolePolicy(c *call) (wire.Object, error) {
	r, err := c.roleToChange()
	if err != nil {
		return nil, err
	}
	return nil, c.putInline(r.inline, maxRoleInline, "role "+r.name)
}

func (c *call) rolePolicy() (*role, string, error) {
	r, err := c.role()
	if err != nil {
		return nil, "", err
	}
	doc, ok := r.inline[c.in.str("PolicyName")]
	if !ok {
		return nil, "", wire.Errorf("NoSuchEntityException", "The role policy with name %s cannot be found.", c.in.str("PolicyName"))
	}
	return r, doc, nil
}

func getRolePolicy(c *call) (wire.Object, error) {
	r, doc, err := c.rolePolicy()
	if err != nil {
		return nil, err
	}
	return wire.Object{"RoleName": r.name, "PolicyName": c.in.str("PolicyName"), "PolicyDocument": escapeDocument(doc)}, nil
}

func deleteRolePolicy(c *call) (wire.Object, error) {
	if _, err := c.roleToChange(); err != nil {
		return nil, err
	}
	r, _, err := c.rolePolicy()
	if err != nil {
		return nil, err
	}
	delete(r.inline, c.in.str("PolicyName"))
	return nil, nil
}

func listRolePolicies(c *call) (wire.Object, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "PolicyNames", names(r.inline), func(n string) any { return n })
}

func attachRolePolicy(c *call) (wire.Object, error) {
	r, err := c.roleToChange()
	if err != nil {
		return nil, err
	}
	r.attached, err = c.attach(r.attached, c.in.str("PolicyArn"), "Role")
	return nil, err
}

func detachRolePolicy(c *call) (wire.Object, error) {
	r, err := c.roleToChange()
	if err != nil {
		return nil, err
	}
	r.attached, err = detach(r.attached, c.in.str("PolicyArn"))
	return nil, err
}

func listAttachedRolePolicies(c *call) (wire.Object, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	return iamPage(c, "AttachedPolicies", r.attached, attachedPolicy)
}
