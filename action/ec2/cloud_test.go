package ec2_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
)

const (
	account = actiontest.Account
	region  = actiontest.Region
)

// cloud is a sandbox with one security group, web, in a VPC of its own.
type cloud struct {
	*actiontest.Cloud
	client     *sdk.Client
	vpc, group string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(account, region))
	vpc, err := c.client.CreateVpc(t.Context(), &sdk.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	c.Must(err)
	c.vpc = aws.ToString(vpc.Vpc.VpcId)
	group, err := c.client.CreateSecurityGroup(t.Context(), &sdk.CreateSecurityGroupInput{
		GroupName: aws.String("web"), Description: aws.String("web servers"), VpcId: aws.String(c.vpc),
	})
	c.Must(err)
	c.group = aws.ToString(group.GroupId)
	return c
}

// tcp is a permission for TCP from a network.
func tcp(from, to int32, cidr, description string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(from), ToPort: aws.Int32(to)}
	if strings.Contains(cidr, ":") {
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(cidr), Description: optional(description)}}
	} else {
		p.IpRanges = []types.IpRange{{CidrIp: aws.String(cidr), Description: optional(description)}}
	}
	return p
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// allow adds a rule with tags, given as keys and values, and returns its id.
func (c cloud) allow(p types.IpPermission, tags ...string) string {
	c.T.Helper()
	in := &sdk.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(c.group), IpPermissions: []types.IpPermission{p}}
	if len(tags) > 0 {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: tagList(tags)}}
	}
	out, err := c.client.AuthorizeSecurityGroupIngress(c.T.Context(), in)
	c.Must(err)
	return aws.ToString(out.SecurityGroupRules[0].SecurityGroupRuleId)
}

// letOut adds a rule for outgoing traffic.
func (c cloud) letOut(p types.IpPermission, tags ...string) {
	c.T.Helper()
	in := &sdk.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(c.group), IpPermissions: []types.IpPermission{p}}
	if len(tags) > 0 {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: tagList(tags)}}
	}
	_, err := c.client.AuthorizeSecurityGroupEgress(c.T.Context(), in)
	c.Must(err)
}

func tagList(pairs []string) []types.Tag {
	var out []types.Tag
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, types.Tag{Key: aws.String(pair[0]), Value: aws.String(pair[1])})
	}
	return out
}

func (c cloud) tag(resource string, pairs ...string) {
	c.T.Helper()
	_, err := c.client.CreateTags(c.T.Context(), &sdk.CreateTagsInput{Resources: []string{resource}, Tags: tagList(pairs)})
	c.Must(err)
}

func (c cloud) revoke(ids ...string) {
	c.T.Helper()
	_, err := c.client.RevokeSecurityGroupIngress(c.T.Context(), &sdk.RevokeSecurityGroupIngressInput{
		GroupId: aws.String(c.group), SecurityGroupRuleIds: ids,
	})
	c.Must(err)
}

func (c cloud) deleteGroup() {
	c.T.Helper()
	_, err := c.client.DeleteSecurityGroup(c.T.Context(), &sdk.DeleteSecurityGroupInput{GroupId: aws.String(c.group)})
	c.Must(err)
}

// tagRules tags all rules of the group.
func (c cloud) tagRules(pairs ...string) {
	c.T.Helper()
	out, err := c.client.DescribeSecurityGroupRules(c.T.Context(), &sdk.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{c.group}}},
	})
	c.Must(err)
	for _, r := range out.SecurityGroupRules {
		c.tag(*r.SecurityGroupRuleId, pairs...)
	}
}

// rules returns the group's ingress rules as text, a line each, without their ids.
func (c cloud) rules() string { return c.rulesOf(false) }

// rulesOf returns the rules of one direction in the same way.
func (c cloud) rulesOf(egress bool) string {
	c.T.Helper()
	out, err := c.client.DescribeSecurityGroupRules(c.T.Context(), &sdk.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{c.group}}},
	})
	c.Must(err)
	var lines []string
	for _, r := range out.SecurityGroupRules {
		if aws.ToBool(r.IsEgress) != egress {
			continue
		}
		var tags []string
		for _, t := range r.Tags {
			tags = append(tags, aws.ToString(t.Key)+"="+aws.ToString(t.Value))
		}
		slices.Sort(tags)
		source := aws.ToString(r.CidrIpv4) + aws.ToString(r.CidrIpv6) + aws.ToString(r.PrefixListId)
		if r.ReferencedGroupInfo != nil {
			source += aws.ToString(r.ReferencedGroupInfo.GroupId)
		}
		lines = append(lines, fmt.Sprintf("%s %d-%d %s %q %v", aws.ToString(r.IpProtocol), aws.ToInt32(r.FromPort), aws.ToInt32(r.ToPort),
			source, aws.ToString(r.Description), tags))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// params are those for SSH and RDP of a group.
func params(group string) string {
	return fmt.Sprintf(`{"group":%q,"ports":[22,3389]}`, group)
}

func (c cloud) request() action.Request { return actiontest.Request(params(c.group)) }

// action returns the action with all that it declares.
func (c cloud) action(opts ec2.Options) *ec2.Revoke {
	return ec2.NewRevokeIngress(c.Caller(ec2.NewRevokeIngress(nil, opts).Spec().Permissions), opts)
}

// item plans and returns the one item.
func (c cloud) item(a action.Action) action.Item {
	c.T.Helper()
	return c.Item(a, c.request())
}
