package ec2

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// aclEntry is an entry of a network ACL, without its number and direction
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html).
type aclEntry struct {
	Action   string `json:"action"`
	Protocol string `json:"protocol"` // a number; -1 for all
	CIDR     string `json:"cidr"`     // IPv4 or IPv6
	FromPort int32  `json:"from_port"`
	ToPort   int32  `json:"to_port"` // of ICMP: type and code; -1 for all, and where the protocol knows none
}

// The protocols that know ports, and those that know types, by their numbers.
const (
	protocolTCP, protocolUDP     = "6", "17"
	protocolICMP, protocolICMPv6 = "1", "58"
)

func newACLEntry(does, protocol, cidr string, ports, icmp [2]*int32) aclEntry {
	protocol = strings.ToLower(protocol)
	if number, named := map[string]string{"all": "-1", "icmp": protocolICMP, "tcp": protocolTCP, "udp": protocolUDP, "icmpv6": protocolICMPv6}[protocol]; named {
		protocol = number
	}
	e := aclEntry{Action: does, Protocol: protocol, CIDR: masked(cidr), FromPort: -1, ToPort: -1}
	of := [2]*int32{}
	switch protocol {
	case protocolTCP, protocolUDP:
		of = ports
	case protocolICMP, protocolICMPv6:
		of = icmp
	}
	if of[0] != nil && of[1] != nil {
		e.FromPort, e.ToPort = *of[0], *of[1]
	}
	return e
}

// NewRevertNetworkACLEntry returns the action ec2.revert-network-acl-entry.
func NewRevertNetworkACLEntry(caller *awscall.Caller) action.Action {
	return newRevertPart(caller, action.Spec{
		Name:  "ec2.revert-network-acl-entry",
		Title: "Take back what an event did to a network ACL",
		Description: "Deletes the entry that a CloudTrail event added to a network ACL, or brings back the one that it changed or deleted, as the last " +
			"earlier event in CloudTrail's history of 90 days made it. Where there is none, as for entries that came with their ACL, or somebody " +
			"changed the entry since, that is left to people. It holds for all subnets of the ACL, and for connections that are open.",
		Parameters: awscall.EventSchema("CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry"),
		Permissions: []string{
			"ec2:DescribeNetworkAcls", "ec2:CreateNetworkAclEntry", "ec2:ReplaceNetworkAclEntry", "ec2:DeleteNetworkAclEntry", "cloudtrail:LookupEvents",
		},
		Effect:   action.StateChecked,
		Evidence: action.EventEvidence,
	}, partKind[aclEntry]{
		noun: "NetworkAclEntry", prefix: "acl", member: "networkAclId", words: "network ACL",
		cloudFormation: "AWS::EC2::NetworkAcl", resource: "network-acl",
		request: recordedACLEntry, describe: describeACLEntries,
		same:  func(now, recorded aclEntry) bool { return now == recorded },
		exact: func(aclEntry) bool { return true },
		name: func(key string) map[string]any {
			direction, number, _ := strings.Cut(key, " ")
			n, _ := strconv.Atoi(number) // aclKey wrote it
			return map[string]any{"Egress": direction == "egress", "RuleNumber": n}
		},
		input: func(e aclEntry) map[string]any {
			input := map[string]any{"Protocol": e.Protocol, "RuleAction": e.Action, "CidrBlock": e.CIDR}
			if strings.Contains(e.CIDR, ":") {
				delete(input, "CidrBlock")
				input["Ipv6CidrBlock"] = e.CIDR
			}
			switch e.Protocol {
			case protocolTCP, protocolUDP:
				input["PortRange"] = map[string]any{"From": e.FromPort, "To": e.ToPort}
			case protocolICMP, protocolICMPv6:
				input["IcmpTypeCode"] = map[string]any{"Type": e.FromPort, "Code": e.ToPort}
			}
			return input
		},
	})
}

func aclKey(egress bool, number int32) string {
	if egress {
		return fmt.Sprint("egress ", number)
	}
	return fmt.Sprint("ingress ", number)
}

// recordedACLEntry reads a record's request, which calls the protocol by a name of its own.
func recordedACLEntry(raw json.RawMessage) (string, aclEntry, error) {
	var r struct {
		Number   *int32 `json:"ruleNumber"`
		Egress   bool   `json:"egress"`
		Action   string `json:"ruleAction"`
		Protocol string `json:"aclProtocol"`
		CIDR     string `json:"cidrBlock"`
		CIDR6    string `json:"ipv6CidrBlock"`
		Ports    struct {
			From *int32 `json:"from"`
			To   *int32 `json:"to"`
		} `json:"portRange"`
		ICMP struct {
			Type *int32 `json:"type"`
			Code *int32 `json:"code"`
		} `json:"icmpTypeCode"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return "", aclEntry{}, err
	}
	if r.Number == nil {
		return "", aclEntry{}, errNoKey
	}
	return aclKey(r.Egress, *r.Number), newACLEntry(r.Action, r.Protocol, cmp.Or(r.CIDR, r.CIDR6), [2]*int32{r.Ports.From, r.Ports.To}, [2]*int32{r.ICMP.Type, r.ICMP.Code}), nil
}

func describeACLEntries(ctx context.Context, cfg aws.Config, id string) ([]types.Tag, func(string) *aclEntry, error) {
	acl, err := describeACL(ctx, cfg, id)
	return acl.Tags, func(key string) *aclEntry {
		for _, e := range acl.Entries {
			if aclKey(aws.ToBool(e.Egress), aws.ToInt32(e.RuleNumber)) != key {
				continue
			}
			var ports, icmp [2]*int32
			if p := e.PortRange; p != nil {
				ports = [2]*int32{p.From, p.To}
			}
			if p := e.IcmpTypeCode; p != nil {
				icmp = [2]*int32{p.Type, p.Code}
			}
			made := newACLEntry(string(e.RuleAction), aws.ToString(e.Protocol), cmp.Or(aws.ToString(e.CidrBlock), aws.ToString(e.Ipv6CidrBlock)), ports, icmp)
			return &made
		}
		return nil
	}, err
}

var partOperations = map[string]setting.Operation{
	"CreateNetworkAclEntry":  setting.Op(ec2.NewFromConfig, (*ec2.Client).CreateNetworkAclEntry),
	"ReplaceNetworkAclEntry": setting.Op(ec2.NewFromConfig, (*ec2.Client).ReplaceNetworkAclEntry),
	"DeleteNetworkAclEntry":  setting.Op(ec2.NewFromConfig, (*ec2.Client).DeleteNetworkAclEntry),
	"CreateRoute":            setting.Op(ec2.NewFromConfig, (*ec2.Client).CreateRoute),
	"ReplaceRoute":           setting.Op(ec2.NewFromConfig, (*ec2.Client).ReplaceRoute),
	"DeleteRoute":            setting.Op(ec2.NewFromConfig, (*ec2.Client).DeleteRoute),
}
