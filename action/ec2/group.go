package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// direction of a rule, as EC2's operations spell it.
type direction string

const (
	ingress direction = "Ingress"
	egress  direction = "Egress"
)

// groups reads security groups.
type groups struct {
	caller   *awscall.Caller
	pageSize int32 // of the rules; AWS takes 5 to 1000
}

func newGroups(caller *awscall.Caller) groups { return groups{caller, 1000} }

func (a groups) client(ctx context.Context, account, region string) (*ec2.Client, error) {
	cfg, err := a.caller.Config(ctx, account, region)
	if err != nil {
		return nil, err
	}
	return ec2.NewFromConfig(cfg), nil
}

// read reads the group and its rules of one direction at the same time.
func (a groups) read(ctx context.Context, account, region, id string, d direction) (types.SecurityGroup, []rule, error) {
	var group types.SecurityGroup
	var rules []rule
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		group, err = a.group(bothCtx, account, region, id)
		return err
	})
	both.Go(func() (err error) {
		rules, err = a.rules(bothCtx, account, region, id, d)
		return err
	})
	return group, rules, both.Wait()
}

// group reads the group itself.
func (a groups) group(ctx context.Context, account, region, id string) (types.SecurityGroup, error) {
	client, err := a.client(ctx, account, region)
	if err != nil {
		return types.SecurityGroup{}, err
	}
	out, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	err = awscall.Fault(err, "ec2:DescribeSecurityGroups", "read the security group %s", id)
	if fault.CodeOf(err) == fault.NotFound || err == nil && len(out.SecurityGroups) == 0 {
		gone := fault.New(fault.NotFound, "account %s has no security group %s in %s", account, id, region).
			WithHint("it was deleted, or it is in another account or region")
		gone.Err = err
		return types.SecurityGroup{}, gone
	}
	if err != nil {
		return types.SecurityGroup{}, err
	}
	return out.SecurityGroups[0], nil
}

// rules reads the group's rules of one direction, page by page, sorted by id. A group that does not exist has none.
func (a groups) rules(ctx context.Context, account, region, id string, d direction) ([]rule, error) {
	client, err := a.client(ctx, account, region)
	if err != nil {
		return nil, err
	}
	var rules []rule
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(client, &ec2.DescribeSecurityGroupRulesInput{
		Filters:    []types.Filter{{Name: aws.String("group-id"), Values: []string{id}}},
		MaxResults: aws.Int32(a.pageSize),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "ec2:DescribeSecurityGroupRules", "read the rules of %s", id)
		}
		for _, r := range page.SecurityGroupRules {
			if aws.ToBool(r.IsEgress) == (d == egress) {
				rules = append(rules, newRule(r))
			}
		}
	}
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.ID, b.ID) })
	return rules, nil
}

// apply makes the item's calls, which add or take away rules of its group.
func (a groups) apply(ctx context.Context, name string, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		needs := "ec2:" + call.Operation
		switch call.Operation {
		case authorizeVerb + string(ingress):
			needs, err = needs+" and ec2:CreateTags", awscall.Send(ctx, call, client.AuthorizeSecurityGroupIngress)
		case authorizeVerb + string(egress):
			needs, err = needs+" and ec2:CreateTags", awscall.Send(ctx, call, client.AuthorizeSecurityGroupEgress)
		case revokeVerb + string(ingress):
			err = awscall.Send(ctx, call, client.RevokeSecurityGroupIngress)
		case revokeVerb + string(egress):
			err = awscall.Send(ctx, call, client.RevokeSecurityGroupEgress)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", name, call.Service, call.Operation)
		}
		return awscall.Fault(err, needs, "%s of %s", call.Operation, item.Resource.Name)
	})
}

func resource(g types.SecurityGroup, account, region string) action.Resource {
	arn := aws.ToString(g.SecurityGroupArn)
	if arn == "" {
		arn = fmt.Sprintf("arn:%s:ec2:%s:%s:security-group/%s", awscall.Partition(region), region, account, aws.ToString(g.GroupId))
	}
	return action.Resource{
		Type: "AWS::EC2::SecurityGroup", ARN: arn, Name: aws.ToString(g.GroupId) + " (" + aws.ToString(g.GroupName) + ")",
		Account: account, Region: region, Tags: tags(g.Tags),
	}
}

// groupID returns the id at the end of the group's ARN.
func groupID(r action.Resource) string { return r.ARN[strings.LastIndexByte(r.ARN, '/')+1:] }

func newCall(operation, account, region string, input any) (action.Call, error) {
	raw, err := json.Marshal(input)
	if err != nil {
		return action.Call{}, fault.New(fault.Internal, "encode the input of %s: %w", operation, err)
	}
	return action.Call{Service: "ec2", Operation: operation, Account: account, Region: region, Input: raw}, nil
}
