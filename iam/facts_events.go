package iam

var eventsFacts = map[string][]string{
	"events:DescribeRule":        {"arn:P:events:*:A:rule/*"},
	"events:ListApiDestinations": nil,
	"events:ListRules":           nil,
	"events:ListTargetsByRule":   {"arn:P:events:*:A:rule/*"},
	"events:PutEvents":           {"arn:P:events:*:A:event-bus/*"},
}
