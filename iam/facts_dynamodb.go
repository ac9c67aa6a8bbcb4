package iam

var dynamodbFacts = map[string][]string{
	"dynamodb:DescribeContinuousBackups": tables,
	"dynamodb:DescribeTable":             tables,
	"dynamodb:ListTagsOfResource":        tables,
	"dynamodb:UpdateContinuousBackups":   tables,
	"dynamodb:UpdateTable":               tables,
}

var tables = []string{"arn:P:dynamodb:*:A:table/*"}
