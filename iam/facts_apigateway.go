package iam

var apigatewayFacts = map[string][]string{
	"apigateway:DELETE":    {"arn:P:apigateway:*::/apis/*/stages/*/accesslogsettings"},
	"apigateway:GET":       {"arn:P:apigateway:*::/account", "arn:P:apigateway:*::/restapis/*/stages/*", "arn:P:apigateway:*::/apis/*"},
	"apigateway:PATCH":     {"arn:P:apigateway:*::/restapis/*/stages/*", "arn:P:apigateway:*::/apis/*/stages/*"},
	"apigateway:SetWebACL": {"arn:P:apigateway:*::/restapis/*/stages/*"},
}
