package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// maxVersions is the quota of versions of a managed policy.
const maxVersions = 5

// policyVersion is a version of a managed policy. It never changes.
type policyVersion struct {
	number   int
	document string
	created  time.Time
}

func (v policyVersion) id() string { return fmt.Sprintf("v%d", v.number) }

func (p *managedPolicy) describeVersion(v policyVersion) wire.Object {
	return wire.Object{"VersionId": v.id(), "IsDefaultVersion": v.number == p.current, "CreateDate": v.created}
}

// version is the version that the input names.
func (c *call) version(p *managedPolicy) (policyVersion, error) {
	id := c.in.str("VersionId")
	for _, v := range p.versions {
		if v.id() == id {
			return v, nil
		}
	}
	return policyVersion{}, wire.Errorf("NoSuchEntityException", "Policy %s version %s does not exist or is not attachable.", p.arn, id)
}

// ownPolicy is a copy of the policy that the input names, to be changed, unless it is AWS's.
func (c *call) ownPolicy() (*managedPolicy, error) {
	p, err := c.policyOf()
	if err != nil {
		return nil, err
	}
	if c.identities().managed[p.arn] == nil {
		return nil, &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: "Policy is outside your own account."}
	}
	changed := *p
	changed.versions = slices.Clone(p.versions)
	return &changed, nil
}

// keep puts the changed policy in force.
func (c *call) keep(p *managedPolicy) {
	for _, v := range p.versions {
		if v.number == p.current {
			p.document = v.document
		}
	}
	p.updated = c.time.UTC()
	c.identities().managed[p.arn] = p
}

func createPolicyVersion(c *call) (wire.Object, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	text := c.in.str("PolicyDocument")
	if err := checkDocument(text, false); err != nil {
		return nil, err
	}
	switch {
	case policySize(text) > maxManagedSize:
		return nil, wire.Errorf("LimitExceededException", "Cannot exceed quota for PolicySize: %d", maxManagedSize)
	case len(p.versions) >= maxVersions:
		return nil, wire.Errorf("LimitExceededException", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
	}
	p.made++
	v := policyVersion{p.made, text, c.time.UTC()}
	p.versions = append(p.versions, v)
	if c.in.flag("SetAsDefault", false) {
		p.current = v.number
	}
	c.keep(p)
	return wire.Object{"PolicyVersion": p.describeVersion(v)}, nil
}

func listPolicyVersions(c *call) (wire.Object, error) {
	p, err := c.policyOf()
	if err != nil {
		return nil, err
	}
	newest := slices.Clone(p.versions)
	slices.Reverse(newest)
	return iamPage(c, "Versions", newest, func(v policyVersion) any { return p.describeVersion(v) })
}

func setDefaultPolicyVersion(c *call) (wire.Object, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	p.current = v.number
	c.keep(p)
	return nil, nil
}

func deletePolicyVersion(c *call) (wire.Object, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	if v.number == p.current {
		return nil, wire.Errorf("DeleteConflictException", "Cannot delete the default version of a policy.")
	}
	p.versions = slices.DeleteFunc(p.versions, func(o policyVersion) bool { return o.number == v.number })
	c.keep(p)
	return nil, nil
}
