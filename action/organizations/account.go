package organizations

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// findAccount finds an account of the organisation whose management account the request names.
func findAccount(ctx context.Context, cfg aws.Config, req action.Request, id string) (action.Resource, error) {
	client := organizations.NewFromConfig(cfg)
	out, err := client.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &id})
	if err != nil {
		return action.Resource{}, awscall.Missing(awscall.Fault(err, "organizations:DescribeAccount", "look at the account %s", id),
			"there is no account "+id+" in the organisation", "it has left, or the id is misspelt")
	}
	r := action.Resource{
		Type: "AWS::Organizations::Account", ARN: aws.ToString(out.Account.Arn), Name: id, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags := organizations.NewListTagsForResourcePaginator(client, &organizations.ListTagsForResourceInput{ResourceId: &id})
	for tags.HasMorePages() {
		page, err := tags.NextPage(ctx)
		if err != nil {
			return r, awscall.Fault(err, "organizations:ListTagsForResource", "read the tags of the account %s", id)
		}
		for _, t := range page.Tags {
			r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return r, nil
}

// target is the id of the account that a resource is.
func target(r action.Resource) string { return r.ARN[strings.LastIndexByte(r.ARN, '/')+1:] }

// mayQuarantine refuses what would lock riposte out: of the account, and of its own.
func mayQuarantine(ctx context.Context, caller *awscall.Caller, home Home, req action.Request, p accountParams) error {
	if p.Account == req.Account {
		return nil // the management account is left anyhow
	}
	if home != nil && !p.Own {
		own, err := home(ctx)
		if err != nil {
			return err
		}
		if own == p.Account {
			return fault.New(fault.Invalid, "riposte itself is in the account %s, and could take nothing back", own).
				WithHint(`give "own_account": true where all that riposte uses there is spared`)
		}
	}
	cfg, err := caller.Config(ctx, p.Account, req.Region)
	if err != nil {
		return err
	}
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return awscall.Fault(err, "sts:GetCallerIdentity", "ask as whom riposte acts in account %s", p.Account)
	}
	parts := strings.Split(aws.ToString(me.Arn), "/") // assumed-role/name/session, or user/path/name
	name := parts[len(parts)-1]
	if strings.Contains(parts[0], ":assumed-role") && len(parts) > 1 {
		name = parts[1]
	}
	if !p.spares(name) {
		return fault.New(fault.Invalid, "spare doesn't name %s, as which riposte acts in account %s", name, p.Account).
			WithHint("add its ARN, or riposte can do nothing there any more")
	}
	return nil
}

func read(ctx context.Context, cfg aws.Config, r action.Resource) (quarantine, error) {
	client, id := organizations.NewFromConfig(cfg), target(r)
	var now quarantine
	policy, err := findPolicy(ctx, client)
	if err != nil || policy == "" {
		return now, err
	}
	now.policy = policy
	out, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &policy})
	if err != nil {
		return now, awscall.Fault(err, "organizations:DescribePolicy", "read the policy %s", PolicyName)
	}
	now.content = aws.ToString(out.Policy.Content)
	on := organizations.NewListPoliciesForTargetPaginator(client, &organizations.ListPoliciesForTargetInput{
		TargetId: &id, Filter: types.PolicyTypeServiceControlPolicy,
	})
	for on.HasMorePages() {
		page, err := on.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "organizations:ListPoliciesForTarget", "see which policies are on the account %s", id)
		}
		for _, p := range page.Policies {
			now.Attached = now.Attached || aws.ToString(p.Id) == policy
		}
	}
	return now, nil
}

// findPolicy returns the id of the policy by its name; "" where there is none.
func findPolicy(ctx context.Context, client *organizations.Client) (string, error) {
	pages := organizations.NewListPoliciesPaginator(client, &organizations.ListPoliciesInput{Filter: types.PolicyTypeServiceControlPolicy})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", awscall.Fault(err, "organizations:ListPolicies", "look for the policy %s", PolicyName)
		}
		for _, p := range page.Policies {
			if aws.ToString(p.Name) == PolicyName {
				return aws.ToString(p.Id), nil
			}
		}
	}
	return "", nil
}

// named makes a call with the id of the policy that the plan names.
func named(make func(ctx context.Context, c *organizations.Client, policy, target *string) error) setting.Operation {
	return func(ctx context.Context, cfg aws.Config, call action.Call) error {
		in, err := awscall.Input[organizations.AttachPolicyInput](call) // DetachPolicyInput has the same members
		if err != nil {
			return err
		}
		client := organizations.NewFromConfig(cfg)
		id, err := findPolicy(ctx, client)
		if err == nil && id == "" {
			err = fault.New(fault.Unavailable, "AWS doesn't show the policy %s", PolicyName).WithHint("it may show it a moment later; else somebody deleted it")
		}
		if err != nil {
			return err
		}
		return make(ctx, client, &id, in.TargetId)
	}
}
