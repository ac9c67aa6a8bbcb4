package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/sandbox"
)

// network is a sandbox with a VPC and a group in it.
type network struct {
	*world
	client     *ec2.Client
	vpc, group string
}

func newNetwork(t *testing.T, opts sandbox.Options) *network {
	t.Helper()
	w := newWorld(t, opts)
	n := &network{world: w, client: ec2.NewFromConfig(w.config(w.root, "us-east-1"))}
	v, err := n.client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	n.must(err)
	n.vpc = *v.Vpc.VpcId
	n.group = n.makeGroup("web")
	return n
}

func (n *network) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *network) makeGroup(name string) string {
	n.t.Helper()
	g, err := n.client.CreateSecurityGroup(n.t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: &name, Description: aws.String("a group"), VpcId: &n.vpc,
	})
	n.must(err)
	return *g.GroupId
}

func tcp(from, to int32, cidrs ...string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to}
	for _, c := range cidrs {
		if strings.Contains(c, ":") {
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(c)})
		} else {
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(c)})
		}
	}
	return p
}

// allow adds ingress rules and returns their ids.
func (n *network) allow(permissions ...types.IpPermission) ([]string, error) {
	out, err := n.client.AuthorizeSecurityGroupIngress(n.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: permissions})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range out.SecurityGroupRules {
		ids = append(ids, *r.SecurityGroupRuleId)
	}
	return ids, nil
}

func (n *network) revoke(in *ec2.RevokeSecurityGroupIngressInput) error {
	in.GroupId = &n.group
	_, err := n.client.RevokeSecurityGroupIngress(n.t.Context(), in)
	return err
}

// rules describes the rules of the group, a line each.
func (n *network) rules(egress bool) string {
	n.t.Helper()
	out, err := n.client.DescribeSecurityGroupRules(n.t.Context(), &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{n.group}}},
	})
	n.must(err)
	var lines []string
	for _, r := range out.SecurityGroupRules {
		if *r.IsEgress != egress {
			continue
		}
		peer := aws.ToString(r.CidrIpv4) + aws.ToString(r.CidrIpv6) + aws.ToString(r.PrefixListId)
		if r.ReferencedGroupInfo != nil {
			peer += *r.ReferencedGroupInfo.GroupId
		}
		lines = append(lines, fmt.Sprintf("%s %d-%d %s", *r.IpProtocol, *r.FromPort, *r.ToPort, peer))
	}
	return strings.Join(lines, ", ")
}

func TestSecurityGroupLife(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	if !strings.HasPrefix(n.group, "sg-") || len(n.group) != 20 {
		t.Errorf("id is %s", n.group)
	}
	if out := n.rules(true); out != "-1 -1--1 0.0.0.0/0" {
		t.Errorf("a new group lets out %q", out)
	}
	create := func(name, vpc string) error {
		_, err := n.client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("x"), VpcId: &vpc})
		return err
	}
	wantCode(t, create("web", n.vpc), "InvalidGroup.Duplicate")
	wantCode(t, create("sg-web", n.vpc), "InvalidParameterValue")
	wantCode(t, create("web2", "vpc-00000000000000000"), "InvalidVpcID.NotFound")
	remove := func(id string) error {
		_, err := n.client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
		return err
	}
	other := n.makeGroup("other")
	_, err := n.allow(types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &other}}})
	n.must(err)
	wantCode(t, remove(other), "DependencyViolation")
	wantCode(t, remove("sg-00000000000000000"), "InvalidGroup.NotFound")
	wantCode(t, remove("web"), "InvalidGroupId.Malformed")
	_, err = n.client.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &n.vpc})
	wantCode(t, err, "DependencyViolation")
	n.must(remove(n.group))
	n.must(remove(other))
	_, err = n.client.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &n.vpc})
	n.must(err)
	_, err = n.client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{n.vpc}})
	wantCode(t, err, "InvalidVpcID.NotFound")
}

