package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// accessEntry lets an IAM principal into a cluster
// (https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html).
type accessEntry struct {
	arn, principal, username string
	groups                   []string
	policies                 []accessPolicy
	created                  time.Time
}

// accessPolicy is one of EKS's own, in all namespaces where it names none.
type accessPolicy struct {
	arn        string
	namespaces []string
}

const (
	eksAccessPolicies = "arn:aws:eks::aws:cluster-access-policy/"
	eksClusterAdmin   = eksAccessPolicies + "AmazonEKSClusterAdminPolicy"
)

func accessEntryResource(c *call) []string {
	principal := c.in.str("principalArn")
	if k := c.eksClusters().named(c.eksName()); k != nil && k.entry(principal) != nil {
		return []string{k.entry(principal).arn}
	}
	return []string{c.arn("access-entry/" + c.eksName() + "/*")}
}

func (k *eksCluster) entry(principal string) *accessEntry {
	return firstWhere(k.entries, func(e *accessEntry) bool { return e.principal == principal })
}

func (c *call) accessEntry() (*eksCluster, *accessEntry, error) {
	k, err := c.eksCluster()
	if err != nil {
		return nil, nil, err
	}
	e := k.entry(c.in.str("principalArn"))
	if e == nil {
		return nil, nil, wire.Errorf("ResourceNotFoundException", "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.")
	}
	return k, e, nil
}

var iamPrincipal = regexp.MustCompile(`^arn:aws:iam::\d{12}:(role|user)/`)

func createAccessEntry(c *call) (wire.Object, error) {
	k, err := c.eksCluster()
	if err != nil {
		return nil, err
	}
	principal, groups := c.in.str("principalArn"), c.in.strs("kubernetesGroups")
	switch {
	case !iamPrincipal.MatchString(principal):
		return nil, wire.Errorf("InvalidParameterException", "The principalArn parameter format is not valid")
	case k.entry(principal) != nil:
		return nil, wire.Errorf("ResourceInUseException", "The specified access entry resource is already in use on this cluster.")
	case slices.ContainsFunc(groups, func(g string) bool { return strings.HasPrefix(g, "system:") }):
		return nil, wire.Errorf("InvalidParameterException", "The kubernetes group name %s is invalid, it cannot start with system:", groups[0])
	}
	e := &accessEntry{
		arn: c.arn("access-entry/" + k.name + "/" + c.sb.newUUID()), principal: principal, username: orElse(c.in.str("username"), principal),
		groups: groups, created: c.time.UTC(),
	}
	k.entries = append(k.entries, e)
	return wire.Object{"accessEntry": e.describe(k)}, nil
}

func (e *accessEntry) describe(k *eksCluster) wire.Object {
	return wire.Object{
		"clusterName": k.name, "principalArn": e.principal, "kubernetesGroups": strList(e.groups), "accessEntryArn": e.arn, "createdAt": e.created,
		"modifiedAt": e.created, "tags": wire.Object{}, "username": e.username, "type": "STANDARD",
	}
}

func describeAccessEntry(c *call) (wire.Object, error) {
	k, e, err := c.accessEntry()
	if err != nil {
		return nil, err
	}
	return wire.Object{"accessEntry": e.describe(k)}, nil
}

func deleteAccessEntry(c *call) (wire.Object, error) {
	k, e, err := c.accessEntry()
	if err == nil {
		k.entries = without(k.entries, e)
	}
	return nil, err
}

func associateAccessPolicy(c *call) (wire.Object, error) {
	k, e, err := c.accessEntry()
	if err != nil {
		return nil, err
	}
	p := accessPolicy{arn: c.in.str("policyArn"), namespaces: c.in.object("accessScope").strs("namespaces")}
	if accessPolicyRules(p.arn) == nil {
		return nil, wire.Errorf("InvalidParameterException", "The policyArn parameter format is not valid")
	}
	if (c.in.object("accessScope").str("type") == "namespace") != (len(p.namespaces) > 0) {
		return nil, wire.Errorf("InvalidParameterException", "The accessScope namespaces are needed for the type namespace, and for it alone")
	}
	e.policies = append(slices.DeleteFunc(e.policies, func(o accessPolicy) bool { return o.arn == p.arn }), p)
	return wire.Object{"clusterName": k.name, "principalArn": e.principal, "associatedAccessPolicy": wire.Object{
		"policyArn": p.arn, "accessScope": wire.Object(c.in.object("accessScope")), "associatedAt": c.time.UTC(), "modifiedAt": c.time.UTC(),
	}}, nil
}
