package iam

var lambdaFacts = map[string][]string{
	"lambda:AddPermission":               functions,
	"lambda:DeleteFunctionConcurrency":   functions,
	"lambda:GetAlias":                    functions,
	"lambda:GetFunctionConcurrency":      functions,
	"lambda:GetFunctionConfiguration":    functions,
	"lambda:GetLayerVersion":             {"arn:P:lambda:*:*:layer:*:*"}, // of whatever account offers it
	"lambda:GetPolicy":                   functions,
	"lambda:InvokeFunction":              functions,
	"lambda:ListTags":                    functions,
	"lambda:PublishVersion":              functions,
	"lambda:PutFunctionConcurrency":      functions,
	"lambda:RemovePermission":            functions,
	"lambda:UpdateAlias":                 functions,
	"lambda:UpdateFunctionCode":          functions,
	"lambda:UpdateFunctionConfiguration": functions,
}

var functions = []string{"arn:P:lambda:*:A:function:*"}
