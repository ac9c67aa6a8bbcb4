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
	autoscalingFacts,
	cloudtrailFacts,
	ec2Facts,
	ecrFacts,
	ecsFacts,
	elasticloadbalancingFacts,
	eventsFacts,
	firehoseFacts,
	guarddutyFacts,
	iamFacts,
	kinesisFacts,
	lambdaFacts,
	logsFacts,
	macie2Facts,
	organizationsFacts,
	rdsFacts,
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

// besides says on which further resources an action is needed where another one is allowed too: who isolates instances tags
// them, their snapshots, and the group that isolates.
var besides = map[string]struct {
	other     string
	resources []string
}{
	"ec2:CreateTags": {"ec2:CreateSnapshots", []string{"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*::snapshot/*"}},
}

// onEverything reports whether it is known that an action can only be allowed on all resources.
func onEverything(action string) bool {
	resources, known := facts[action]
	return known && len(resources) == 0
}

// resourcesOf returns all resources of one account on which an action can be allowed beside others, nil for "*" and for an
// action that is not known here.
func resourcesOf(action, partition, account string, others ...string) []string {
	out := slices.Clone(facts[action])
	if more := besides[action]; slices.Contains(others, more.other) {
		out = append(out, more.resources...)
	}
	for i, arn := range out {
		out[i] = strings.Replace(strings.Replace(arn, ":P:", ":"+partition+":", 1), ":A:", ":"+account+":", 1)
	}
	return out
}

// reads reports whether an action changes nothing, by its verb.
func reads(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return slices.ContainsFunc([]string{"Describe", "Get", "List", "Lookup", "Simulate"}, func(verb string) bool { return strings.HasPrefix(name, verb) })
}
