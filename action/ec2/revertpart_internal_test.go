package ec2

import (
	"encoding/json"
	"testing"
)

func FuzzPartEvent(f *testing.F) {
	f.Add([]byte(`{"eventName":"CreateRoute","eventTime":"2026-01-02T03:04:05Z","requestParameters":{"routeTableId":"rtb-01234567","destinationCidrBlock":"10.1.2.3/8","gatewayId":"igw-1"}}`))
	f.Add([]byte(`{"eventName":"ReplaceRoute","requestParameters":{"routeTableId":"rtb-01234567","destinationIpv6CidrBlock":"::/0","localTarget":true}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		k := partKind[route]{noun: "Route", prefix: "rtb", member: "routeTableId", words: "route table", request: recordedRoute}
		e, err := k.parse(json.RawMessage(raw))
		if err == nil && (e.list == "" || e.key == "" || (e.left == nil) != (e.verb == "Delete")) {
			t.Errorf("%s was accepted as %+v", raw, e)
		}
	})
}

func TestRecordedEntries(t *testing.T) {
	for raw, want := range map[string]aclEntry{
		`{"ruleNumber":1,"aclProtocol":"-1","ruleAction":"allow","cidrBlock":"10.1.2.3/8","portRange":{"from":1,"to":2},"icmpTypeCode":{}}`: {"allow", "-1", "10.0.0.0/8", -1, -1},
		`{"ruleNumber":1,"aclProtocol":"UDP","ruleAction":"deny","ipv6CidrBlock":"::/0","portRange":{"from":53,"to":53},"icmpTypeCode":{}}`: {"deny", "17", "::/0", 53, 53},
		`{"ruleNumber":1,"aclProtocol":"1","ruleAction":"deny","cidrBlock":"0.0.0.0/0","portRange":{},"icmpTypeCode":{"type":3,"code":-1}}`: {"deny", "1", "0.0.0.0/0", 3, -1},
	} {
		if key, got, err := recordedACLEntry(json.RawMessage(raw)); err != nil || got != want || key != "ingress 1" {
			t.Errorf("%s is %q %+v, %v; want %+v", raw, key, got, err, want)
		}
	}
	for raw, want := range map[string]route{
		`{"destinationPrefixListId":"pl-1","vpcEndpointId":"vpce-1"}`:           {Kind: "GatewayId", Target: "vpce-1"},
		`{"destinationCidrBlock":"10.0.0.0/8","localTarget":true}`:              {Kind: "GatewayId", Target: "local"},
		`{"destinationCidrBlock":"10.0.0.0/8","instanceId":"i-1"}`:              {Kind: "InstanceId", Target: "i-1"},
		`{"destinationIpv6CidrBlock":"::/0","egressOnlyInternetGatewayId":"e"}`: {Kind: "EgressOnlyInternetGatewayId", Target: "e"},
	} {
		if key, got, err := recordedRoute(json.RawMessage(raw)); err != nil || got != want || key == "" {
			t.Errorf("%s is %q %+v, %v; want %+v", raw, key, got, err, want)
		}
	}
}
