package iam

var organizationsFacts = map[string][]string{
	"organizations:ListAccounts":        nil,
	"organizations:ListTagsForResource": {"arn:P:organizations::*:account/o-*/*"},
}
