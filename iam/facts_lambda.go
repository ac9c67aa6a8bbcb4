package iam

var lambdaFacts = map[string][]string{
	"lambda:AddPermission":             functions,
	"lambda:DeleteFunctionConcurrency": functions,
	"lambda:GetFunctionConcurrency":    functions,
	"lambda:GetFunctionConfiguration":  functions,
	"lambda:GetPolicy":                 functions,
	"lambda:InvokeFunction":            functions,
	"lambda:ListTags":                  functions,
	"lambda:PutFunctionConcurrency":    functions,
	"lambda:RemovePermission":          functions,
}

var functions = []string{"arn:P:lambda:*:A:function:*"}
