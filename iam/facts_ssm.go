package iam

var ssmFacts = map[string][]string{
	"ssm:SendCommand":              {"arn:P:ssm:*:A:document/*", "arn:P:ssm:*::document/*", "arn:P:ec2:*:A:instance/*", "arn:P:ssm:*:A:managed-instance/*"},
	"ssm:StartAutomationExecution": {"arn:P:ssm:*:A:automation-definition/*", "arn:P:ssm:*::automation-definition/*"},
}
