package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

// permissions asks IAM whether riposte's role may do what the enabled rules need. Service control policies and the
// policies of resources are only partly in the answer
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
func (d *doctor) permissions(ctx context.Context) []Result {
	const allow = "riposte iam policy reader"
	if len(d.Needs) == 0 {
		return one(Result{Status: OK, Summary: "Nothing is enabled that needs permissions."})
	}
	principal, cfg, err := d.simulated(ctx)
	if err != nil {
		return one(Result{Status: Unknown, Summary: "It is not known whose permissions to look at.", Detail: fault.Message(err), Next: fault.Hint(err)})
	}
	if strings.HasSuffix(principal, ":root") {
		return one(Result{Status: Unknown, Summary: "IAM does not simulate the root user, which may do everything.", Next: "riposte iam policy trust"})
	}
	client := awsiam.NewFromConfig(cfg)
	missing := map[string][]string{}
	asked := 0
	for _, s := range iam.Merge(d.Needs).Statement {
		denied, err := simulate(ctx, client, principal, s, cfg.Region)
		if err != nil {
			return one(Result{
				Status: Unknown, Summary: "IAM did not tell what riposte may do.", Detail: fault.Message(err), Next: allow,
			})
		}
		asked += len(s.Action)
		for _, action := range denied {
			missing[action] = s.Resource
		}
	}
	var n notes
	for _, action := range slices.Sorted(maps.Keys(missing)) {
		n.add(Fail, "riposte iam policy responder", "%s is not allowed %s on %s.", principal, action, strings.Join(missing[action], ", "))
	}
	return one(n.result(fmt.Sprintf("riposte may do all %d things that are needed.", asked), fmt.Sprintf("%d of %d permissions are missing.", len(missing), asked)))
}

// simulated returns the ARN of the role or user, and how to ask about it.
func (d *doctor) simulated(ctx context.Context) (string, aws.Config, error) {
	cfg, err := d.AWS(ctx, "", "")
	if err != nil || d.Principal != "" {
		return d.Principal, cfg, err
	}
	arn, _, err := d.whoAmI(ctx)
	if head, session, assumed := strings.Cut(arn, ":assumed-role/"); assumed {
		role, _, _ := strings.Cut(session, "/")
		arn = strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
	}
	return arn, cfg, err
}

// simulate returns the actions of a statement that are not allowed on all of its resources.
func simulate(ctx context.Context, client *awsiam.Client, principal string, s iam.Statement, region string) ([]string, error) {
	in := &awsiam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(principal), ActionNames: s.Action}
	for _, arn := range s.Resource {
		in.ResourceArns = append(in.ResourceArns, concrete(arn, region))
	}
	for _, keys := range s.Condition {
		for key, values := range keys {
			in.ContextEntries = append(in.ContextEntries, types.ContextEntry{
				ContextKeyName: aws.String(key), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: values,
			})
		}
	}
	denied := map[string]bool{}
	for pages := awsiam.NewSimulatePrincipalPolicyPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "iam:SimulatePrincipalPolicy", "ask IAM what %s may do", principal)
		}
		for _, r := range page.EvaluationResults {
			if r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
				denied[aws.ToString(r.EvalActionName)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(denied)), nil
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
