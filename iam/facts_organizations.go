package iam

var organizationsFacts = map[string][]string{
	"organizations:AttachPolicy":          {"arn:P:organizations::A:policy/o-*/service_control_policy/*", "arn:P:organizations::A:account/o-*/*"},
	"organizations:CreatePolicy":          nil,
	"organizations:DescribeAccount":       {"arn:P:organizations::A:account/o-*/*"},
	"organizations:DescribePolicy":        {"arn:P:organizations::A:policy/o-*/service_control_policy/*"},
	"organizations:DetachPolicy":          {"arn:P:organizations::A:policy/o-*/service_control_policy/*", "arn:P:organizations::A:account/o-*/*"},
	"organizations:ListAccounts":          nil,
	"organizations:ListPolicies":          nil,
	"organizations:ListPoliciesForTarget": {"arn:P:organizations::A:account/o-*/*"},
	"organizations:ListTagsForResource":   {"arn:P:organizations::*:account/o-*/*"},
}
