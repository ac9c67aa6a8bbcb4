package s3

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/fault"
)

var tlsSpec = action.Spec{
	Name:  "s3.require-tls",
	Title: "Refuse what comes to a bucket without TLS",
	Description: "Adds a statement to a bucket's policy that denies every request without TLS (`aws:SecureTransport`). The rest stays as it is, to " +
		"the byte; where there is no policy one is made. Clients that still speak plain HTTP are shut out.",
	Parameters:  bucketParamsSchema,
	Permissions: policyPermissions,
	Effect:      action.StateChecked,
}

// RequireTLS is the action s3.require-tls.
type RequireTLS struct{ policies }

var _ action.Action = (*RequireTLS)(nil)

// NewRequireTLS returns the action; it reaches accounts through caller.
func NewRequireTLS(caller *awscall.Caller) action.Action {
	return &RequireTLS{policies{buckets{caller}, tlsSpec.Name}}
}

// Spec describes the action.
func (a *RequireTLS) Spec() action.Spec { return tlsSpec }

// Plan looks whether the bucket's policy denies plain HTTP.
func (a *RequireTLS) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p bucketParams
	name, err := decode(req, &p, &p.Bucket)
	if err != nil {
		return nil, err
	}
	r, now, err := a.look(ctx, name, req)
	if err != nil {
		return nil, err
	}
	item := action.Item{ID: r.ARN, Resource: r, Reason: "It answers requests without TLS."}
	after, err := requireTLS(now, r.ARN)
	if fault.CodeOf(err) == fault.TooLarge {
		item.Status, item.Reason = action.Escalated, "Its policy is too long for another statement: shorten it."
		item.Before, err = newPolicyState(now)
		return onePlan(tlsSpec.Name, req, item), err
	}
	if err != nil {
		return nil, err
	}
	if item, err = a.change(item, now, after); err != nil {
		return nil, err
	}
	if item.Status == action.Unneeded {
		item.Reason = "Its policy denies requests without TLS already."
	}
	return onePlan(tlsSpec.Name, req, item), nil
}

// requireTLS returns the policy with a statement that denies plain HTTP, or as it is where one does so for the whole bucket.
func requireTLS(policy, bucket string) (string, error) {
	if policy == "" {
		return `{"Version":"2012-10-17","Statement":[` + tlsStatement("RequireTLS", bucket) + `]}`, nil
	}
	d, err := parsePolicy(policy)
	if err != nil {
		return "", err
	}
	statements, err := d.Statements()
	if err != nil {
		return "", err
	}
	var sids []string
	for _, s := range statements {
		if deniesHTTP(s) && covers(s, bucket) {
			return policy, nil
		}
		sids = append(sids, s.Sid)
	}
	sid := "RequireTLS"
	for n := 2; slices.Contains(sids, sid); n++ {
		sid = fmt.Sprintf("RequireTLS%d", n)
	}
	out, err := d.With(tlsStatement(sid, bucket))
	if err == nil && len(out) > maxPolicy {
		err = fault.New(fault.TooLarge, "the policy would have %d bytes, over S3's limit of %d", len(out), maxPolicy)
	}
	return out, err
}

func tlsStatement(sid, bucket string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[%q,%q],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		sid, bucket, bucket+"/*")
}

// deniesHTTP reports whether the statement denies everybody everything that comes without TLS, and asks for nothing else.
func deniesHTTP(s resourcepolicy.Statement) bool {
	if s.Effect != "Deny" || s.Principal == nil || !slices.Contains(*s.Principal, "*") || len(s.Condition) != 1 {
		return false
	}
	if !slices.ContainsFunc(s.Action, func(a string) bool { return a == "*" || strings.EqualFold(a, "s3:*") }) {
		return false
	}
	for operator, keys := range s.Condition {
		if !strings.EqualFold(operator, "Bool") && !strings.EqualFold(operator, "BoolIfExists") || len(keys) != 1 {
			return false
		}
		for key, values := range keys {
			return strings.EqualFold(key, "aws:SecureTransport") && len(values) == 1 && strings.EqualFold(values[0], "false")
		}
	}
	return false
}

// covers reports whether the statement is about the bucket and all that is in it.
func covers(s resourcepolicy.Statement, bucket string) bool {
	all := slices.Contains(s.Resource, "*") || slices.Contains(s.Resource, bucket+"*")
	return all || slices.Contains(s.Resource, bucket) && slices.Contains(s.Resource, bucket+"/*")
}
