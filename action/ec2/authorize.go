package ec2

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// The input of AuthorizeSecurityGroupIngress and …Egress, by AWS's names
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html).
type (
	authorizeInput struct {
		GroupId           string
		IpPermissions     []ipPermission
		TagSpecifications []tagSpecification `json:",omitempty"`
	}
	ipPermission struct {
		IpProtocol       string
		FromPort, ToPort int32
		IpRanges         []ipRange    `json:",omitempty"`
		Ipv6Ranges       []ipv6Range  `json:",omitempty"`
		PrefixListIds    []prefixList `json:",omitempty"`
		UserIdGroupPairs []groupPair  `json:",omitempty"`
	}
	ipRange struct {
		CidrIp      string
		Description string `json:",omitempty"`
	}
	ipv6Range struct {
		CidrIpv6    string
		Description string `json:",omitempty"`
	}
	prefixList struct {
		PrefixListId string
		Description  string `json:",omitempty"`
	}
	groupPair struct {
		GroupId     string
		UserId      string `json:",omitempty"`
		Description string `json:",omitempty"`
	}
	tagSpecification struct {
		ResourceType string
		Tags         []tag
	}
	tag struct{ Key, Value string }
)

// authorize returns the calls that create the rules: one for each set of tags, because a call tags all rules that it
// creates alike.
func authorize(d direction, group action.Resource, rules []rule) ([]action.Call, error) {
	inputs := map[string]*authorizeInput{}
	for _, r := range rules {
		key := fmt.Sprintf("%q", pairs(r.Tags))
		in := inputs[key]
		if in == nil {
			in = &authorizeInput{GroupId: groupID(group)}
			if len(r.Tags) > 0 {
				in.TagSpecifications = []tagSpecification{{ResourceType: "security-group-rule", Tags: pairs(r.Tags)}}
			}
			inputs[key] = in
		}
		permission, err := newPermission(r)
		if err != nil {
			return nil, err
		}
		in.IpPermissions = append(in.IpPermissions, permission)
	}
	var calls []action.Call
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		call, err := newCall("AuthorizeSecurityGroup"+string(d), group.Account, group.Region, inputs[key])
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, nil
}

func newPermission(r rule) (ipPermission, error) {
	p := ipPermission{IpProtocol: r.Protocol, FromPort: r.FromPort, ToPort: r.ToPort}
	switch {
	case r.PrefixList != "":
		p.PrefixListIds = []prefixList{{r.PrefixList, r.Description}}
		return p, nil
	case r.Group != "":
		p.UserIdGroupPairs = []groupPair{{r.Group, r.GroupOwner, r.Description}}
		return p, nil
	}
	prefix, err := netip.ParsePrefix(r.CIDR)
	switch {
	case err != nil:
		return p, fault.New(fault.Invalid, "the stored rule %s has no network: %w", r, err)
	case prefix.Addr().Is4():
		p.IpRanges = []ipRange{{r.CIDR, r.Description}}
	default:
		p.Ipv6Ranges = []ipv6Range{{r.CIDR, r.Description}}
	}
	return p, nil
}

// pairs returns the tags sorted by key.
func pairs(tags map[string]string) []tag {
	out := make([]tag, 0, len(tags))
	for key, value := range tags {
		out = append(out, tag{key, value})
	}
	slices.SortFunc(out, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}
