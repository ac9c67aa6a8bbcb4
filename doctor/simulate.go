package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

// answer is what IAM says of an action on a resource.
type answer struct {
	action, resource string
	allowed          bool
	because          string // why it isn't
}

// ask has IAM simulate the principal doing everything of a statement, under its conditions.
func ask(ctx context.Context, client *awsiam.Client, principal string, s iam.Statement, region string) ([]answer, error) {
	in := &awsiam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(principal), ActionNames: s.Action}
	pattern := map[string]string{}
	for _, arn := range s.Resource {
		example := concrete(arn, region)
		pattern[example] = arn
		in.ResourceArns = append(in.ResourceArns, example)
	}
	for _, keys := range s.Condition {
		for key, values := range keys {
			kind := types.ContextKeyTypeEnumString
			if len(values) > 1 {
				kind = types.ContextKeyTypeEnumStringList
			}
			in.ContextEntries = append(in.ContextEntries, types.ContextEntry{ContextKeyName: aws.String(key), ContextKeyType: kind, ContextKeyValues: values})
		}
	}
	var answers []answer
	for pages := awsiam.NewSimulatePrincipalPolicyPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			err = awscall.Fault(err, "iam:SimulatePrincipalPolicy", "ask IAM what %s may do", principal)
			if fault.CodeOf(err) == fault.Denied {
				return nil, fault.New(fault.Denied, "%s", fault.Message(err)).WithHint("%s", letSimulate(principal))
			}
			return nil, err
		}
		for _, r := range page.EvaluationResults {
			a := answer{action: aws.ToString(r.EvalActionName), resource: aws.ToString(r.EvalResourceName)}
			if arn, ok := pattern[a.resource]; ok {
				a.resource = arn
			}
			a.allowed, a.because = decided(r)
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// letSimulate is what somebody who may change the role or user types, so that it may ask about itself.
func letSimulate(principal string) string {
	kind, name, _ := strings.Cut(part(principal, 5), "/")
	return fmt.Sprintf(`aws iam put-%[1]s-policy --%[1]s-name %[2]s --policy-name riposte-check --policy-document `+
		`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"%[3]s"}]}'`,
		kind, name[strings.LastIndexByte(name, '/')+1:], principal)
}

// decided reads one result: what stands in the way may be the role's policies, its permissions boundary or the organisation.
func decided(r types.EvaluationResult) (allowed bool, because string) {
	switch {
	case r.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed:
		return true, ""
	case r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations:
		return false, "a service control policy of the organisation does not allow it"
	case r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		return false, "the permissions boundary does not allow it"
	case r.EvalDecision == types.PolicyEvaluationDecisionTypeExplicitDeny:
		return false, "denied by " + strings.Join(policiesOf(r.MatchedStatements), ", ")
	case len(r.MissingContextValues) > 0:
		return false, "allowed by no policy, or only under a condition on " + strings.Join(r.MissingContextValues, ", ")
	}
	return false, "allowed by no policy"
}

func policiesOf(matched []types.Statement) []string {
	var ids []string
	for _, m := range matched {
		ids = append(ids, aws.ToString(m.SourcePolicyId))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// concrete makes an example of a resource pattern: IAM simulates calls on resources, not on patterns.
func concrete(arn, region string) string {
	if arn == "*" {
		return arn
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[3] == "*" {
		parts[3] = region
	}
	if len(parts) == 6 && parts[4] == "*" {
		parts[4] = "111122223333"
	}
	return strings.ReplaceAll(strings.Join(parts, ":"), "*", "example")
}
