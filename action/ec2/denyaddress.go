package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// denial is whether a network ACL denies everything from a network.
type denial struct {
	Denied bool  `json:"denied"`
	Number int32 `json:"rule_number,omitempty"`

	free int32 // the highest number that is free before every entry that allows something in; 0: none
}

// denyParams say which network ACL is to deny what.
type denyParams struct {
	ACL     string `json:"network_acl_id"`
	Address string `json:"address"`
}

// The widest networks that may be denied: more is a mistake, or somebody who wants riposte to cut everybody off.
const (
	widestIPv4 = 16
	widestIPv6 = 32
)

// network reads an address or a network of the internet.
func (p denyParams) network() (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(p.Address)
	if err != nil {
		addr, addrErr := netip.ParseAddr(p.Address)
		if addrErr != nil || addr.Zone() != "" {
			return prefix, fault.New(fault.Invalid, "address %.100q is neither an address nor a network", p.Address).
				WithHint("give 203.0.113.7 or 203.0.113.0/24")
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	addr, widest := prefix.Addr(), widestIPv6
	if addr.Is4() {
		widest = widestIPv4
	}
	switch {
	case addr.Is4In6() || prefix != prefix.Masked():
		return prefix, fault.New(fault.Invalid, "address %s has bits outside its network", p.Address).WithHint("give %s", prefix.Masked())
	case prefix.Bits() < widest:
		return prefix, fault.New(fault.Invalid, "the network %s is wider than /%d", p.Address, widest).WithHint("deny smaller networks")
	case !addr.IsGlobalUnicast() || addr.IsPrivate():
		return prefix, fault.New(fault.Invalid, "%s is no address of the internet", p.Address).
			WithHint("change the security group's rules for addresses of your own networks")
	}
	return prefix, nil
}

func describeACL(ctx context.Context, cfg aws.Config, id string) (types.NetworkAcl, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{id}})
	if err != nil || len(out.NetworkAcls) == 0 {
		return types.NetworkAcl{}, missing(err, "ec2:DescribeNetworkAcls", "network ACL", id)
	}
	return out.NetworkAcls[0], nil
}

// denialIn looks for an entry that denies everything from the network before anything is allowed in.
func denialIn(acl types.NetworkAcl, network string) denial {
	taken := map[int32]bool{}
	first := int32(100) // where nothing is allowed in, before what people number from 100 on
	for _, e := range acl.Entries {
		if aws.ToBool(e.Egress) {
			continue
		}
		number := aws.ToInt32(e.RuleNumber)
		taken[number] = true
		if e.RuleAction == types.RuleActionAllow {
			first = min(first, number)
		}
	}
	now := denial{}
	for _, e := range acl.Entries {
		same := aws.ToString(e.CidrBlock) == network || aws.ToString(e.Ipv6CidrBlock) == network
		if !aws.ToBool(e.Egress) && same && e.RuleAction == types.RuleActionDeny && aws.ToString(e.Protocol) == "-1" && aws.ToInt32(e.RuleNumber) < first {
			now.Denied, now.Number = true, aws.ToInt32(e.RuleNumber)
		}
	}
	for number := first - 1; number > 0 && now.free == 0; number-- {
		if !taken[number] {
			now.free = number
		}
	}
	return now
}

// NewDenyAddress returns the action ec2.deny-address.
func NewDenyAddress(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[denyParams, denial]{
		Spec: action.Spec{
			Name:  "ec2.deny-address",
			Title: "Deny an address in a network ACL",
			Description: "Adds an entry to a network ACL that denies everything from an address or network, before every entry that allows something " +
				"in. It holds for all subnets of the ACL and cuts connections that are open. Give `expires_in`: addresses change hands, and an " +
				"ACL takes 20 entries unless its quota was raised.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["network_acl_id", "address"], "properties": {
  "network_acl_id": {"type": "string", "pattern": "^acl-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the network ACL"},
  "address": {"type": "string", "minLength": 2, "description": "address or network of the internet, IPv4 or IPv6, no wider than /16 or /32"}}}`),
			Permissions: []string{"ec2:DescribeNetworkAcls", "ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"},
			Effect:      action.StateChecked,
			Evidence:    action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p denyParams) ([]action.Resource, error) {
			if err := checkID("network_acl_id", p.ACL, "acl"); err != nil {
				return nil, err
			}
			network, err := p.network()
			if err != nil {
				return nil, err
			}
			acl, err := describeACL(ctx, cfg, p.ACL)
			if err != nil {
				return nil, err
			}
			r := newResource("AWS::EC2::NetworkAcl", "network-acl", p.ACL, req.Account, req, acl.Tags)
			r.Name = p.ACL + " " + network.String()
			return []action.Resource{r}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (denial, error) {
			id, network, _ := strings.Cut(r.Name, " ")
			acl, err := describeACL(ctx, cfg, id)
			return denialIn(acl, network), err
		},
		Want: func(r action.Resource, _ denyParams, now denial) (denial, string, error) {
			_, network, _ := strings.Cut(r.Name, " ")
			switch {
			case now.Denied:
				return now, fmt.Sprintf("Entry %d denies %s already.", now.Number, network), nil
			case now.free == 0:
				return now, "", setting.Escalation("No number is free before the first entry that allows something in: number the entries anew.")
			}
			return denial{Denied: true, Number: now.free}, "It lets " + network + " in wherever an entry allows it.", nil
		},
		Steps: denySteps,
		Operations: map[string]setting.Operation{
			"CreateNetworkAclEntry": setting.Op(ec2.NewFromConfig, (*ec2.Client).CreateNetworkAclEntry),
			"DeleteNetworkAclEntry": setting.Op(ec2.NewFromConfig, (*ec2.Client).DeleteNetworkAclEntry),
		},
	})
}

func denySteps(r action.Resource, from, to denial) ([]setting.Step[denial], error) {
	id, network, _ := strings.Cut(r.Name, " ")
	if !to.Denied {
		return []setting.Step[denial]{{
			Operation: "DeleteNetworkAclEntry", Leaves: to,
			Input: map[string]any{"NetworkAclId": id, "Egress": false, "RuleNumber": from.Number},
		}}, nil
	}
	input := map[string]any{"NetworkAclId": id, "Egress": false, "RuleNumber": to.Number, "Protocol": "-1", "RuleAction": "deny"}
	if strings.Contains(network, ":") {
		input["Ipv6CidrBlock"] = network
	} else {
		input["CidrBlock"] = network
	}
	return []setting.Step[denial]{{Operation: "CreateNetworkAclEntry", Input: input, Leaves: to}}, nil
}
