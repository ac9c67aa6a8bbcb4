package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// controlPolicies are an organisation's service control policies. Accounts have
// them directly: the sandbox has no units. FullAWSAccess is on all of them.
type controlPolicies struct {
	all      []*controlPolicy
	attached map[string][]string // ids of policies by account
}

type controlPolicy struct{ id, name, description, content string }

func newControlPolicies() *controlPolicies { return &controlPolicies{attached: map[string][]string{}} }

func (s *controlPolicies) clone() stater {
	return &controlPolicies{slices.Clone(s.all), maps.Clone(s.attached)} // policies and lists are replaced, never changed
}

func (o *organization) policyKey() stateKey { return stateKey{"organizations", o.management, ""} }

func (c *call) controlPolicies(o *organization) *controlPolicies {
	return stateOf(c, o.policyKey(), newControlPolicies)
}

const (
	fullAccess       = "p-FullAWSAccess"
	controlType      = "SERVICE_CONTROL_POLICY"
	maxControlOnOne  = 5 // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
	maxControlLength = 5120
)

func (o *organization) policyARN(id string) string {
	return arn("organizations", "", o.management, "policy/"+o.id+"/service_control_policy/"+id)
}

// policyResources are the policy and the account that the input names.
func policyResources(c *call) []string {
	o := c.sb.org
	if o == nil {
		return nil
	}
	var out []string
	if id := c.in.str("PolicyId"); id != "" {
		out = append(out, o.policyARN(id))
	}
	if target := c.in.str("TargetId"); target != "" {
		out = append(out, o.accountARN(target))
	}
	return out
}

func (o *organization) summary(p *controlPolicy) wire.Object {
	return wire.Object{"Id": p.id, "Arn": o.policyARN(p.id), "Name": p.name, "Description": p.description, "Type": controlType, "AwsManaged": false}
}

func managedSummary() wire.Object {
	return wire.Object{
		"Id": fullAccess, "Arn": "arn:aws:organizations::aws:policy/service_control_policy/" + fullAccess, "Name": "FullAWSAccess",
		"Description": "Allows access to every operation", "Type": controlType, "AwsManaged": true,
	}
}

func createControlPolicy(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	s, content := c.controlPolicies(o), c.in.str("Content")
	p := &controlPolicy{id: "p-" + c.sb.lowerID(10), name: c.in.str("Name"), description: c.in.str("Description"), content: content}
	if _, err := policy.Parse([]byte(content)); err != nil || len(content) > maxControlLength {
		return nil, wire.Errorf("MalformedPolicyDocumentException", "The provided policy document does not meet the requirements of the specified policy type.")
	}
	if firstWhere(s.all, func(x *controlPolicy) bool { return x.name == p.name }) != nil {
		return nil, wire.Errorf("DuplicatePolicyException", "A policy with the specified name and type already exists.")
	}
	s.all = append(slices.Clone(s.all), p)
	return wire.Object{"Policy": wire.Object{"PolicySummary": o.summary(p), "Content": content}}, nil
}

func describeControlPolicy(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	p, err := c.controlPolicy(o)
	if err != nil {
		return nil, err
	}
	return wire.Object{"Policy": wire.Object{"PolicySummary": o.summary(p), "Content": p.content}}, nil
}

func (c *call) controlPolicy(o *organization) (*controlPolicy, error) {
	id := c.in.str("PolicyId")
	p := firstWhere(c.controlPolicies(o).all, func(p *controlPolicy) bool { return p.id == id })
	if p == nil {
		return nil, wire.Errorf("PolicyNotFoundException", "We can't find a policy with the PolicyId that you specified.")
	}
	return p, nil
}

func listControlPolicies(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	all := wire.List{managedSummary()}
	for _, p := range c.controlPolicies(o).all {
		all = append(all, o.summary(p))
	}
	return c.policyPage(all)
}

func listControlPoliciesForTarget(c *call) (wire.Object, error) {
	o, target, err := c.policyTarget()
	if err != nil {
		return nil, err
	}
	on, s := wire.List{managedSummary()}, c.controlPolicies(o)
	for _, p := range s.all {
		if slices.Contains(s.attached[target], p.id) {
			on = append(on, o.summary(p))
		}
	}
	return c.policyPage(on)
}

// policyPage is a page of a list. Only service control policies are there.
func (c *call) policyPage(all wire.List) (wire.Object, error) {
	if c.in.str("Filter") != controlType {
		all = nil
	}
	page, next, err := paginate(c, all, c.in.str("NextToken"), c.in.number("MaxResults", 20))
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "You provided an invalid NextToken.")
	}
	out := wire.Object{"Policies": page}
	put(out, "NextToken", next)
	return out, nil
}

// policyTarget is the account that the input names.
func (c *call) policyTarget() (*organization, string, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, "", err
	}
	id := c.in.str("TargetId")
	if _, ok := c.member(o, id); !ok {
		return nil, "", wire.Errorf("TargetNotFoundException", "You specified a target that doesn't exist.")
	}
	return o, id, nil
}

func attachControlPolicy(c *call) (wire.Object, error) {
	o, target, err := c.policyTarget()
	if err != nil {
		return nil, err
	}
	p, err := c.controlPolicy(o)
	if err != nil {
		return nil, err
	}
	s := c.controlPolicies(o)
	switch on := s.attached[target]; {
	case slices.Contains(on, p.id):
		return nil, wire.Errorf("DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target.")
	case len(on)+1 >= maxControlOnOne:
		return nil, wire.Errorf("ConstraintViolationException", "You have attached the maximum number of policies to the specified target.")
	default:
		s.attached[target] = append(slices.Clone(on), p.id)
	}
	return nil, nil
}

func detachControlPolicy(c *call) (wire.Object, error) {
	o, target, err := c.policyTarget()
	if err != nil {
		return nil, err
	}
	p, err := c.controlPolicy(o)
	if err != nil {
		return nil, err
	}
	s := c.controlPolicies(o)
	if !slices.Contains(s.attached[target], p.id) {
		return nil, wire.Errorf("PolicyNotAttachedException", "The policy isn't attached to the specified target in the specified root.")
	}
	s.attached[target] = without(s.attached[target], p.id)
	return nil, nil
}

// controlDenies reports whether a service control policy denies the request to
// a principal of a member account. The management account knows none, and
// service-linked roles are spared
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html).
func (c *call) controlDenies(req *policy.Request) bool {
	o, p := c.sb.org, c.caller
	if o == nil || !o.has(p.account) || p.account == o.management || strings.Contains(p.issuerARN, ":role/aws-service-role/") {
		return false
	}
	s := liveState(c.sb, o.policyKey(), newControlPolicies)
	for _, on := range s.all {
		if !slices.Contains(s.attached[p.account], on.id) {
			continue
		}
		if doc, err := policy.Parse([]byte(on.content)); err != nil || policy.Evaluate([]*policy.Document{doc}, req) == policy.ExplicitDeny {
			return true
		}
	}
	return false
}
