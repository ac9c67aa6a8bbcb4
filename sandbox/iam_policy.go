package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"riposte.dev/sandbox/wire"
)

// Quotas of policies; whitespace doesn't count
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	maxManagedSize = 6144
	maxUserInline  = 2048 // all inline policies of a user together
	maxRoleInline  = 10240
	maxAttached    = 10
)

// managedPolicy is a managed policy. document is that of its default version.
type managedPolicy struct {
	name, id, path, arn, description, document string
	created, updated                           time.Time
	versions                                   []policyVersion // oldest first
	current, made                              int             // numbers of the default version, and of the last one that was made
	tags                                       map[string]string
}

func policyOperations() []operation {
	on := policyResource
	return []operation{
		{name: "CreatePolicy", resources: newPolicyResource, handle: createPolicy},
		{name: "GetPolicy", resources: on, handle: getPolicy},
		{name: "GetPolicyVersion", resources: on, handle: getPolicyVersion},
		{name: "DeletePolicy", resources: on, handle: deletePolicy},
		{name: "CreatePolicyVersion", resources: on, handle: createPolicyVersion},
		{name: "ListPolicyVersions", resources: on, handle: listPolicyVersions},
		{name: "SetDefaultPolicyVersion", resources: on, handle: setDefaultPolicyVersion},
		{name: "DeletePolicyVersion", resources: on, handle: deletePolicyVersion},
		{name: "SimulatePrincipalPolicy", resources: simulated, handle: simulatePrincipalPolicy},
	}
}

func policyResource(c *call) []string { return []string{c.in.str("PolicyArn")} }

func newPolicyResource(c *call) []string {
	return []string{c.iamARN("policy" + c.inputPath() + c.in.str("PolicyName"))}
}

// policySize is what counts of a policy.
func policySize(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// putInline puts the input's policy among the inline ones of somebody.
func (c *call) putInline(inline map[string]string, most int, of string) error {
	name, document := c.in.str("PolicyName"), c.in.str("PolicyDocument")
	if err := checkDocument(document, false); err != nil {
		return err
	}
	if err := checkInlineSize(inline, name, document, most, of); err != nil {
		return err
	}
	inline[name] = document
	return nil
}

// checkInlineSize refuses an inline policy with which all together get too long.
func checkInlineSize(inline map[string]string, name, document string, most int, of string) error {
	size := policySize(document)
	for other, text := range inline {
		if other != name {
			size += policySize(text)
		}
	}
	if size > most {
		return wire.Errorf("LimitExceededException", "Maximum policy size of %d bytes exceeded for %s", most, of)
	}
	return nil
}

func createPolicy(c *call) (wire.Object, error) {
	name, text, ids := c.in.str("PolicyName"), c.in.str("PolicyDocument"), c.identities()
	for _, p := range ids.managed {
		if strings.EqualFold(p.name, name) {
			return nil, wire.Errorf("EntityAlreadyExistsException", "A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	if err := checkDocument(text, false); err != nil {
		return nil, err
	}
	if policySize(text) > maxManagedSize {
		return nil, wire.Errorf("LimitExceededException", "Cannot exceed quota for PolicySize: %d", maxManagedSize)
	}
	p := &managedPolicy{
		name: name, id: c.sb.newID("ANPA"), path: c.inputPath(), arn: newPolicyResource(c)[0], description: c.in.str("Description"),
		document: text, created: c.time.UTC(), updated: c.time.UTC(), tags: c.tagsOf("Tags"),
		versions: []policyVersion{{1, text, c.time.UTC()}}, current: 1, made: 1,
	}
	ids.managed[p.arn] = p
	c.subject("AWS::IAM::Policy", p.arn)
	o := p.describe(0)
	// The answer to CreatePolicy has less than GetPolicy's.
	delete(o, "Description")
	return wire.Object{"Policy": o}, nil
}

// policyOf is the policy that the input names, AWS's own ones too.
func (c *call) policyOf() (*managedPolicy, error) {
	policyARN := c.in.str("PolicyArn")
	if p := c.identities().managed[policyARN]; p != nil {
		c.subject("AWS::IAM::Policy", p.arn)
		return p, nil
	}
	text, ok := managedPolicies[policyARN]
	if !ok {
		return nil, wire.Errorf("NoSuchEntityException", "Policy %s was not found.", policyARN)
	}
	name := policyARN[strings.LastIndex(policyARN, "/")+1:]
	joined := c.account.joined.UTC()
	return &managedPolicy{
		name: name, id: "ANPAAWSMANAGEDPOLICYX", path: "/", arn: policyARN, document: text, created: joined, updated: joined,
		versions: []policyVersion{{1, text, joined}}, current: 1,
	}, nil
}

func (p *managedPolicy) describe(attachments int) wire.Object {
	o := wire.Object{
		"PolicyName": p.name, "PolicyId": p.id, "Arn": p.arn, "Path": p.path, "DefaultVersionId": fmt.Sprintf("v%d", p.current), "IsAttachable": true,
		"AttachmentCount": int64(attachments), "PermissionsBoundaryUsageCount": int64(0), "CreateDate": p.created, "UpdateDate": p.updated,
	}
	put(o, "Description", p.description)
	if len(p.tags) > 0 {
		o["Tags"] = tagList(p.tags)
	}
	return o
}

// attachments is how many users, groups and roles have a policy.
func (s *identities) attachments(policyARN string) int {
	n := 0
	for _, u := range s.users {
		if slices.Contains(u.attached, policyARN) {
			n++
		}
	}
	for _, r := range s.roles {
		if slices.Contains(r.attached, policyARN) {
			n++
		}
	}
	for _, g := range s.groups {
		if slices.Contains(g.attached, policyARN) {
			n++
		}
	}
	return n
}

func getPolicy(c *call) (wire.Object, error) {
	p, err := c.policyOf()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Policy": p.describe(c.identities().attachments(p.arn))}, nil
}

func getPolicyVersion(c *call) (wire.Object, error) {
	p, err := c.policyOf()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	out := p.describeVersion(v)
	out["Document"] = escapeDocument(v.document)
	return wire.Object{"PolicyVersion": out}, nil
}

func deletePolicy(c *call) (wire.Object, error) {
	p, err := c.policyOf()
	ids := c.identities()
	switch {
	case err != nil:
		return nil, err
	case ids.managed[p.arn] == nil:
		return nil, &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: "Policy is outside your own account."}
	case ids.attachments(p.arn) > 0:
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete a policy attached to entities.")
	case len(p.versions) > 1:
		return nil, wire.Errorf("DeleteConflictException", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.")
	}
	delete(ids.managed, p.arn)
	return nil, nil
}
