package sandbox

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"riposte.dev/sandbox/policy"
)

// sender is the AWS service that brings something to a resource.
type sender struct {
	service string // "events.amazonaws.com", "sns.amazonaws.com", "s3.amazonaws.com"
	source  string // ARN of the rule, topic or bucket that it acts for
	account string // that owns the source
	// role is the ARN of the role that it assumes; "" when the policy on the
	// resource alone decides.
	role string
}

// delivery is one payload for one resource.
type delivery struct {
	from         sender
	arn          string // of the queue, topic, stream, function, …
	payload      []byte
	subject      string // of a topic's message
	partitionKey string // of a stream's record; "" lets the receiver choose
}

// receiver says who takes what other services deliver to ARNs of a service
// ("kinesis", "firehose", "logs", "lambda", "states"). A service calls it in its
// setup. take runs under the sandbox's lock: it checks [Sandbox.permits], stores
// or queues the payload, and never waits. Its error is an *undelivered.
func (s *Sandbox) receiver(arnService string, take func(delivery) error) {
	if s.receivers == nil {
		s.receivers = map[string]func(delivery) error{}
	}
	s.receivers[arnService] = take
}

// hand delivers to whoever takes for the ARN. The lock is held. Its error is an
// *undelivered.
func (s *Sandbox) hand(d delivery) error {
	p := strings.SplitN(d.arn, ":", 6)
	if len(p) < 6 || p[0] != "arn" {
		return refused("INVALID_PARAMETER", "%q is not an ARN", d.arn)
	}
	take := s.receivers[p[2]]
	if take == nil {
		return refused("INVALID_PARAMETER", "the sandbox delivers nothing to %s", p[2])
	}
	if s.accounts[p[4]] == nil {
		return refused("NO_RESOURCE", "there is no account %s", p[4])
	}
	return take(d)
}

// undelivered says why a delivery failed, with a code of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html.
type undelivered struct {
	code, message string
	passing       bool // another attempt may succeed
}

func (e *undelivered) Error() string { return e.code + ": " + e.message }

// refused is a failure that another attempt won't mend.
func refused(code, format string, args ...any) *undelivered {
	return &undelivered{code: code, message: fmt.Sprintf(format, args...)}
}

// asUndelivered gives any error of a delivery its form.
func asUndelivered(err error) *undelivered {
	var u *undelivered
	var unreached *url.Error
	switch {
	case errors.As(err, &u):
		return u
	case errors.As(err, &unreached) && unreached.Timeout():
		return &undelivered{code: "TIMEOUT", message: unreached.Err.Error(), passing: true}
	case errors.As(err, &unreached):
		return &undelivered{code: "CONNECTION_FAILURE", message: unreached.Err.Error(), passing: true}
	}
	return &undelivered{code: "ERROR_FROM_TARGET", message: err.Error(), passing: true}
}

// permits says whether a sender may do an action on a resource: by the role
// that it assumes, else by the policy on the resource (doc, nil for none). A
// role of another account needs both. The lock is held. Its error is an
// *undelivered.
func (s *Sandbox) permits(from sender, action, resource string, doc *policy.Document) error {
	owner := strings.SplitN(resource+":::::", ":", 6)[4]
	context := policy.Context{
		"aws:sourcearn": {from.source}, "aws:sourceaccount": {from.account}, "aws:securetransport": {"true"},
	}
	if from.role == "" {
		req := &policy.Request{Action: action, Resource: resource, Service: from.service, Context: context}
		if doc == nil || !allowsService(doc, req) {
			return refused("NO_PERMISSIONS", "%s is not authorized to perform: %s on resource: %s", from.service, action, resource)
		}
		return nil
	}
	r := s.roleAt(from.role)
	if r == nil || !s.assumable(r, from) {
		return refused("FAILED_TO_ASSUME_ROLE", "%s can't assume the role %s", from.service, from.role)
	}
	account := strings.SplitN(r.arn, ":", 6)[4]
	req := &policy.Request{
		Action: action, Resource: resource, Context: s.inOrganization(account, context), IssuerARN: r.arn, AccountID: account,
		PrincipalARN: arn("sts", "", account, "assumed-role/"+r.name+"/events"),
	}
	allowed := policy.Evaluate(s.identitiesOf(account).policies(r.inline, r.attached), req) == policy.Allowed
	if allowed && owner != account {
		allowed = doc != nil && policy.Evaluate([]*policy.Document{doc}, req) == policy.Allowed
	} else if allowed && doc != nil {
		allowed = policy.Evaluate([]*policy.Document{doc}, req) != policy.ExplicitDeny
	}
	if !allowed {
		return refused("NO_PERMISSIONS", "the role %s is not authorized to perform: %s on resource: %s", from.role, action, resource)
	}
	return nil
}

// inOrganization adds the organisation of an account to condition keys.
func (s *Sandbox) inOrganization(account string, to policy.Context) policy.Context {
	if s.org != nil && s.org.has(account) {
		to["aws:principalorgid"] = []string{s.org.id}
	}
	return to
}

// assumable says whether a role's trust policy lets the sender's service in.
func (s *Sandbox) assumable(r *role, from sender) bool {
	return policy.Evaluate(documents(r.trust), &policy.Request{
		Action: "sts:AssumeRole", Resource: r.arn, Service: from.service,
		Context: policy.Context{"aws:sourcearn": {from.source}, "aws:sourceaccount": {from.account}},
	}) == policy.Allowed
}

// allowsService says whether a document lets a service do something, by name or
// as anybody.
func allowsService(doc *policy.Document, req *policy.Request) bool {
	anybody := *req
	anybody.Service = ""
	docs := []*policy.Document{doc}
	byName, byAll := policy.Evaluate(docs, req), policy.Evaluate(docs, &anybody)
	if byName == policy.ExplicitDeny || byAll == policy.ExplicitDeny {
		return false
	}
	return byName == policy.Allowed || byAll == policy.Allowed
}
