package iam

var secretsmanagerFacts = map[string][]string{
	"secretsmanager:CancelRotateSecret":   storedSecrets,
	"secretsmanager:DeleteResourcePolicy": storedSecrets,
	"secretsmanager:DescribeSecret":       storedSecrets,
	"secretsmanager:GetResourcePolicy":    storedSecrets,
	"secretsmanager:PutResourcePolicy":    storedSecrets,
	"secretsmanager:RotateSecret":         storedSecrets,
}

var storedSecrets = []string{"arn:P:secretsmanager:*:A:secret:*"}
