package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
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
func NewRequireTLS(caller *awscall.Caller) *RequireTLS {
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
	d, err := parseDocument(policy)
	if err != nil {
		return "", err
	}
	var sids []string
	for i := range d.statements {
		s, err := d.statement(i)
		if err != nil {
			return "", err
		}
		if s.deniesHTTP() && d.covers(i, bucket) {
			return policy, nil
		}
		sids = append(sids, s.Sid)
	}
	sid := "RequireTLS"
	for n := 2; slices.Contains(sids, sid); n++ {
		sid = fmt.Sprintf("RequireTLS%d", n)
	}
	out, err := d.with(tlsStatement(sid, bucket))
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
func (s statement) deniesHTTP() bool {
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

// covers reports whether the statement at the index is about the bucket and all that is in it.
func (d document) covers(i int, bucket string) bool {
	var s struct{ Resource texts }
	at := d.statements[i]
	if json.Unmarshal([]byte(d.text[at.from:at.to]), &s) != nil {
		return false
	}
	all := slices.Contains(s.Resource, "*") || slices.Contains(s.Resource, bucket+"*")
	return all || slices.Contains(s.Resource, bucket) && slices.Contains(s.Resource, bucket+"/*")
}

// with returns the text with a statement more at the end; every byte of the rest is as it was, but that a statement which
// stands by itself becomes the first of a list.
func (d document) with(statement string) (string, error) {
	if len(d.statements) == 0 {
		return "", fault.New(fault.Invalid, "the policy has no statement").WithHint("delete it, or write it anew")
	}
	first, last := d.statements[0], d.statements[len(d.statements)-1]
	if !d.list {
		return d.text[:first.from] + "[" + d.text[first.from:first.to] + "," + statement + "]" + d.text[first.to:], nil
	}
	return d.text[:last.to] + "," + statement + d.text[last.to:], nil
}
