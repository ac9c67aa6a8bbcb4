package iam

var snsFacts = map[string][]string{
	"sns:GetTopicAttributes":  {"arn:P:sns:*:A:*"},
	"sns:ListTagsForResource": {"arn:P:sns:*:A:*"},
	"sns:Publish":             {"arn:P:sns:*:A:*"},
	"sns:SetTopicAttributes":  {"arn:P:sns:*:A:*"},
}
