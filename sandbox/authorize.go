package sandbox

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// authorize decides whether the caller may do the operation on each of its
// resources.
func (s *Sandbox) authorize(c *call) error {
	if c.op.free {
		return nil
	}
	needs := c.needs()
	var doc *policy.Document
	owner := ""
	if c.op.resourcePolicy != nil {
		doc, owner = c.op.resourcePolicy(c)
	}
	conditions := c.globalConditions()
	if c.op.conditions != nil {
		for k, v := range c.op.conditions(c) {
			conditions[k] = v
		}
	}
	decide := c.op.decide
	if decide == nil {
		decide = (*call).decide
	}
	for _, n := range needs {
		req := c.policyRequest(n.action, n.resource, c.conditionsOf(n, conditions))
		if d, reason := decide(c, req, doc, owner); d != policy.Allowed {
			return c.denied(req, reason)
		}
	}
	return nil
}

// conditionsOf are the call's condition keys and those of one of its needs.
func (c *call) conditionsOf(n need, conditions policy.Context) policy.Context {
	out := maps.Clone(conditions)
	if owner := c.ownerOf(n.resource); owner != "" {
		out["aws:resourceaccount"] = []string{owner}
	}
	if strings.HasPrefix(n.action, "kms:") && c.svc.prefix != "kms" {
		out["kms:viaservice"] = []string{c.svc.prefix + "." + c.region + ".amazonaws.com"}
	}
	switch n.action {
	case "iam:PassRole":
		out["iam:passedtoservice"] = []string{orElse(c.op.passedTo, c.svc.prefix+".amazonaws.com")}
	case "kms:CreateGrant":
		out["kms:grantisforawsresource"] = []string{"true"}
	case "iam:CreateServiceLinkedRole":
		if _, _, name, ok := cutARN(n.resource, "iam", "role/aws-service-role/"); ok {
			service, _, _ := strings.Cut(name, "/")
			out["iam:awsservicename"] = []string{service}
		}
	}
	return out
}

// ownerOf is the account that a resource is in, by its ARN. Those of S3 don't
// say it: "" for a bucket that doesn't exist.
func (c *call) ownerOf(resource string) string {
	if _, _, rest, ok := cutARN(resource, "s3", ""); ok {
		name, _, _ := strings.Cut(rest, "/")
		if b := c.s3().byName[name]; b != nil {
			return b.account
		}
		return ""
	}
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[4] != "" {
		return parts[4]
	}
	return c.account.id
}

// needs are the permissions that the call takes.
func (c *call) needs() []need {
	var out []need
	if c.op.resources != nil {
		for _, r := range c.op.resources(c) {
			out = append(out, need{c.op.action, r})
		}
	}
	if len(out) == 0 {
		out = append(out, need{c.op.action, "*"})
	}
	if c.op.also != nil {
		out = append(out, c.op.also(c)...)
	}
	return out
}

func (c *call) policyRequest(action, resource string, conditions policy.Context) *policy.Request {
	req := &policy.Request{Action: action, Resource: resource, Context: conditions}
	if p := c.caller; p != nil {
		req.PrincipalARN, req.IssuerARN, req.AccountID = p.arn, p.issuerARN, p.account
	}
	return req
}

// The reasons that AWS gives after "is not authorized to perform"
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
const (
	noIdentityPolicy = "because no identity-based policy allows the %s action"
	noResourcePolicy = "because no resource-based policy allows the %s action"
	noSessionPolicy  = "because no session policy allows the %s action"
	identityDenies   = "with an explicit deny in an identity-based policy"
	resourceDenies   = "with an explicit deny in a resource-based policy"
	sessionDenies    = "with an explicit deny in a session policy"
	controlDenies    = "with an explicit deny in a service control policy"
)

// decide evaluates identity, session and resource policies together. In one
// account either of identity and resource policy suffices; across accounts
// both must allow.
func (c *call) decide(req *policy.Request, doc *policy.Document, owner string) (policy.Decision, string) {
	onResource := policy.ImplicitDeny
	if doc != nil {
		onResource = policy.Evaluate([]*policy.Document{doc}, req)
	}
	if onResource == policy.ExplicitDeny {
		return onResource, resourceDenies
	}
	if c.caller == nil {
		return onResource, fmt.Sprintf(noResourcePolicy, req.Action)
	}
	if c.controlDenies(req) {
		return policy.ExplicitDeny, controlDenies
	}
	for _, docs := range c.caller.boundaries {
		switch policy.Evaluate(docs, req) {
		case policy.ExplicitDeny:
			return policy.ExplicitDeny, sessionDenies
		case policy.ImplicitDeny:
			return policy.ImplicitDeny, fmt.Sprintf(noSessionPolicy, req.Action)
		}
	}
	onIdentity := policy.Evaluate(c.caller.policies, req)
	foreign := owner != "" && owner != c.caller.account
	switch {
	case onIdentity == policy.ExplicitDeny:
		return onIdentity, identityDenies
	case foreign && onResource != policy.Allowed:
		return policy.ImplicitDeny, fmt.Sprintf(noResourcePolicy, req.Action)
	case onIdentity == policy.Allowed, !foreign && onResource == policy.Allowed:
		return policy.Allowed, ""
	}
	return policy.ImplicitDeny, fmt.Sprintf(noIdentityPolicy, req.Action)
}

// denied words a refusal as the service does.
func (c *call) denied(req *policy.Request, reason string) *wire.Error {
	who := orElse(req.PrincipalARN, "anonymous")
	text := fmt.Sprintf("User: %s is not authorized to perform: %s", who, req.Action)
	switch {
	case c.target.Protocol == wire.EC2:
		return c.fail(wire.Denied, "You are not authorized to perform this operation. %s on resource: %s %s. Encoded authorization failure message: %s",
			text, req.Resource, reason, base64.RawURLEncoding.EncodeToString(c.sb.randomBytes(96)))
	case c.target.Protocol == wire.RESTXML:
		return c.fail(wire.Denied, "%s on resource: %q %s", text, req.Resource, reason)
	case req.Resource == "*" && c.target.Protocol == wire.JSON:
		return c.fail(wire.Denied, "%s %s", text, reason)
	}
	return c.fail(wire.Denied, "%s on resource: %s %s", text, req.Resource, reason)
}
