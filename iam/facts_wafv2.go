package iam

var wafv2Facts = map[string][]string{
	"wafv2:GetIPSet":            ipSets,
	"wafv2:ListIPSets":          nil,
	"wafv2:ListTagsForResource": ipSets,
	"wafv2:UpdateIPSet":         ipSets,

	"wafv2:AssociateWebACL":      webACLs,
	"wafv2:DisassociateWebACL":   protectedByWAF,
	"wafv2:GetWebACL":            webACLs,
	"wafv2:GetWebACLForResource": protectedByWAF,
}

var webACLs = []string{"arn:P:wafv2:*:A:regional/webacl/*/*"}

// protectedByWAF are what a web ACL looks at, with the web ACLs: AWS's own policies allow DisassociateWebACL on these, its
// reference on those.
var protectedByWAF = append([]string{"arn:P:elasticloadbalancing:*:A:loadbalancer/app/*/*", "arn:P:apigateway:*::/restapis/*/stages/*"}, webACLs...)

var ipSets = []string{"arn:P:wafv2:*:A:*/ipset/*/*"}
