package sandbox

import (
	"fmt"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// service is one AWS service. To add one: list its operations in
// wire/operations.txt, write a function that returns a *service, and name it
// in allServices.
type service struct {
	name       string // botocore's: "events"
	prefix     string // of IAM actions and of the event source: "events" in events:PutEvents and events.amazonaws.com
	source     string // of events where it isn't the prefix: "monitoring"
	global     bool   // one endpoint in the partition: records lie in us-east-1
	versioned  bool   // records name the API's version
	operations []operation
	// setup runs once when the service joins a sandbox: it may add administration
	// to admin and offer lookups to other services (buckets, topics); optional.
	setup func(*Sandbox)

	byName map[string]*operation
}

// operation is one API operation. Only name and handle are required.
type operation struct {
	name string
	// action is the IAM action by AWS's Service Authorization Reference where it
	// isn't "prefix:name".
	action string
	// free operations need no permission, or decide on it by themselves.
	free bool
	// anonymous operations take unsigned requests; c.caller is nil then.
	anonymous bool
	// resources are the ARNs that the action is checked on; nil: "*".
	resources func(c *call) []string
	// also are further permissions that this input needs.
	also func(c *call) []need
	// passedTo is the service that gets a role which the call passes, where it
	// isn't "prefix.amazonaws.com".
	passedTo string
	// resourcePolicy is the policy on the resource and the account that owns it.
	// nil, or a nil document: there is none.
	resourcePolicy func(c *call) (doc *policy.Document, owner string)
	// decide says what the caller's policies and that of the resource come to,
	// where that isn't what (*call).decide says.
	decide func(c *call, req *policy.Request, doc *policy.Document, owner string) (policy.Decision, string)
	// conditions are the condition keys of the action, beside the global ones.
	conditions func(c *call) policy.Context
	// handle does the work under the sandbox's lock. Its error is a *wire.Error;
	// anything else becomes the service's internal failure.
	handle func(c *call) (wire.Object, error)

	writes bool // against what the name says (Get…, AssumeRole… read)
	data   bool // a data event: leaves no management record
	record recordShape
}

// need is a permission.
type need struct{ action, resource string }

// join adds a service, checking it against its model.
func (s *Sandbox) join(svc *service) error {
	m := s.catalog.Model(svc.name)
	if m == nil {
		return fmt.Errorf("service %s has no API model: list it in wire/operations.txt and run go generate", svc.name)
	}
	svc.byName = map[string]*operation{}
	for i := range svc.operations {
		op := &svc.operations[i]
		if m.Operations[op.name] == nil {
			return fmt.Errorf("%s has no API model of %s: list it in wire/operations.txt and run go generate", svc.name, op.name)
		}
		if op.action == "" {
			op.action = svc.prefix + ":" + op.name
		}
		svc.byName[op.name] = op
	}
	s.services[svc.name] = svc
	if svc.setup != nil {
		svc.setup(s)
	}
	return nil
}

func (svc *service) eventSource() string { return orElse(svc.source, svc.prefix) + ".amazonaws.com" }

// readOnly is CloudTrail's classification of an operation.
func (op *operation) readOnly() bool {
	if op.writes {
		return false
	}
	for _, p := range []string{"Get", "List", "Describe", "Lookup", "Head", "AssumeRole", "BatchGet", "Search", "Receive", "Simulate"} {
		if strings.HasPrefix(op.name, p) {
			return true
		}
	}
	return false
}
