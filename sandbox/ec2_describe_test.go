package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/sandbox"
)

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

func TestGroupFilters(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	_, err := n.allow(tcp(22, 23, "0.0.0.0/0"))
	n.must(err)
	n.makeGroup("other")
	_, err = n.client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{n.group}, Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String("web")}}})
	n.must(err)
	for _, tc := range []struct {
		name    string
		filters []types.Filter
		want    string // names
	}{
		{"a VPC", []types.Filter{filter("vpc-id", n.vpc)}, "default web other"},
		{"two names", []types.Filter{filter("group-name", "web", "other")}, "web other"},
		{"a wildcard", []types.Filter{filter("group-name", "w?*")}, "web"},
		{"both must match", []types.Filter{filter("group-name", "web", "other"), filter("tag:Team", "web")}, "web"},
		{"a tag's key", []types.Filter{filter("tag-key", "Team")}, "web"},
		{"a network that is let in", []types.Filter{filter("ip-permission.cidr", "0.0.0.0/0")}, "web"},
		{"a port", []types.Filter{filter("ip-permission.to-port", "23")}, "web"},
		{"nothing", []types.Filter{filter("tag:team", "web")}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, err := n.client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: tc.filters})
			n.must(err)
			var got []string
			for _, g := range out.SecurityGroups {
				got = append(got, *g.GroupName)
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("groups are %v, want %s", got, tc.want)
			}
		})
	}
	_, err = n.client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("colour", "red")}})
	wantCode(t, err, "InvalidParameterValue")
	_, err = n.client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-00000000000000000"}})
	wantCode(t, err, "InvalidGroup.NotFound")
}

func TestPages(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	ids, err := n.allow(tcp(1, 1, "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24", "10.0.5.0/24", "10.0.6.0/24"))
	n.must(err)
	var got []string
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(n.client, &ec2.DescribeSecurityGroupRulesInput{
		MaxResults: aws.Int32(5), Filters: []types.Filter{filter("group-id", n.group)},
	})
	count := 0
	for ; pages.HasMorePages(); count++ {
		page, err := pages.NextPage(ctx)
		n.must(err)
		for _, r := range page.SecurityGroupRules {
			if !*r.IsEgress {
				got = append(got, *r.SecurityGroupRuleId)
			}
		}
	}
	if count != 2 || !slices.Equal(got, ids) {
		t.Errorf("%d pages have %v, want 2 with %v", count, got, ids)
	}
	_, err = n.client.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{MaxResults: aws.Int32(4)})
	wantCode(t, err, "InvalidParameterValue")
	_, err = n.client.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{NextToken: aws.String("x")})
	wantCode(t, err, "InvalidParameterValue")
	one, err := n.client.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: ids[2:3]})
	if err != nil || len(one.SecurityGroupRules) != 1 || *one.SecurityGroupRules[0].CidrIpv4 != "10.0.2.0/24" {
		t.Errorf("by id: %+v, %v", one, err)
	}
}

func TestEC2Tags(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	out, err := n.client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &n.group, IpPermissions: []types.IpPermission{tcp(22, 22, "0.0.0.0/0")},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{Key: aws.String("why"), Value: aws.String("test")}}}},
	})
	n.must(err)
	rule := *out.SecurityGroupRules[0].SecurityGroupRuleId
	if tags := out.SecurityGroupRules[0].Tags; len(tags) != 1 || *tags[0].Key != "why" {
		t.Errorf("the rule's tags are %+v", tags)
	}
	tag := func(key, value string, resources ...string) error {
		_, err := n.client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: resources, Tags: []types.Tag{{Key: &key, Value: &value}}})
		return err
	}
	wantCode(t, tag("aws:x", "", n.group), "InvalidParameterValue")
	wantCode(t, tag("a", "b", n.group, "sg-00000000000000000"), "InvalidGroup.NotFound")
	n.must(tag("owner", "me", n.group, rule, n.vpc))
	describe := func(filters ...types.Filter) string {
		out, err := n.client.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: filters})
		n.must(err)
		var got []string
		for _, t := range out.Tags {
			got = append(got, string(t.ResourceType)+" "+*t.Key+"="+*t.Value)
		}
		return strings.Join(got, ", ")
	}
	if got, want := describe(filter("key", "owner")), "vpc owner=me, security-group owner=me, security-group-rule owner=me"; got != want {
		t.Errorf("tags are %s, want %s", got, want)
	}
	remove := func(tags ...types.Tag) {
		t.Helper()
		_, err := n.client.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{rule}, Tags: tags})
		n.must(err)
	}
	remove(types.Tag{Key: aws.String("why"), Value: aws.String("another value")})
	if got, want := describe(filter("resource-id", rule)), "security-group-rule owner=me, security-group-rule why=test"; got != want {
		t.Errorf("tags are %s, want %s", got, want)
	}
	remove(types.Tag{Key: aws.String("why")})
	remove()
	if got := describe(filter("resource-id", rule)); got != "" {
		t.Errorf("tags are %s, want none", got)
	}
}

