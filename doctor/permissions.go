package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

// permissions asks IAM whether riposte's role may do what the enabled rules need. Service control policies and the
// policies of resources are only partly in the answer
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
func (d *doctor) permissions(ctx context.Context) []Result {
	const allow = "riposte iam policy reader"
	if d.NeedsUnknown != nil {
		return one(Result{Status: Unknown, Summary: "It is not known which permissions are needed.", Detail: fault.Message(d.NeedsUnknown), Next: "aws sts get-caller-identity"})
	}
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
		answers, err := ask(ctx, client, principal, s, cfg.Region)
		if err != nil {
			return one(Result{
				Status: Unknown, Summary: "IAM did not tell what riposte may do.", Detail: fault.Message(err), Next: allow,
			})
		}
		asked += len(s.Action)
		for _, a := range answers {
			if !a.allowed {
				missing[a.action] = s.Resource
			}
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
