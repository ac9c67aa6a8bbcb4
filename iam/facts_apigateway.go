package iam

// Its actions are HTTP's verbs, and its ARNs name no account.
var apigatewayFacts = map[string][]string{
	"apigateway:GET":       {"arn:P:apigateway:*::/account", "arn:P:apigateway:*::/restapis/*/stages/*"},
	"apigateway:PATCH":     {"arn:P:apigateway:*::/restapis/*/stages/*"},
	"apigateway:SetWebACL": {"arn:P:apigateway:*::/restapis/*/stages/*"},
}
