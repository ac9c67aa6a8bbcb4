package iam

var statesFacts = map[string][]string{
	"states:StartExecution": {"arn:P:states:*:A:stateMachine:*"},
}
