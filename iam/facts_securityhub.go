package iam

var securityhubFacts = map[string][]string{
	"securityhub:BatchImportFindings": {"arn:P:securityhub:*:A:product/*"},
	"securityhub:DescribeHub":         hubs,
	"securityhub:DisableSecurityHub":  hubs,
	"securityhub:EnableSecurityHub":   hubs,
	"securityhub:GetFindings":         hubs,
}

var hubs = []string{"arn:P:securityhub:*:A:hub/default"}
