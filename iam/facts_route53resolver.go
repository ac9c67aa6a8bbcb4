package iam

var route53resolverFacts = map[string][]string{
	"route53resolver:GetFirewallDomainList": domainLists,
	"route53resolver:ListFirewallDomains":   domainLists,
	"route53resolver:ListTagsForResource":   domainLists,
	"route53resolver:UpdateFirewallDomains": domainLists,
}

var domainLists = []string{"arn:P:route53resolver:*:A:firewall-domain-list/*"}
