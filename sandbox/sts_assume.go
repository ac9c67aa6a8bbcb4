package sandbox

import (
	"maps"
	"regexp"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

var roleARN = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role((?:/[^/]+)*)/([^/]+)$`)

// chainedLimit is the longest session of a role assumed by a role.
const chainedLimit = time.Hour

// assumeRole gives out a role's temporary credentials when the role's trust
// policy and the caller's own policies say so. A role that doesn't exist is
// refused in the same words as one that doesn't trust the caller.
func assumeRole(c *call) (wire.Object, error) {
	target := c.in.str("RoleArn")
	m := roleARN.FindStringSubmatch(target)
	if m == nil {
		return nil, c.fail(wire.Invalid, "%s is invalid", target)
	}
	if c.caller.kind == "Root" {
		return nil, c.fail(wire.Denied, "Roles may not be assumed by root accounts.")
	}
	var r *role
	if c.sb.accounts[m[1]] != nil {
		r = c.sb.identitiesOf(m[1]).roles[m[3]]
	}
	if r == nil || r.arn != target {
		return nil, c.refuseRole(target, "sts:AssumeRole")
	}
	for _, action := range c.assumeActions() {
		if !c.mayAssume(r, m[1], action) {
			return nil, c.refuseRole(target, action)
		}
	}
	life, err := c.sessionLife(r)
	if err != nil {
		return nil, err
	}
	ses, err := c.roleSession(r, life)
	if err != nil {
		return nil, err
	}
	keys := c.sb.newSession(m[1], "", ses)
	c.touch("AWS::IAM::Role", m[1], r.arn)
	c.subject("AWS::IAM::Role", r.arn)
	c.subject("AWS::STS::AssumedRole", r.id+":"+ses.name)
	c.shared = &sharedRecord{account: m[1]}
	out := wire.Object{
		"Credentials": credentialsOf(keys, ses),
		"AssumedRoleUser": wire.Object{
			"AssumedRoleId": r.id + ":" + ses.name,
			"Arn":           arn("sts", "", m[1], "assumed-role/"+r.name+"/"+ses.name),
		},
	}
	put(out, "SourceIdentity", ses.sourceIdentity)
	return out, nil
}

// refuseRole is STS's wording, without a reason.
func (c *call) refuseRole(role, action string) error {
	return c.fail(wire.Denied, "User: %s is not authorized to perform: %s on resource: %s", c.caller.arn, action, role)
}

// assumeActions are what role and caller must both allow for this input.
func (c *call) assumeActions() []string {
	actions := []string{"sts:AssumeRole"}
	if len(c.in.objects("Tags")) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if c.sourceIdentity() != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}

// sourceIdentity sticks to a chain of sessions once it is set.
func (c *call) sourceIdentity() string {
	if s := c.caller.session; s != nil && s.sourceIdentity != "" {
		return s.sourceIdentity
	}
	return c.in.str("SourceIdentity")
}

// mayAssume evaluates the trust policy, and the caller's policies unless the
// trust policy of the same account names the caller itself.
func (c *call) mayAssume(r *role, account, action string) bool {
	ctx := c.globalConditions()
	ctx["sts:rolesessionname"] = []string{c.in.str("RoleSessionName")}
	if x := c.in.str("ExternalId"); x != "" {
		ctx["sts:externalid"] = []string{x}
	}
	if x := c.sourceIdentity(); x != "" {
		ctx["sts:sourceidentity"] = []string{x}
	}
	for _, t := range c.in.objects("Tags") {
		ctx["aws:requesttag/"+strings.ToLower(t.str("Key"))] = []string{t.str("Value")}
	}
	req := c.policyRequest(action, r.arn, ctx)
	trust := documents(r.trust)
	if len(trust) == 0 || policy.Evaluate(trust, req) != policy.Allowed {
		return false
	}
	for _, docs := range c.caller.boundaries {
		if policy.Evaluate(docs, req) != policy.Allowed {
			return false
		}
	}
	switch policy.Evaluate(c.caller.policies, req) {
	case policy.Allowed:
		return true
	case policy.ExplicitDeny:
		return false
	}
	return account == c.caller.account && trust[0].Names(req)
}

func (c *call) sessionLife(r *role) (time.Duration, error) {
	life := time.Duration(c.in.number("DurationSeconds", 3600)) * time.Second
	if c.caller.kind == "AssumedRole" && life > chainedLimit {
		return 0, c.fail(wire.Invalid, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if life > r.maxSession {
		return 0, c.fail(wire.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return life, nil
}

func (c *call) roleSession(r *role, life time.Duration) (*session, error) {
	ses := &session{
		role: r.name, name: c.in.str("RoleSessionName"), created: c.time, expires: c.time.Add(life),
		sourceIdentity: c.sourceIdentity(), tags: maps.Clone(r.tags),
	}
	for _, t := range c.in.objects("Tags") {
		ses.tags[t.str("Key")] = t.str("Value")
	}
	if doc := c.in.str("Policy"); doc != "" {
		if _, err := policy.Parse([]byte(doc)); err != nil {
			return nil, wire.Errorf("MalformedPolicyDocumentException", "%v", err)
		}
		ses.policies = append(ses.policies, doc)
	}
	for _, p := range c.in.objects("PolicyArns") {
		doc, ok := managedPolicies[p.str("arn")]
		if !ok {
			return nil, c.fail(wire.Invalid, "The policy %s does not exist in the sandbox", p.str("arn"))
		}
		ses.policies = append(ses.policies, doc)
	}
	return ses, nil
}
