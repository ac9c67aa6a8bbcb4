package ec2

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// rulesTagged limits ec2:CreateTags to rules that an undo puts back with their tags.
var rulesTagged = map[string]action.Limit{"ec2:CreateTags": {Resources: []string{"arn:P:ec2:*:A:security-group-rule/*"}}}

// rule is a rule of a security group
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html). One of CIDR, PrefixList and Group
// says from where, or to where.
type rule struct {
	ID          string            `json:"id,omitempty"` // empty where it has none yet
	Protocol    string            `json:"protocol"`     // tcp, udp, icmp, a number, or -1 for all
	FromPort    int32             `json:"from_port"`    // -1 where the protocol knows no ports
	ToPort      int32             `json:"to_port"`
	CIDR        string            `json:"cidr,omitempty"` // IPv4 or IPv6
	PrefixList  string            `json:"prefix_list,omitempty"`
	Group       string            `json:"group,omitempty"`
	GroupOwner  string            `json:"group_owner,omitempty"` // account of Group
	Description string            `json:"description,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"` // without those of AWS itself (aws:…), which nobody can restore
}

func newRule(r types.SecurityGroupRule) rule {
	out := rule{
		ID: aws.ToString(r.SecurityGroupRuleId), Protocol: aws.ToString(r.IpProtocol), FromPort: -1, ToPort: -1,
		CIDR: cmp.Or(aws.ToString(r.CidrIpv4), aws.ToString(r.CidrIpv6)), PrefixList: aws.ToString(r.PrefixListId),
		Description: aws.ToString(r.Description), Tags: tags(r.Tags),
	}
	if r.FromPort != nil {
		out.FromPort = *r.FromPort
	}
	if r.ToPort != nil {
		out.ToPort = *r.ToPort
	}
	if r.ReferencedGroupInfo != nil {
		out.Group, out.GroupOwner = aws.ToString(r.ReferencedGroupInfo.GroupId), aws.ToString(r.ReferencedGroupInfo.UserId)
	}
	return out
}

func tags(list []types.Tag) map[string]string {
	var out map[string]string
	for _, t := range list {
		if key := aws.ToString(t.Key); !strings.HasPrefix(key, "aws:") {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = aws.ToString(t.Value)
		}
	}
	return out
}

// same reports whether two rules let in the same, which one group cannot have twice.
func (r rule) same(o rule) bool {
	return r.Protocol == o.Protocol && r.FromPort == o.FromPort && r.ToPort == o.ToPort &&
		r.CIDR == o.CIDR && r.PrefixList == o.PrefixList && r.Group == o.Group
}

// equal reports whether two rules are alike in everything but the id.
func (r rule) equal(o rule) bool {
	return r.same(o) && r.Description == o.Description && maps.Equal(r.Tags, o.Tags)
}

// opens reports whether the rule lets the protocol through on the port
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html: -1 is every protocol and port).
func (r rule) opens(protocol string, port int32) bool {
	number := map[string]string{"tcp": "6", "udp": "17"}[protocol]
	return r.Protocol == "-1" || (r.Protocol == protocol || r.Protocol == number) && r.FromPort <= port && port <= r.ToPort
}

// everything reports whether the rule lets every protocol or every port through.
func (r rule) everything() bool {
	return r.Protocol == "-1" || r.FromPort >= 0 && r.FromPort <= 1 && r.ToPort == 65535
}

// String names the rule for people: "sgr-1 (tcp 20-25 from 0.0.0.0/0)".
func (r rule) String() string {
	what := r.Protocol + " " + fmt.Sprint(r.FromPort)
	switch {
	case r.Protocol == "-1":
		what = "everything"
	case r.ToPort != r.FromPort:
		what += fmt.Sprintf("-%d", r.ToPort)
	}
	from := r.CIDR
	switch {
	case r.PrefixList != "":
		from = "prefix list " + r.PrefixList
	case r.Group != "":
		from = "group " + r.Group
	}
	text := what + " from " + from
	if r.ID == "" {
		return text
	}
	return r.ID + " (" + text + ")"
}

// find returns the rule that lets in the same as r.
func find(rules []rule, r rule) (rule, bool) {
	if i := slices.IndexFunc(rules, r.same); i >= 0 {
		return rules[i], true
	}
	return rule{}, false
}

// without returns the rules that the others don't have.
func without(rules, others []rule) []rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return slices.ContainsFunc(others, r.equal) })
}

// state is the part of a group's state that matters here: all rules of one direction, sorted by id.
func state(d direction, rules []rule) (json.RawMessage, error) {
	if rules == nil {
		rules = []rule{}
	}
	raw, err := json.Marshal(map[string][]rule{strings.ToLower(string(d)): rules})
	if err != nil {
		return nil, fault.New(fault.Internal, "encode the rules of a group: %w", err)
	}
	return raw, nil
}

// states reads the rules of an item's states.
func states(item action.Item, d direction) (before, after []rule, err error) {
	for _, part := range []struct {
		raw   json.RawMessage
		rules *[]rule
	}{{item.Before, &before}, {item.After, &after}} {
		var s map[string][]rule
		if err := json.Unmarshal(part.raw, &s); err != nil {
			return nil, nil, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", item.ID, err)
		}
		*part.rules = s[strings.ToLower(string(d))]
	}
	return before, after, nil
}
