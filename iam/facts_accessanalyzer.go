package iam

var accessanalyzerFacts = map[string][]string{
	"access-analyzer:CreateAnalyzer": analyzers,
	"access-analyzer:DeleteAnalyzer": analyzers,
	"access-analyzer:ListAnalyzers":  nil,
}

var analyzers = []string{"arn:P:access-analyzer:*:A:analyzer/*"}
