package iam

var inspector2Facts = map[string][]string{
	"inspector2:BatchGetAccountStatus": nil,
	"inspector2:Disable":               nil,
	"inspector2:Enable":                nil,
	"inspector2:ListCoverage":          nil,
}
