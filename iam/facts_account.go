package iam

var accountFacts = map[string][]string{
	"account:GetAlternateContact": {"arn:P:account::A:account"},
}
