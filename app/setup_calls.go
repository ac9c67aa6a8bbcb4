package app

import (
	"slices"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/iam"
	"riposte.dev/playbook"
)

// callNeeds are what the playbooks in force need to make calls of their own, which they make from riposte's own account.
func callNeeds(force *inForce, resources playbook.Resources) ([]iam.Need, error) {
	var needs []iam.Need
	for _, machine := range playbooksInForce(force) {
		for _, state := range machine.All() {
			more, err := needsOf(state, resources)
			if err != nil {
				return nil, err
			}
			needs = append(needs, more...)
		}
	}
	return needs, nil
}

// needsOf are what one state needs. A call as another role needs that role only.
func needsOf(s *asl.State, resources playbook.Resources) ([]iam.Need, error) {
	const why = "calls of playbooks"
	var needs []iam.Need
	reads, writes := s.Storage()
	if reads != "" {
		needs = append(needs, iam.Need{Actions: []string{"s3:GetObject", "s3:ListBucket"}, Why: why})
	}
	if writes != "" {
		needs = append(needs, iam.Need{Actions: []string{"s3:PutObject"}, Why: why})
	}
	if s.Type != asl.Task || strings.HasPrefix(s.Resource, "riposte:") {
		return needs, nil
	}
	r, err := resources.Resource(s.Resource)
	if err != nil {
		return nil, err
	}
	if s.Credentials != nil {
		need := iam.Need{Actions: []string{"sts:AssumeRole"}, Why: why}
		if role := textAt(s.Credentials, "RoleArn"); role != "" {
			need.Resources = []string{role}
		}
		return append(needs, need), nil
	}
	permissions := r.Spec().Permissions
	if len(permissions) == 0 {
		return needs, nil
	}
	first := iam.Need{Actions: permissions[:1], Resources: named(s), Why: why}
	if rest := permissions[1:]; len(rest) > 0 {
		needs = append(needs, iam.Need{Actions: rest, Why: why})
	}
	return append(needs, first), nil
}

// named are the ARNs of what a state calls, where it says so by itself; nil where only its input does.
func named(s *asl.State) []string {
	if strings.Contains(s.Resource, ":lambda:") && strings.Contains(s.Resource, ":function:") {
		return []string{s.Resource}
	}
	for _, parameter := range []string{"FunctionName", "TopicArn", "StateMachineArn"} {
		if arn := textAt(s.Parameters, parameter); strings.HasPrefix(arn, "arn:") && slices.Contains([]string{"lambda:invoke", "sns:publish", "states:startExecution"}, resourceName(s.Resource)) {
			return []string{arn}
		}
	}
	return nil
}

// resourceName is a resource of Step Functions without its beginning and ending.
func resourceName(resource string) string {
	_, name, _ := strings.Cut(resource, ":states:::")
	name, _, _ = strings.Cut(name, ".")
	return name
}

func textAt(n *conf.Node, field string) string {
	if n == nil {
		return ""
	}
	if v := n.Get(field); v != nil && v.Kind == conf.String {
		return v.Text
	}
	return ""
}