func TestEC2Permissions(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	other := n.makeGroup("other")
	carol := n.user("carol", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:AuthorizeSecurityGroupIngress","Resource":"arn:aws:ec2:us-east-1:111122223333:security-group/`+n.group+`"}]}`)
	client := ec2.NewFromConfig(n.config(carol, "us-east-1"))
	open := func(group string, tags ...types.TagSpecification) error {
		_, err := client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &group, IpPermissions: []types.IpPermission{tcp(22, 22, "0.0.0.0/0")}, TagSpecifications: tags,
		})
		return err
	}
	wantCode(t, open(other), "UnauthorizedOperation")
	wantCode(t, open(n.group, types.TagSpecification{ResourceType: "security-group-rule", Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}), "UnauthorizedOperation")
	n.must(open(n.group))
	_, err := client.DescribeSecurityGroups(ctx, nil)
	wantCode(t, err, "UnauthorizedOperation")

	_, err = n.client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{n.group}, Tags: []types.Tag{{Key: aws.String("Env"), Value: aws.String("test")}}})
	n.must(err)
	dave := n.user("dave", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DeleteSecurityGroup","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Env":"test"}}}]}`)
	client = ec2.NewFromConfig(n.config(dave, "us-east-1"))
	_, err = client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &other})
	wantCode(t, err, "UnauthorizedOperation")
	_, err = client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &n.group})
	n.must(err)
}

func TestEC2Records(t *testing.T) {
	n := newNetwork(t, sandbox.Options{ReadOnlyEvents: true})
	ids, err := n.allow(tcp(22, 22, "0.0.0.0/0"))
	n.must(err)
	n.must(n.revoke(&ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: ids}))
	wantCode(t, n.revoke(&ec2.RevokeSecurityGroupIngressInput{IpPermissions: []types.IpPermission{tcp(22, 22, "0.0.0.0/0")}}), "InvalidPermission.NotFound")
	ids, err = n.allow(tcp(80, 80, "::/0"))
	n.must(err)
	_, err = n.client.ModifySecurityGroupRules(t.Context(), &ec2.ModifySecurityGroupRulesInput{GroupId: &n.group, SecurityGroupRules: []types.SecurityGroupRuleUpdate{{
		SecurityGroupRuleId: &ids[0],
		SecurityGroupRule:   &types.SecurityGroupRuleRequest{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), CidrIpv4: aws.String("0.0.0.0/0")},
	}}})
	n.must(err)
	_, err = n.client.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("group-name", "web")}})
	n.must(err)
	events := n.delivered(8)[2:] // without those of the network
	permissions := `"groupId":"` + n.group + `","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}`
	wantRecord(t, events[0], "AuthorizeSecurityGroupIngress", "", `{`+permissions+`}`, `{"requestId":"*","_return":true,"securityGroupRuleSet":{"items":[{
		"groupOwnerId":"111122223333","groupId":"`+n.group+`","securityGroupRuleId":"*","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}]}}`)
	wantRecord(t, events[1], "RevokeSecurityGroupIngress", "", `{"groupId":"`+n.group+`","ipPermissions":{},"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"*"}]}}`,
		`{"requestId":"*","_return":true}`)
	wantRecord(t, events[2], "RevokeSecurityGroupIngress", "Client.InvalidPermission.NotFound", `{`+permissions+`}`, "null")
	wantRecord(t, events[4], "ModifySecurityGroupRules", "", `{"ModifySecurityGroupRulesRequest":{"GroupId":"`+n.group+`","SecurityGroupRule":{"tag":1,"SecurityGroupRuleId":"`+ids[0]+`",
		"SecurityGroupRule":{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIpv4":"0.0.0.0/0"}}}}`,
		`{"ModifySecurityGroupRulesResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","return":true,"requestId":"*"}}`)
	wantRecord(t, events[5], "DescribeSecurityGroups", "", `{"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{"items":[{"name":"group-name","valueSet":{"items":[{"value":"web"}]}}]}}`, "null")
}
