package iam

var esFacts = map[string][]string{
	"es:DescribeDomain":             domains,
	"es:DescribeDomainConfig":       domains,
	"es:ListTags":                   domains,
	"es:StartServiceSoftwareUpdate": domains,
	"es:UpdateDomainConfig":         domains,
}

var domains = []string{"arn:P:es:*:A:domain/*"}
