package iam

var stsFacts = map[string][]string{
	"sts:AssumeRole": {"arn:P:iam::*:role/*"},
}
