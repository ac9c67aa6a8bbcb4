package iam

var ecsFacts = map[string][]string{
	"ecs:RunTask": {"arn:P:ecs:*:A:task-definition/*"},
}
