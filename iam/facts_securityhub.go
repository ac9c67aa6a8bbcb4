package iam

var securityhubFacts = map[string][]string{
	"securityhub:DescribeHub":        hubs,
	"securityhub:DisableSecurityHub": hubs,
	"securityhub:EnableSecurityHub":  hubs,
}

var hubs = []string{"arn:P:securityhub:*:A:hub/default"}
