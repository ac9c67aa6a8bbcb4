package iam

var elasticloadbalancingFacts = map[string][]string{
	"elasticloadbalancing:DeregisterTargets":              targetGroups,
	"elasticloadbalancing:DescribeTargetGroups":           nil,
	"elasticloadbalancing:DescribeTargetHealth":           nil,
	"elasticloadbalancing:RegisterTargets":                targetGroups,
	"elasticloadbalancing:DescribeLoadBalancerAttributes": nil,
	"elasticloadbalancing:DescribeLoadBalancers":          nil,
	"elasticloadbalancing:DescribeTags":                   nil,
	"elasticloadbalancing:DescribeListeners":              nil,
	"elasticloadbalancing:DescribeRules":                  nil,
	"elasticloadbalancing:ModifyListener": {"arn:P:elasticloadbalancing:*:A:listener/app/*/*/*", "arn:P:elasticloadbalancing:*:A:listener/net/*/*/*",
		"arn:P:elasticloadbalancing:*:A:listener/gwy/*/*/*"},
	"elasticloadbalancing:ModifyLoadBalancerAttributes": {"arn:P:elasticloadbalancing:*:A:loadbalancer/app/*/*", "arn:P:elasticloadbalancing:*:A:loadbalancer/net/*/*",
		"arn:P:elasticloadbalancing:*:A:loadbalancer/gwy/*/*"},

	// What AssociateWebACL, DisassociateWebACL and GetWebACLForResource of WAF need.
	"elasticloadbalancing:CreateWebACLAssociation": appBalancers,
	"elasticloadbalancing:DeleteWebACLAssociation": appBalancers,
	"elasticloadbalancing:GetLoadBalancerWebACL":   appBalancers,
	"elasticloadbalancing:SetWebAcl":               appBalancers,
}

var appBalancers = []string{"arn:P:elasticloadbalancing:*:A:loadbalancer/app/*/*"}

var targetGroups = []string{"arn:P:elasticloadbalancing:*:A:targetgroup/*/*"}
