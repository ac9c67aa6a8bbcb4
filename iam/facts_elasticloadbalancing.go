package iam

var elasticloadbalancingFacts = map[string][]string{
	"elasticloadbalancing:DeregisterTargets":    targetGroups,
	"elasticloadbalancing:DescribeTargetGroups": nil,
	"elasticloadbalancing:DescribeTargetHealth": nil,
	"elasticloadbalancing:RegisterTargets":      targetGroups,
}

var targetGroups = []string{"arn:P:elasticloadbalancing:*:A:targetgroup/*/*"}
