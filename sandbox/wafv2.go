package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// wafv2Service answers for the IP sets and web ACLs of AWS WAF, and blocks nothing
// (https://docs.aws.amazon.com/waf/latest/APIReference/API_Operations_AWS_WAFV2.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html.
func wafv2Service() *service {
	return &service{
		name: "wafv2", prefix: "wafv2",
		operations: append(webACLOperations(), []operation{
			{name: "CreateIPSet", resources: newIPSetResources, conditions: ipSetConditions, handle: createIPSet},
			{name: "GetIPSet", resources: ipSetResources, conditions: ipSetConditions, handle: getIPSet},
			{name: "UpdateIPSet", resources: ipSetResources, conditions: ipSetConditions, handle: updateIPSet},
			{name: "DeleteIPSet", resources: ipSetResources, conditions: ipSetConditions, handle: deleteIPSet},
			{name: "ListIPSets", handle: listIPSets},
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("ResourceARN")} }, handle: listWAFTags},
		}...),
	}
}

// ipSets are the IP sets of an account in a region, and its web ACLs. Those for
// CloudFront are in us-east-1.
type ipSets struct {
	sets   []*ipSet
	acls   []*webACL
	behind map[string]string // ARNs of web ACLs by those of the resources that they protect
}

type ipSet struct {
	id, name, arn, scope, version, description string
	lock                                       string
	addresses                                  []string // as WAF answers them
	tags                                       map[string]string
}

func newIPSets() *ipSets { return &ipSets{behind: map[string]string{}} }

func (s *ipSets) clone() stater {
	out := newIPSets()
	out.acls, out.behind = slices.Clone(s.acls), maps.Clone(s.behind)
	for _, set := range s.sets {
		c := *set
		c.addresses, c.tags = slices.Clone(set.addresses), maps.Clone(set.tags)
		out.sets = append(out.sets, &c)
	}
	return out
}

func (c *call) ipSets() *ipSets {
	return stateOf(c, stateKey{"wafv2", c.account.id, c.region}, newIPSets)
}

// wafARN is the ARN of a set or web ACL; those of CloudFront are called global.
func (c *call) wafARN(kind, scope, name, id string) string {
	where := "regional"
	if scope == "CLOUDFRONT" {
		where = "global"
	}
	return c.arn(where + "/" + kind + "/" + name + "/" + id)
}

func newIPSetResources(c *call) []string {
	return []string{c.wafARN("ipset", c.in.str("Scope"), c.in.str("Name"), "*")}
}

func ipSetResources(c *call) []string {
	return []string{c.wafARN("ipset", c.in.str("Scope"), c.in.str("Name"), c.in.str("Id"))}
}

func ipSetConditions(c *call) policy.Context {
	out := policy.Context{}
	for _, t := range c.in.objects("Tags") {
		out["aws:requesttag/"+lower(t.str("Key"))] = []string{t.str("Value")}
		out["aws:tagkeys"] = append(out["aws:tagkeys"], t.str("Key"))
	}
	set := firstWhere(c.ipSets().sets, func(s *ipSet) bool { return s.id == c.in.str("Id") })
	if set != nil {
		for k, v := range set.tags {
			out["aws:resourcetag/"+lower(k)] = []string{v}
		}
	}
	return out
}

// checkScope refuses CloudFront's scope anywhere but in its region.
func (c *call) checkScope() error {
	if c.in.str("Scope") == "CLOUDFRONT" && c.region != defaultRegion {
		return wafInvalid("The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")
	}
	return nil
}

func wafInvalid(reason string) error {
	return wire.Errorf("WAFInvalidParameterException", "Error reason: %s", reason)
}

// ipSet is the set that the input names whole: by scope, name and id.
func (c *call) ipSet() (*ipSet, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	set := firstWhere(c.ipSets().sets, func(s *ipSet) bool {
		return s.id == c.in.str("Id") && s.name == c.in.str("Name") && s.scope == c.in.str("Scope")
	})
	if set == nil {
		return nil, noWAFItem()
	}
	return set, nil
}

func noWAFItem() error {
	return wire.Errorf("WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource doesn’t exist.")
}

func staleLock() error {
	return wire.Errorf("WAFOptimisticLockException", "AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply your changes.")
}

// lockedIPSet is the set that the input names, if the lock token is its latest.
func (c *call) lockedIPSet() (*ipSet, error) {
	set, err := c.ipSet()
	if err == nil && set.lock != c.in.str("LockToken") {
		return nil, staleLock()
	}
	return set, err
}

func listIPSets(c *call) (wire.Object, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	var found []*ipSet
	for _, s := range c.ipSets().sets {
		if s.scope == c.in.str("Scope") {
			found = append(found, s)
		}
	}
	page, next, err := paginate(c, found, c.in.str("NextMarker"), c.in.number("Limit", 100))
	if err != nil {
		return nil, wafInvalid("The marker is not valid.")
	}
	out := wire.Object{"IPSets": list(page, func(s *ipSet) any { return s.summary() })}
	put(out, "NextMarker", next)
	return out, nil
}

func listWAFTags(c *call) (wire.Object, error) {
	arn := c.in.str("ResourceARN")
	var tags map[string]string
	set := firstWhere(c.ipSets().sets, func(s *ipSet) bool { return s.arn == arn })
	acl := firstWhere(c.ipSets().acls, func(a *webACL) bool { return a.arn == arn })
	switch {
	case !strings.HasPrefix(arn, "arn:aws:wafv2:"):
		return nil, wafInvalid("The ARN isn't valid., field: RESOURCE_ARN")
	case set != nil:
		tags = set.tags
	case acl != nil:
		tags = acl.tags
	default:
		return nil, noWAFItem()
	}
	return wire.Object{"TagInfoForResource": wire.Object{"ResourceARN": arn, "TagList": tagList(tags)}}, nil
}