func TestAuthorize(t *testing.T) {
	group := func(id string) types.IpPermission {
		return types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &id}}}
	}
	for _, tc := range []struct {
		name string
		p    types.IpPermission
		code string
		want string
	}{
		{"two networks", tcp(22, 22, "203.0.113.0/24", "::/0"), "", "tcp 22-22 203.0.113.0/24, tcp 22-22 ::/0"},
		{"host bits", tcp(22, 22, "203.0.113.7/24", "2001:db8::1/64"), "", "tcp 22-22 203.0.113.0/24, tcp 22-22 2001:db8::/64"},
		{"a protocol by number", types.IpPermission{IpProtocol: aws.String("6"), FromPort: aws.Int32(1), ToPort: aws.Int32(2), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}, "", "tcp 1-2 0.0.0.0/0"},
		{"everything", types.IpPermission{IpProtocol: aws.String("-1"), FromPort: aws.Int32(5), ToPort: aws.Int32(5), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}, "", "-1 -1--1 0.0.0.0/0"},
		{"a prefix list", types.IpPermission{IpProtocol: aws.String("udp"), FromPort: aws.Int32(53), ToPort: aws.Int32(53), PrefixListIds: []types.PrefixListId{{PrefixListId: aws.String("pl-12345678")}}}, "", "udp 53-53 pl-12345678"},
		{"no ports", types.IpPermission{IpProtocol: aws.String("tcp"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}, "InvalidParameterValue", ""},
		{"ports the wrong way round", tcp(80, 22, "0.0.0.0/0"), "InvalidParameterValue", ""},
		{"a malformed network", tcp(22, 22, "0.0.0.0/33"), "InvalidParameterValue", ""},
		{"no network", tcp(22, 22), "InvalidParameterValue", ""},
		{"an unknown protocol", types.IpPermission{IpProtocol: aws.String("xyz"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}, "InvalidParameterValue", ""},
		{"twice the same", tcp(22, 22, "0.0.0.0/0", "0.0.0.0/0"), "InvalidParameterValue", ""},
		{"an apostrophe in a description", types.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0"), Description: aws.String("it's")}}}, "InvalidParameterValue", ""},
		{"a group that is not there", group("sg-00000000000000000"), "InvalidGroup.NotFound", ""},
		{"one that is there already", tcp(443, 443, "0.0.0.0/0"), "InvalidPermission.Duplicate", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newNetwork(t, sandbox.Options{})
			_, err := n.allow(tcp(443, 443, "0.0.0.0/0"))
			n.must(err)
			_, err = n.allow(tc.p)
			if tc.code != "" {
				wantCode(t, err, tc.code)
			} else {
				n.must(err)
			}
			want := strings.TrimSuffix("tcp 443-443 0.0.0.0/0, "+tc.want, ", ")
			if got := n.rules(false); got != want {
				t.Errorf("rules are %q, want %q", got, want)
			}
		})
	}
}

func TestRuleQuota(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	var cidrs []string
	for i := range 60 {
		cidrs = append(cidrs, fmt.Sprintf("10.0.%d.0/24", i))
	}
	_, err := n.allow(tcp(22, 22, cidrs...))
	n.must(err)
	_, err = n.allow(tcp(22, 22, "10.1.0.0/24"))
	wantCode(t, err, "RulesPerSecurityGroupLimitExceeded")
	_, err = n.allow(tcp(22, 22, "::/0")) // counted for itself
	n.must(err)
}

func TestRevoke(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	ids, err := n.allow(tcp(22, 22, "0.0.0.0/0", "::/0"), tcp(80, 80, "0.0.0.0/0"), tcp(443, 443, "0.0.0.0/0"))
	n.must(err)
	all := n.rules(false)
	unknown := "sgr-00000000000000000"
	for _, tc := range []struct {
		name string
		in   ec2.RevokeSecurityGroupIngressInput
		code string
	}{
		{"one of two isn't there", ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{ids[0], unknown}}, "InvalidSecurityGroupRuleId.NotFound"},
		{"a malformed id", ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{"22"}}, "InvalidSecurityGroupRuleId.Malformed"},
		{"a permission that isn't there", ec2.RevokeSecurityGroupIngressInput{IpPermissions: []types.IpPermission{tcp(22, 22, "0.0.0.0/0"), tcp(22, 23, "0.0.0.0/0")}}, "InvalidPermission.NotFound"},
		{"both ways", ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: ids[:1], IpPermissions: []types.IpPermission{tcp(80, 80, "0.0.0.0/0")}}, "InvalidParameterCombination"},
		{"neither", ec2.RevokeSecurityGroupIngressInput{}, "MissingParameter"},
		{"only asked", ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: ids, DryRun: aws.Bool(true)}, "DryRunOperation"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantCode(t, n.revoke(&tc.in), tc.code)
			if got := n.rules(false); got != all {
				t.Errorf("what failed changed the rules to %q", got)
			}
		})
	}
	n.must(n.revoke(&ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: ids[:1]}))
	n.must(n.revoke(&ec2.RevokeSecurityGroupIngressInput{IpPermissions: []types.IpPermission{tcp(22, 22, "::/0"), tcp(80, 80, "0.0.0.0/0")}}))
	if got, want := n.rules(false), "tcp 443-443 0.0.0.0/0"; got != want {
		t.Errorf("left are %q, want %q", got, want)
	}
}

