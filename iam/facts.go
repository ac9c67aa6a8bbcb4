package iam

import (
	"maps"
	"slices"
	"strings"
)

// facts says on which resources an action can be allowed: the resource types of the Service Authorization Reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html)
// as ARNs, with P for the partition and A for the account. An action with nil can only be allowed on "*". Each service has its
// file: facts_ec2.go.
var facts = merged(
	accessanalyzerFacts,
	accountFacts,
	apigatewayFacts,
	autoscalingFacts,
	cloudfrontFacts,
	cloudtrailFacts,
	cloudwatchFacts,
	codebuildFacts,
	configFacts,
	dynamodbFacts,
	ec2Facts,
	ecrFacts,
	ecsFacts,
	eksFacts,
	elasticacheFacts,
	elasticloadbalancingFacts,
	esFacts,
	eventsFacts,
	firehoseFacts,
	guarddutyFacts,
	iamFacts,
	inspector2Facts,
	kinesisFacts,
	kmsFacts,
	lambdaFacts,
	logsFacts,
	macie2Facts,
	organizationsFacts,
	rdsFacts,
	route53resolverFacts,
	redshiftFacts,
	s3Facts,
	secretsmanagerFacts,
	securityhubFacts,
	snsFacts,
	sqsFacts,
	ssmFacts,
	statesFacts,
	stsFacts,
	wafv2Facts,
)

func merged(services ...map[string][]string) map[string][]string {
	all := map[string][]string{}
	for _, service := range services {
		maps.Copy(all, service)
	}
	return all
}

// Known reports whether it is known here on which resources an IAM action can be allowed. What is not known can only be
// granted on "*".
func Known(action string) bool {
	_, known := facts[action]
	return known
}

// onEverything reports whether it is known that an action can only be allowed on all resources.
func onEverything(action string) bool {
	resources, known := facts[action]
	return known && len(resources) == 0
}

// resolved writes resources of the facts as ARNs of one account.
func resolved(resources []string, partition, account string) []string {
	out := slices.Clone(resources)
	for i, arn := range out {
		out[i] = strings.Replace(strings.Replace(arn, ":P:", ":"+partition+":", 1), ":A:", ":"+account+":", 1)
	}
	return out
}

// anybodys reports whether resources are S3's, whose ARNs do not say whose they are: another account could let riposte in by a
// bucket's policy. aws:ResourceAccount keeps it out. A bucket that does not exist has none, and stays one that is not found.
func anybodys(resources []string) bool {
	return slices.ContainsFunc(resources, func(arn string) bool { return strings.HasPrefix(arn, "arn:P:s3:::") })
}

// with returns conditions and one more.
func with(c Conditions, operator, key, value string) Conditions {
	out := Conditions{}
	for op, keys := range c {
		out[op] = maps.Clone(keys)
	}
	if out[operator] == nil {
		out[operator] = map[string][]string{}
	}
	out[operator][key] = []string{value}
	return out
}

// reads reports whether an action changes nothing, by its verb.
func reads(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return slices.ContainsFunc([]string{"Describe", "Get", "GET", "List", "Lookup", "Simulate", "BatchGet"}, func(verb string) bool { return strings.HasPrefix(name, verb) })
}
