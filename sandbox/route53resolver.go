package sandbox

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// resolverService answers for the domain lists of Route 53 Resolver DNS
// Firewall, and blocks nothing
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53_Resolver.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53resolver.html.
func resolverService() *service {
	ofInput := func(c *call) []string { return []string{c.domainListARN(c.in.str("FirewallDomainListId"))} }
	return &service{
		name: "route53resolver", prefix: "route53resolver",
		operations: []operation{
			{name: "CreateFirewallDomainList", resources: func(c *call) []string { return []string{c.domainListARN("*")} }, handle: createDomainList},
			{name: "GetFirewallDomainList", resources: ofInput, handle: getDomainList},
			{name: "ListFirewallDomains", resources: ofInput, handle: listDomains},
			{name: "UpdateFirewallDomains", resources: ofInput, handle: updateDomains},
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("ResourceArn")} }, handle: listDomainListTags},
		},
	}
}

// domainLists are those of an account in a region.
type domainLists struct{ lists []*domainList }

type domainList struct {
	id, name string
	domains  []string // with the dot at their end
	tags     map[string]string
}

func newDomainLists() *domainLists { return &domainLists{} }

func (s *domainLists) clone() stater {
	out := newDomainLists()
	for _, l := range s.lists {
		c := *l
		c.domains, c.tags = slices.Clone(l.domains), maps.Clone(l.tags)
		out.lists = append(out.lists, &c)
	}
	return out
}

func (c *call) domainLists() *domainLists {
	return stateOf(c, stateKey{"route53resolver", c.account.id, c.region}, newDomainLists)
}

func (c *call) domainListARN(id string) string { return c.arn("firewall-domain-list/" + id) }

func createDomainList(c *call) (wire.Object, error) {
	s := c.domainLists()
	l := &domainList{id: "rslvr-fdl-" + c.sb.ec2ID("")[:16], name: c.in.str("Name"), tags: c.inputTags()}
	s.lists = append(s.lists, l)
	return wire.Object{"FirewallDomainList": c.domainListObject(l)}, nil
}

func (c *call) domainListObject(l *domainList) wire.Object {
	return wire.Object{
		"Id": l.id, "Arn": c.domainListARN(l.id), "Name": l.name, "DomainCount": int64(len(l.domains)), "Status": "COMPLETE",
		"StatusMessage": "", "CreatorRequestId": c.requestID,
	}
}

func (c *call) domainList() (*domainList, error) {
	id := c.in.str("FirewallDomainListId")
	l := firstWhere(c.domainLists().lists, func(l *domainList) bool { return l.id == id })
	if l == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "[RSLVR-02021] The specified domain list could not be found: '%s'", id)
	}
	return l, nil
}

func getDomainList(c *call) (wire.Object, error) {
	l, err := c.domainList()
	if err != nil {
		return nil, err
	}
	return wire.Object{"FirewallDomainList": c.domainListObject(l)}, nil
}

func listDomains(c *call) (wire.Object, error) {
	l, err := c.domainList()
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(c, l.domains, c.in.str("NextToken"), c.in.number("MaxResults", 100))
	if err != nil {
		return nil, wire.Errorf("ValidationException", "The NextToken is not valid.")
	}
	out := wire.Object{"Domains": strList(page)}
	put(out, "NextToken", next)
	return out, nil
}

var firewallDomain = regexp.MustCompile(`^(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)+$`)

// updateDomains adds, removes or replaces; adding what is there, and removing
// what isn't, is no error.
func updateDomains(c *call) (wire.Object, error) {
	l, err := c.domainList()
	if err != nil {
		return nil, err
	}
	given := c.in.strs("Domains")
	for i, domain := range given {
		given[i] = strings.TrimSuffix(lower(domain), ".") + "."
		if !firewallDomain.MatchString(given[i]) {
			return nil, wire.Errorf("ValidationException", "[RSLVR-02018] The domain '%s' is not valid.", domain)
		}
	}
	switch c.in.str("Operation") {
	case "REMOVE":
		l.domains = slices.DeleteFunc(slices.Clone(l.domains), func(d string) bool { return slices.Contains(given, d) })
	case "REPLACE":
		l.domains = nil
		fallthrough
	default:
		l.domains = append(slices.Clone(l.domains), given...)
	}
	slices.Sort(l.domains)
	l.domains = slices.Compact(l.domains)
	return wire.Object{"Id": l.id, "Name": l.name, "Status": "UPDATING", "StatusMessage": "Updating the Firewall Domain List"}, nil
}

func listDomainListTags(c *call) (wire.Object, error) {
	arn := c.in.str("ResourceArn")
	l := firstWhere(c.domainLists().lists, func(l *domainList) bool { return c.domainListARN(l.id) == arn })
	if l == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The resource '%s' could not be found.", arn)
	}
	return wire.Object{"Tags": tagList(l.tags)}, nil
}
