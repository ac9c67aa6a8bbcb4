package wafv2

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// permissions of both actions
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html).
var permissions = []string{"wafv2:GetIPSet", "wafv2:ListIPSets", "wafv2:ListTagsForResource", "wafv2:UpdateIPSet"}

// entry is one address in one set, which is to be there or not. Both actions are this, each the other's undo.
type entry struct {
	caller *awscall.Caller
	spec   action.Spec
	in     bool // what the action makes of it
	check  func(netip.Prefix) error
}

// Spec describes the action.
func (e entry) Spec() action.Spec { return e.spec }

// Plan looks at the set. An address that a wider network of the set contains is blocked already, and cannot be taken out
// alone: that is escalated. So is an address for which the set has no room.
func (e entry) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	t, err := parseTarget(req, e.check)
	if err != nil {
		return nil, err
	}
	if t.id == "" {
		if t.id, err = e.find(ctx, t); err != nil {
			return nil, err
		}
	}
	now, err := e.read(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.address.Addr().Is4() != (now.version == types.IPAddressVersionIpv4) {
		return nil, fault.New(fault.Invalid, "the IP set %s is for %s, and %s is not", t.name, now.version, t.address).
			WithHint("give a set for the address's version; AWS WAF keeps IPv4 and IPv6 apart")
	}
	item := action.Item{ID: t.arn() + "#" + t.address.String(), Resource: action.Resource{
		Type: "AWS::WAFv2::IPSet", ARN: t.arn(), Name: t.name, Account: t.account, Region: t.region,
	}}
	if item.Resource.Tags, err = e.tags(ctx, t); err != nil {
		return nil, err
	}
	item.Before = state{t.address.String(), now.has()}.json()
	item.After = item.Before
	item.Status, item.Reason = e.judge(now)
	if item.Status == action.Change {
		item.After, item.Calls = state{t.address.String(), e.in}.json(), []action.Call{t.update(e.in)}
	}
	return &action.Plan{Action: e.spec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// judge says what is to be done about the set as it is now.
func (e entry) judge(now ipSet) (action.Status, string) {
	wider, covered := now.wider()
	switch {
	case e.in && now.has():
		return action.Unneeded, fmt.Sprintf("%s is in the set already.", now.address)
	case e.in && covered:
		return action.Unneeded, fmt.Sprintf("The set has %s already, which contains %s.", wider, now.address)
	case e.in && len(now.addresses) >= maxAddresses:
		return action.Escalated, fmt.Sprintf("The set has %d addresses, and no room for %s: %s.", len(now.addresses), now.address, roomHint)
	case e.in:
		return action.Change, fmt.Sprintf("Adds %s to the %d addresses of the set. It is blocked where a rule blocks what is in the set.", now.address, len(now.addresses))
	case !now.has() && covered:
		return action.Escalated, fmt.Sprintf("The set has %s, which contains %s: a part of it cannot be taken out. Replace it by narrower networks.", wider, now.address)
	case !now.has():
		return action.Unneeded, fmt.Sprintf("%s is not in the set.", now.address)
	case covered:
		return action.Change, fmt.Sprintf("Takes %s out of the set, which still has %s.", now.address, wider)
	}
	return action.Change, fmt.Sprintf("Takes %s out of the %d addresses of the set.", now.address, len(now.addresses))
}

// Apply writes the set. Where somebody else writes it at the same time it looks again, a few times.
func (e entry) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, e.write)
}

// Verify looks whether the address is in the set, or not, as planned. WAF answers so before every place where the set is
// used has it.
func (e entry) Verify(ctx context.Context, item action.Item) error {
	t, after, err := stored(item, item.After)
	if err != nil {
		return err
	}
	now, err := e.read(ctx, t)
	if err != nil {
		return err
	}
	if now.has() != after.InSet {
		return action.ErrNotYet
	}
	return nil
}

// Undo plans the opposite. All other addresses stay. Where the set was deleted since, that is a conflict.
func (e entry) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	t, before, err := stored(applied, applied.Before)
	if err != nil {
		return nil, err
	}
	undo := action.Item{ID: applied.ID, Resource: applied.Resource}
	now, err := e.read(ctx, t)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		undo.Status, undo.Reason = action.Conflict, "The set was deleted since."
	case err != nil:
		return nil, err
	case now.has() == before.InSet:
		undo.Status, undo.Reason = action.Unneeded, fmt.Sprintf("%s is in the set or not as it was before already.", t.address)
		undo.Before, undo.After = before.json(), before.json()
	default:
		undo.Status, undo.Reason = action.Change, fmt.Sprintf("Takes %s out of the set again; all other addresses stay.", t.address)
		if before.InSet {
			undo.Reason = fmt.Sprintf("Puts %s back into the set; all other addresses stay.", t.address)
		}
		undo.Before, undo.After, undo.Calls = state{before.Address, now.has()}.json(), before.json(), []action.Call{t.update(before.InSet)}
	}
	return &action.Plan{Action: e.spec.Name, Account: t.account, Region: t.region, Items: []action.Item{undo}}, nil
}

// stored reads which address of which set an item is about, and one of its states.
func stored(item action.Item, raw json.RawMessage) (target, state, error) {
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return target{}, s, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", item.ID, err)
	}
	r := item.Resource
	parts := strings.Split(r.ARN[strings.LastIndexByte(r.ARN, ':')+1:], "/")
	address, err := parseAddress(s.Address)
	if len(parts) != 4 || err != nil {
		return target{}, s, fault.New(fault.Invalid, "the stored item %s is not about an address of an IP set", item.ID)
	}
	t := target{scope: types.ScopeRegional, name: parts[2], id: parts[3], account: r.Account, region: r.Region, address: address}
	if parts[0] == "global" {
		t.scope = types.ScopeCloudfront
	}
	return t, s, nil
}

func (e entry) client(ctx context.Context, t target) (*wafv2.Client, error) {
	cfg, err := e.caller.Config(ctx, t.account, t.region)
	if err != nil {
		return nil, err
	}
	return wafv2.NewFromConfig(cfg), nil
}