func TestModifyRules(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	ids, err := n.allow(tcp(22, 22, "203.0.113.0/24"), tcp(80, 80, "0.0.0.0/0"))
	n.must(err)
	modify := func(id string, to types.SecurityGroupRuleRequest) error {
		_, err := n.client.ModifySecurityGroupRules(t.Context(), &ec2.ModifySecurityGroupRulesInput{
			GroupId: &n.group, SecurityGroupRules: []types.SecurityGroupRuleUpdate{{SecurityGroupRuleId: &id, SecurityGroupRule: &to}},
		})
		return err
	}
	ssh := types.SecurityGroupRuleRequest{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), CidrIpv4: aws.String("0.0.0.0/0")}
	wantCode(t, modify("sgr-00000000000000000", ssh), "InvalidSecurityGroupRuleId.NotFound")
	two := ssh
	two.CidrIpv6 = aws.String("::/0")
	wantCode(t, modify(ids[0], two), "InvalidParameterValue")
	n.must(modify(ids[0], ssh))
	wantCode(t, modify(ids[1], ssh), "InvalidPermission.Duplicate")
	if got, want := n.rules(false), "tcp 22-22 0.0.0.0/0, tcp 80-80 0.0.0.0/0"; got != want {
		t.Errorf("rules are %q, want %q", got, want)
	}
}

func TestEgress(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	everything := []types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}
	_, err := n.client.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &n.group, IpPermissions: everything})
	n.must(err)
	_, err = n.client.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &n.group, IpPermissions: []types.IpPermission{tcp(443, 443, "0.0.0.0/0")}})
	n.must(err)
	if in, out := n.rules(false), n.rules(true); in != "" || out != "tcp 443-443 0.0.0.0/0" {
		t.Errorf("in goes %q, out goes %q", in, out)
	}
}

func TestEC2CLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	aws := func(args ...string) string {
		return w.cli("eu-west-1", append(append([]string{"ec2"}, args...), "--output", "text")...)
	}
	id := aws("create-security-group", "--group-name", "cli", "--description", "by the CLI", "--query", "GroupId",
		"--tag-specifications", "ResourceType=security-group,Tags=[{Key=owner,Value=me}]")
	aws("authorize-security-group-ingress", "--group-id", id, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
	rule := aws("describe-security-group-rules", "--filters", "Name=group-id,Values="+id, "--query", "SecurityGroupRules[?!IsEgress].SecurityGroupRuleId")
	aws("revoke-security-group-ingress", "--group-id", id, "--security-group-rule-ids", rule)
	left := aws("describe-security-groups", "--group-ids", id, "--query", "SecurityGroups[0].[length(IpPermissions), Tags[0].Value]")
	if got := strings.Fields(left); !slices.Equal(got, []string{"0", "me"}) {
		t.Errorf("rules and owner are %v, want 0 and me", got)
	}
	out, err := w.tryCLI("eu-west-1", "ec2", "revoke-security-group-ingress", "--group-id", id, "--security-group-rule-ids", rule)
	if err == nil || !strings.Contains(out, "(InvalidSecurityGroupRuleId.NotFound)") {
		t.Errorf("of a rule that is gone the CLI says %s", out)
	}
	if regions := strings.Fields(aws("describe-regions", "--query", "Regions[].RegionName")); len(regions) != 17 || !slices.Contains(regions, "eu-north-1") {
		t.Errorf("regions are %v", regions)
	}
}
