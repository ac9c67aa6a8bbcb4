package ec2

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

func TestParseEvent(t *testing.T) {
	tests := []struct {
		name, event string
		want        []string // rules as text, or ids
		nothing     bool
	}{
		{"an answer with rules", `{"eventName":"AuthorizeSecurityGroupIngress","requestParameters":{"groupId":"sg-1"},"responseElements":{"_return":true,
			"securityGroupRuleSet":{"items":[{"securityGroupRuleId":"sgr-1","ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"},
			{"securityGroupRuleId":"sgr-2","ipProtocol":"-1","fromPort":-1,"toPort":-1,"referencedGroupInfo":{"groupId":"sg-2","userId":"111122223333"}}]}}}`,
			[]string{"sgr-1 (tcp 22 from 0.0.0.0/0)", "sgr-2 (everything from group sg-2)"}, false},
		{"a request alone", `{"eventName":"AuthorizeSecurityGroupEgress","requestParameters":{"groupId":"sg-1","ipPermissions":{"items":[
			{"ipProtocol":"6","fromPort":1,"toPort":2,"groups":{"items":[{"groupId":"sg-3"}]},"ipRanges":{"items":[{"cidrIp":"203.0.113.7/24"}]},
			"ipv6Ranges":{"items":[{"cidrIpv6":"2001:DB8::1/64"}]},"prefixListIds":{"items":[{"prefixListId":"pl-1"}]}}]}},"responseElements":null}`,
			[]string{"tcp 1-2 from 203.0.113.0/24", "tcp 1-2 from 2001:db8::/64", "tcp 1-2 from prefix list pl-1", "tcp 1-2 from group sg-3"}, false},
		{"plain lists", `{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"ipPermissions":[{"ipProtocol":"all","fromPort":0,"toPort":0,"ipRanges":[{"cidrIp":"::/0"}]}]}}`,
			[]string{"everything from ::/0"}, false},
		{"the older form", `{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"groupId":"sg-1","ipProtocol":"udp","fromPort":53,"toPort":53,"cidrIp":"10.0.0.0/8","ipPermissions":{}}}`,
			[]string{"udp 53 from 10.0.0.0/8"}, false},
		{"one of two was unknown", `{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"ipPermissions":{"items":[{"ipProtocol":"icmp","fromPort":-1,"toPort":-1,
			"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"},{"cidrIp":"11.0.0.0/8"}]}}]}},"responseElements":{"unknownIpPermissionSet":{"items":[{"ipProtocol":"icmp",
			"fromPort":-1,"toPort":-1,"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]}}]}}}`, []string{"icmp -1 from 11.0.0.0/8"}, false},
		{"all were unknown", `{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"ipPermissions":{"items":[{"ipProtocol":"50",
			"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]}}]}},"responseElements":{"unknownIpPermissionSet":{"items":[{"ipProtocol":"50","ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]}}]}}}`, nil, true},
		{"ids alone", `{"eventName":"RevokeSecurityGroupEgress","requestParameters":{"ipPermissions":{},"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-1"}]}}}`, []string{"sgr-1"}, false},
		{"ids and an answer", `{"eventName":"RevokeSecurityGroupEgress","requestParameters":{"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-1"}]}},
			"responseElements":{"revokedSecurityGroupRuleSet":{"items":[{"securityGroupRuleId":"sgr-1","ipProtocol":"tcp","fromPort":1,"toPort":1,"referencedGroupId":"sg-2"}]}}}`,
			[]string{"sgr-1 (tcp 1 from group sg-2)"}, false},
		{"one modified", `{"eventName":"ModifySecurityGroupRules","requestParameters":{"ModifySecurityGroupRulesRequest":{"GroupId":"sg-1","SecurityGroupRule":{"tag":1,
			"SecurityGroupRuleId":"sgr-1","SecurityGroupRule":{"IpProtocol":"tcp"}}}}}`, []string{"sgr-1"}, false},
		{"two modified", `{"eventName":"ModifySecurityGroupRules","requestParameters":{"ModifySecurityGroupRulesRequest":{"SecurityGroupRule":[{"tag":1,
			"SecurityGroupRuleId":"sgr-1"},{"tag":2,"SecurityGroupRuleId":"sgr-2"}]}}}`, []string{"sgr-1", "sgr-2"}, false},
		{"a call that failed", `{"eventName":"RevokeSecurityGroupIngress","errorCode":"Client.UnauthorizedOperation","requestParameters":{"groupId":"sg-1"}}`, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := parseEvent(json.RawMessage(tt.event))
			if err != nil {
				t.Fatal(err)
			}
			if got := append(names(e.rules), e.ids...); !slices.Equal(got, tt.want) || e.nothing != tt.nothing {
				t.Errorf("it tells of %q, nothing: %v; want %q, %v", got, e.nothing, tt.want, tt.nothing)
			}
			if strings.HasSuffix(e.operation, "Egress") != (e.direction == egress) {
				t.Errorf("the direction of %s is %s", e.operation, e.direction)
			}
		})
	}
}

func TestWrongRevertParameters(t *testing.T) {
	const good = `{"eventName":"AuthorizeSecurityGroupIngress","requestParameters":{"groupId":"sg-01234567","ipProtocol":"tcp","fromPort":1,"toPort":1,"cidrIp":"10.0.0.0/8"}}`
	for _, tt := range []struct{ name, params, says string }{
		{"not a group", `{"group_id":"web","event":` + good + `}`, "group_id"},
		{"no event", `{"group_id":"sg-01234567"}`, "event"},
		{"another event", `{"group_id":"sg-01234567","event":{"eventName":"StopLogging"}}`, "StopLogging"},
		{"another group", `{"group_id":"sg-89abcdef","event":` + good + `}`, "sg-01234567"},
		{"no rules", `{"group_id":"sg-01234567","event":{"eventName":"RevokeSecurityGroupIngress","requestParameters":null}}`, "names no rule"},
		{"no network", `{"group_id":"sg-01234567","event":` + strings.Replace(good, "10.0.0.0/8", "x", 1) + `}`, "network"},
		{"no protocol", `{"group_id":"sg-01234567","event":` + strings.Replace(good, `"tcp"`, `""`, 1) + `}`, "protocol"},
		{"not lists", `{"group_id":"sg-01234567","event":{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"ipPermissions":"x"}}}`, "CloudTrail record"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewRevertGroup(awscall.New(nil, nil)).Plan(t.Context(), action.Request{Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(tt.params)})
			if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want invalid that says %q, and a next step", err, tt.says)
			}
		})
	}
}

// FuzzParseEvent: whatever the event is, what is read from it are rules that EC2 could have taken.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{
		`{"eventName":"AuthorizeSecurityGroupIngress","requestParameters":{"ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}}}`,
		`{"eventName":"RevokeSecurityGroupEgress","requestParameters":{"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-1"}]}}}`,
		`{"eventName":"ModifySecurityGroupRules","requestParameters":{"ModifySecurityGroupRulesRequest":{"SecurityGroupRule":{"SecurityGroupRuleId":"sgr-1"}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEvent(raw)
		if err != nil {
			return
		}
		if len(e.rules)+len(e.ids) == 0 && !e.nothing {
			t.Fatalf("nothing was read from %s", raw)
		}
		if _, err := authorize(e.direction, action.Resource{}, e.rules); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	})
}
