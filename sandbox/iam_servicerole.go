package sandbox

import (
	"strings"

	"riposte.dev/sandbox/policy"
)

// roleAt is the present role with an ARN, nil without.
func (s *Sandbox) roleAt(arnOfRole string) *role {
	m := roleARN.FindStringSubmatch(arnOfRole)
	if m == nil || s.accounts[m[1]] == nil {
		return nil
	}
	r := s.identitiesOf(m[1]).roles[m[3]]
	if r == nil || r.arn != arnOfRole {
		return nil
	}
	return r
}

// roleAllows says whether a role's own policies allow an action.
func (s *Sandbox) roleAllows(r *role, action, resource string) bool {
	ids := s.identitiesOf(strings.SplitN(r.arn, ":", 6)[4])
	req := &policy.Request{Action: action, Resource: resource, PrincipalARN: r.arn}
	return policy.Evaluate(ids.policies(r.inline, r.attached), req) == policy.Allowed
}

// passes is the permission to hand the role in a member of the input to a
// service.
func passes(member string) func(*call) []need {
	return func(c *call) []need {
		if role := c.in.str(member); role != "" {
			return []need{{"iam:PassRole", role}}
		}
		return nil
	}
}

// linkedRole is a service's own role, which it makes in an account when it is
// turned on there first
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html).
type linkedRole struct{ service, name string } // service: the principal

func (l linkedRole) path() string { return "/aws-service-role/" + l.service + "/" }

// needs is the permission to have the role made, where it isn't there.
func (l linkedRole) needs(c *call) []need {
	if c.sb.identitiesOf(c.account.id).roles[l.name] != nil {
		return nil
	}
	return []need{{"iam:CreateServiceLinkedRole", c.iamARN("role" + l.path() + l.name)}}
}

// make makes the role where it isn't there, and returns its ARN.
func (l linkedRole) make(c *call) string {
	ids := c.sb.identitiesOf(c.account.id)
	if ids.roles[l.name] == nil {
		trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + l.service + `"},"Action":"sts:AssumeRole"}]}`
		ids.roles[l.name] = c.sb.newRole(c.account.id, l.name, l.path(), trust)
	}
	return ids.roles[l.name].arn
}
