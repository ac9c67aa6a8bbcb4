package iam

var secretsmanagerFacts = map[string][]string{
	"secretsmanager:DescribeSecret": storedSecrets,
	"secretsmanager:RotateSecret":   storedSecrets,
}

var storedSecrets = []string{"arn:P:secretsmanager:*:A:secret:*"}
