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
