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

// Plan looks at the group and plans one call that revokes the offending rules by id. The group's owner is looked up only
// where there is something to tell.
func (a *RevokeIngress) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	t, err := parseTarget(req)
	if err != nil {
		return nil, err
	}
	group, rules, err := a.read(ctx, req.Account, t.region, t.group)
	if err != nil {
		return nil, err
	}
	bad := offending(rules, t.ports, t.networks)
	stay := without(rules, bad)
	item := action.Item{Resource: resource(group, req.Account, t.region)}
	item.ID = item.Resource.ARN
	if item.Before, err = (state{rules}).json(); err != nil {
		return nil, err
	}
	if item.After, err = (state{stay}).json(); err != nil {
		return nil, err
	}
	if len(bad) == 0 {
		item.Status, item.Reason = action.Unneeded, "No rule is to be revoked: "+lowerFirst(t.what("not open"))+"."+leftAlone(rules, t)
	} else {
		item.Status, item.Reason = action.Change, fmt.Sprintf("%s by %s.%s", t.what("open"), list(names(bad), "and"), leftAlone(rules, t))
		ids := make([]string, 0, len(bad))
		for _, r := range bad {
			ids = append(ids, r.ID)
		}
		input := struct {
			GroupId              string
			SecurityGroupRuleIds []string
		}{t.group, ids}
		call, err := newCall("RevokeSecurityGroupIngress", req.Account, t.region, input)
		if err != nil {
			return nil, err
		}
		item.Calls = []action.Call{call}
		item.Resource.Owner = a.owner(ctx, group, req.Account, t.region)
	}
	return &action.Plan{Action: spec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// leftAlone says which rules open the ports to sources whose addresses are kept elsewhere.
func leftAlone(rules []rule, t target) string {
	var left []rule
	for _, r := range rules {
		if r.CIDR == "" && slices.ContainsFunc(t.ports, r.opens) {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf(" Left as they are, since only addresses are judged: %s.", list(names(left), "and"))
}

// read reads the group and its ingress rules at the same time.
func (a *RevokeIngress) read(ctx context.Context, account, region, id string) (types.SecurityGroup, []rule, error) {
	var group types.SecurityGroup
	var rules []rule
	both, bothCtx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		group, err = a.group(bothCtx, account, region, id)
		return err
	})
	both.Go(func() (err error) {
		rules, err = a.rules(bothCtx, account, region, id)
		return err
	})
	return group, rules, both.Wait()
}

// group reads the group itself.
func (a *RevokeIngress) group(ctx context.Context, account, region, id string) (types.SecurityGroup, error) {
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

// rules reads the group's ingress rules, page by page, sorted by id. A group that does not exist has none.
func (a *RevokeIngress) rules(ctx context.Context, account, region, id string) ([]rule, error) {
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
			if !aws.ToBool(r.IsEgress) {
				rules = append(rules, newRule(r))
			}
		}
	}
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.ID, b.ID) })
	return rules, nil
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

func names(rules []rule) []string {
	out := make([]string, 0, len(rules))
	for _, r := range rules {
		out = append(out, r.String())
	}
	return out
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
