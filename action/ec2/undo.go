package ec2

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Undo plans to authorize the revoked rules again, with their descriptions and tags; AWS gives them new ids. Those that are
// back already are left. Where the group is gone, or has a rule that lets in the same with another description or other
// tags, that is a conflict and nothing is planned.
func (a *RevokeIngress) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	before, after, err := states(applied)
	if err != nil {
		return nil, err
	}
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := func(item action.Item) *action.Plan {
		return &action.Plan{Action: spec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{item}}
	}
	_, now, err := a.read(ctx, r.Account, r.Region, groupID(r))
	if fault.CodeOf(err) == fault.NotFound {
		undo.Status, undo.Reason = action.Conflict, "The group was deleted since, so its rules cannot be restored."
		return plan(undo), nil
	}
	if err != nil {
		return nil, err
	}
	if undo.Before, err = (state{now}).json(); err != nil {
		return nil, err
	}
	var back []rule
	for _, revoked := range without(before.Ingress, after.Ingress) {
		revoked.ID = ""
		present, there := find(now, revoked)
		switch {
		case !there:
			back = append(back, revoked)
		case !present.equal(revoked):
			undo.Status = action.Conflict
			undo.Reason = fmt.Sprintf("Somebody made the rule %s since, with another description or other tags than the one revoked.", present)
			return plan(undo), nil
		}
	}
	if undo.After, err = (state{append(slices.Clone(now), back...)}).json(); err != nil {
		return nil, err
	}
	if len(back) == 0 {
		undo.Status, undo.Reason = action.Unneeded, "All rules that were revoked are there again."
		return plan(undo), nil
	}
	undo.Status, undo.Reason = action.Change, fmt.Sprintf("Restores %s.", list(names(back), "and"))
	undo.Calls, err = authorize(groupID(r), r.Account, r.Region, back)
	if err != nil {
		return nil, err
	}
	return plan(undo), nil
}

// The input of AuthorizeSecurityGroupIngress, by AWS's names
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
		IpRanges         []ipRange   `json:",omitempty"`
		Ipv6Ranges       []ipv6Range `json:",omitempty"`
	}
	ipRange struct {
		CidrIp      string
		Description string `json:",omitempty"`
	}
	ipv6Range struct {
		CidrIpv6    string
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
func authorize(group, account, region string, rules []rule) ([]action.Call, error) {
	inputs := map[string]*authorizeInput{}
	for _, r := range rules {
		key := fmt.Sprintf("%q", pairs(r.Tags))
		in := inputs[key]
		if in == nil {
			in = &authorizeInput{GroupId: group}
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
		call, err := newCall("AuthorizeSecurityGroupIngress", account, region, inputs[key])
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, nil
}

func newPermission(r rule) (ipPermission, error) {
	p := ipPermission{IpProtocol: r.Protocol, FromPort: r.FromPort, ToPort: r.ToPort}
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
