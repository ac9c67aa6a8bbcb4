package iam

var logsFacts = map[string][]string{
	"logs:CreateLogDelivery":        nil,
	"logs:DeleteLogDelivery":        nil,
	"logs:DescribeResourcePolicies": nil,
	"logs:GetLogDelivery":           nil,
	"logs:ListLogDeliveries":        nil,
	"logs:PutResourcePolicy":        nil,
	"logs:UpdateLogDelivery":        nil,
	"logs:CreateLogStream":          {"arn:P:logs:*:A:log-group:*"},
	"logs:DescribeLogGroups":        {"arn:P:logs:*:A:log-group:*"},
	"logs:ListTagsForResource":      {"arn:P:logs:*:A:log-group:*"},
	"logs:PutRetentionPolicy":       {"arn:P:logs:*:A:log-group:*"},
	"logs:FilterLogEvents":          {"arn:P:logs:*:A:log-group:*"},
	"logs:PutLogEvents":             {"arn:P:logs:*:A:log-group:*:log-stream:*"},
}
