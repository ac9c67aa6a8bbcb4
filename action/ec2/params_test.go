package ec2

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/fault"
)

func request(params string) action.Request {
	return action.Request{Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(params)}
}

func TestParseTarget(t *testing.T) {
	tests := []struct {
		name, params string
		says         []string // problems; none: the parameters are right
		what         string   // the target in words
		region       string
	}{
		{"the world", `{"group":"sg-0123456789abcdef0","ports":[22]}`, nil, "Port 22 is open to the world", "eu-west-1"},
		{"by ARN in another region", `{"group":"arn:aws:ec2:us-east-1:111122223333:security-group/sg-01234567","ports":[22,3389]}`, nil, "Ports 22 or 3389 are open to the world", "us-east-1"},
		{"networks", `{"group":"sg-01234567","ports":[22],"cidrs":["10.1.2.3/8","fd00::/8"]}`, nil, "Port 22 is open to 10.0.0.0/8 or fd00::/8", "eu-west-1"},
		{"the world by name", `{"group":"sg-01234567","ports":[22],"cidrs":["0.0.0.0/0"]}`, nil, "Port 22 is open to 0.0.0.0/0", "eu-west-1"},
		{"UDP", `{"group":"sg-01234567","ports":[53],"protocol":"udp"}`, nil, "UDP port 53 is open to the world", "eu-west-1"},
		{"another protocol", `{"group":"sg-01234567","ports":[53],"protocol":"6"}`, []string{`protocol "6"`}, "", ""},
		{"what only outgoing rules have", `{"group":"sg-01234567","ports":[53],"even_everything":true}`, []string{"even_everything"}, "", ""},
		{"somebody else's ARN", `{"group":"arn:aws:ec2:us-east-1:999999999999:security-group/sg-01234567","ports":[22]}`, []string{"of account 111122223333"}, "", ""},
		{"another ARN", `{"group":"arn:aws:s3:::bucket","ports":[22]}`, []string{"not the ARN of a security group", "not the id"}, "", ""},
		{"all problems at once", `{"group":"web","ports":[-1,65536],"cidrs":["10.0.0.0","::ffff:10.0.0.0/104"]}`, []string{`"web"`, "port -1", "port 65536", `"10.0.0.0"`, `"::ffff:10.0.0.0/104"`}, "", ""},
		{"nothing", `{}`, []string{`group ""`, "0 ports"}, "", ""},
		{"no networks", `{"group":"sg-01234567","ports":[22],"cidrs":[]}`, []string{"0 cidrs"}, "", ""},
		{"too many", `{"group":"sg-01234567","ports":[` + strings.TrimSuffix(strings.Repeat("1,", maxList+1), ",") + `]}`, []string{"101 ports"}, "", ""},
		{"a fraction", `{"group":"sg-01234567","ports":[22.5]}`, []string{"/ports/0"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target, err := parseTarget(request(tt.params), ingress)
			if len(tt.says) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if got := target.what("open"); got != tt.what || target.region != tt.region {
					t.Errorf("%q in %s, want %q in %s", got, target.region, tt.what, tt.region)
				}
				return
			}
			if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Fatalf("error = %v, want code invalid and a next step", err)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add([]byte(`{"group":"sg-01234567","ports":[22],"cidrs":["10.1.2.3/8","fd00::/8"]}`))
	f.Add([]byte(`{"group":"arn:aws:ec2:eu-west-1:111122223333:security-group/sg-01234567","ports":[0]}`))
	f.Fuzz(func(t *testing.T, params []byte) {
		target, err := parseTarget(request(string(params)), egress)
		if err != nil {
			return
		}
		if !groupPattern.MatchString(target.group) || len(target.ports) == 0 || len(target.networks) == 0 || target.region == "" {
			t.Errorf("%s was accepted as %+v", params, target)
		}
	})
}

func TestRulesForPeople(t *testing.T) {
	for _, tt := range []struct {
		rule rule
		want string
	}{
		{rule{ID: "sgr-1", Protocol: "tcp", FromPort: 22, ToPort: 22, CIDR: "0.0.0.0/0"}, "sgr-1 (tcp 22 from 0.0.0.0/0)"},
		{rule{ID: "sgr-1", Protocol: "tcp", FromPort: 20, ToPort: 25, CIDR: "::/0"}, "sgr-1 (tcp 20-25 from ::/0)"},
		{rule{Protocol: "-1", FromPort: -1, ToPort: -1, PrefixList: "pl-1"}, "everything from prefix list pl-1"},
		{rule{Protocol: "udp", FromPort: 1, ToPort: 1, Group: "sg-1"}, "udp 1 from group sg-1"},
	} {
		if got := tt.rule.String(); got != tt.want {
			t.Errorf("String = %q, want %q", got, tt.want)
		}
	}
}

func TestNewRule(t *testing.T) {
	got := newRule(types.SecurityGroupRule{
		SecurityGroupRuleId: aws.String("sgr-1"), IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(23),
		CidrIpv6: aws.String("::/0"), Description: aws.String("ssh"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}, {Key: aws.String("aws:cloudformation:stack-name"), Value: aws.String("s")}},
	})
	want := rule{ID: "sgr-1", Protocol: "tcp", FromPort: 22, ToPort: 23, CIDR: "::/0", Description: "ssh", Tags: map[string]string{"team": "web"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	all := newRule(types.SecurityGroupRule{IpProtocol: aws.String("-1"), PrefixListId: aws.String("pl-1")})
	if d := cmp.Diff(rule{Protocol: "-1", FromPort: -1, ToPort: -1, PrefixList: "pl-1"}, all); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestAuthorizeMakesOneCallForEachSetOfTags(t *testing.T) {
	group := action.Resource{ARN: "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-01234567", Account: "111122223333", Region: "eu-west-1"}
	calls, err := authorize(ingress, group, []rule{
		{Protocol: "tcp", FromPort: 22, ToPort: 22, CIDR: "0.0.0.0/0", Description: "ssh"},
		{Protocol: "tcp", FromPort: 22, ToPort: 22, CIDR: "::/0", Tags: map[string]string{"b": "2", "a": "1"}},
		{Protocol: "-1", FromPort: -1, ToPort: -1, CIDR: "::/1", Description: "all"},
		{Protocol: "udp", FromPort: 53, ToPort: 53, PrefixList: "pl-1", Description: "dns"},
		{Protocol: "udp", FromPort: 53, ToPort: 53, Group: "sg-1", GroupOwner: "444455556666"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range calls {
		got = append(got, c.Service+":"+c.Operation+" "+string(c.Input))
	}
	want := []string{
		`ec2:AuthorizeSecurityGroupIngress {"GroupId":"sg-01234567","IpPermissions":[` +
			`{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"IpRanges":[{"CidrIp":"0.0.0.0/0","Description":"ssh"}]},` +
			`{"IpProtocol":"-1","FromPort":-1,"ToPort":-1,"Ipv6Ranges":[{"CidrIpv6":"::/1","Description":"all"}]},` +
			`{"IpProtocol":"udp","FromPort":53,"ToPort":53,"PrefixListIds":[{"PrefixListId":"pl-1","Description":"dns"}]},` +
			`{"IpProtocol":"udp","FromPort":53,"ToPort":53,"UserIdGroupPairs":[{"GroupId":"sg-1","UserId":"444455556666"}]}]}`,
		`ec2:AuthorizeSecurityGroupIngress {"GroupId":"sg-01234567","IpPermissions":[` +
			`{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"Ipv6Ranges":[{"CidrIpv6":"::/0"}]}],` +
			`"TagSpecifications":[{"ResourceType":"security-group-rule","Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}]}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if _, err := authorize(ingress, group, []rule{{Protocol: "-1"}}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a rule without a source: %v, want invalid", err)
	}
}
