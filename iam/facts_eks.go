package iam

var eksFacts = map[string][]string{
	"eks:DescribeCluster": {"arn:P:eks:*:A:cluster/*"},
}
