package iam

var wafv2Facts = map[string][]string{
	"wafv2:GetIPSet":            ipSets,
	"wafv2:ListIPSets":          nil,
	"wafv2:ListTagsForResource": ipSets,
	"wafv2:UpdateIPSet":         ipSets,
}

var ipSets = []string{"arn:P:wafv2:*:A:*/ipset/*/*"}
