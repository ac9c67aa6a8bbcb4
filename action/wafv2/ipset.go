package wafv2

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

const (
	// maxAddresses is how many one set holds (https://docs.aws.amazon.com/waf/latest/developerguide/limits.html).
	maxAddresses = 10_000
	// maxTries bounds how often a set is read and written again because somebody else wrote it in between.
	maxTries = 5
)

// ipSet is a set as it is now.
type ipSet struct {
	target
	version     types.IPAddressVersion
	description *string
	lock        *string
	texts       []string       // as WAF has them
	addresses   []netip.Prefix // the same, to compare: WAF spells IPv6 with every digit
}

// find returns the id of the set with the target's name. A scope has no two of one name.
func (e entry) find(ctx context.Context, t target) (string, error) {
	client, err := e.client(ctx, t)
	if err != nil {
		return "", err
	}
	in := &wafv2.ListIPSetsInput{Scope: t.scope, Limit: aws.Int32(50)}
	for {
		page, err := client.ListIPSets(ctx, in)
		if err != nil {
			return "", awscall.Fault(err, "wafv2:ListIPSets", "look for the IP set %s", t.name)
		}
		for _, set := range page.IPSets {
			if aws.ToString(set.Name) == t.name {
				return aws.ToString(set.Id), nil
			}
		}
		if in.NextMarker = page.NextMarker; in.NextMarker == nil {
			return "", fault.New(fault.NotFound, "account %s has no IP set %s of the scope %s in %s", t.account, t.name, t.scope, t.region).
				WithHint("make it, and a rule of a web ACL that blocks what is in it: aws wafv2 create-ip-set --name %s --scope %s --region %s --ip-address-version IPV4 --addresses",
					t.name, t.scope, t.region)
		}
	}
}

// read reads the set.
func (e entry) read(ctx context.Context, t target) (ipSet, error) {
	client, err := e.client(ctx, t)
	if err != nil {
		return ipSet{}, err
	}
	out, err := client.GetIPSet(ctx, &wafv2.GetIPSetInput{Id: &t.id, Name: &t.name, Scope: t.scope})
	var missing *types.WAFNonexistentItemException
	if errors.As(err, &missing) {
		gone := fault.New(fault.NotFound, "account %s has no IP set %s with the id %s in %s", t.account, t.name, t.id, t.region).
			WithHint("it was deleted, or its name, id, scope or region is another: aws wafv2 list-ip-sets shows them")
		gone.Err = err
		return ipSet{}, gone
	}
	if err != nil {
		return ipSet{}, awscall.Fault(err, "wafv2:GetIPSet", "read the IP set %s", t.name)
	}
	s := ipSet{target: t, version: out.IPSet.IPAddressVersion, description: out.IPSet.Description, lock: out.LockToken, texts: out.IPSet.Addresses}
	for _, text := range s.texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return ipSet{}, fault.New(fault.Invalid, "the IP set %s has the address %.100q, which is none: %w", t.name, text, err)
		}
		s.addresses = append(s.addresses, p.Masked())
	}
	return s, nil
}

// tags reads the set's tags, so that the guard can decide by them.
func (e entry) tags(ctx context.Context, t target) (map[string]string, error) {
	client, err := e.client(ctx, t)
	if err != nil {
		return nil, err
	}
	var out map[string]string
	in := &wafv2.ListTagsForResourceInput{ResourceARN: aws.String(t.arn())}
	for {
		page, err := client.ListTagsForResource(ctx, in)
		if err != nil {
			return nil, awscall.Fault(err, "wafv2:ListTagsForResource", "read the tags of the IP set %s", t.name)
		}
		if page.TagInfoForResource != nil {
			for _, tag := range page.TagInfoForResource.TagList {
				if out == nil {
					out = map[string]string{}
				}
				out[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
		}
		if in.NextMarker = page.NextMarker; in.NextMarker == nil {
			return out, nil
		}
	}
}

// has reports whether the set has exactly the target's network.
func (s ipSet) has() bool { return slices.Contains(s.addresses, s.address) }

// wider returns a network of the set that contains the target's and more.
func (s ipSet) wider() (netip.Prefix, bool) {
	i := slices.IndexFunc(s.addresses, func(p netip.Prefix) bool { return p.Bits() < s.address.Bits() && p.Overlaps(s.address) })
	if i < 0 {
		return netip.Prefix{}, false
	}
	return s.addresses[i], true
}

// with returns the addresses with or without the target's, the others as WAF has them.
func (s ipSet) with(in bool) []string {
	out := make([]string, 0, len(s.texts)+1)
	for i, text := range s.texts {
		if s.addresses[i] != s.address {
			out = append(out, text)
		}
	}
	if in {
		out = append(out, s.address.String())
	}
	return out
}

// state is the part of a set's state that matters here.
type state struct {
	Address string `json:"address"`
	InSet   bool   `json:"in_set"`
}

func (s state) json() json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("wafv2: a string and a boolean are not JSON: " + err.Error())
	}
	return raw
}

// input is what a planned call shows of UpdateIPSet's input (see the package comment).
type input struct {
	Name   string
	Scope  types.Scope
	Id     string
	Add    []string `json:",omitempty"`
	Remove []string `json:",omitempty"`
}

// update returns the call that puts the target's address into the set, or takes it out.
func (t target) update(in bool) action.Call {
	planned := input{Name: t.name, Scope: t.scope, Id: t.id}
	if in {
		planned.Add = []string{t.address.String()}
	} else {
		planned.Remove = []string{t.address.String()}
	}
	raw, err := json.Marshal(planned)
	if err != nil {
		panic("wafv2: the names of a set are not JSON: " + err.Error())
	}
	return action.Call{Service: "wafv2", Operation: "UpdateIPSet", Account: t.account, Region: t.region, Input: raw}
}

// write makes the call: it reads the set, and writes all its addresses with or without the one. Where somebody else wrote
// the set in between it begins anew; after maxTries that is fault.Throttled, which a later try may get past. A set that is
// as wanted is not written.
func (e entry) write(ctx context.Context, call action.Call) error {
	planned, err := awscall.Input[input](call)
	if err != nil {
		return err
	}
	in := len(planned.Add) == 1
	addresses := append(planned.Add, planned.Remove...)
	if call.Operation != "UpdateIPSet" || len(addresses) != 1 {
		return fault.New(fault.Invalid, "%s makes no call %s:%s with %d addresses", e.spec.Name, call.Service, call.Operation, len(addresses))
	}
	t := target{id: planned.Id, name: planned.Name, scope: planned.Scope, account: call.Account, region: call.Region}
	if t.address, err = parseAddress(addresses[0]); err != nil {
		return fault.New(fault.Invalid, "the planned address %.100q %w", addresses[0], err)
	}
	client, err := e.client(ctx, t)
	if err != nil {
		return err
	}
	for range maxTries {
		now, err := e.read(ctx, t)
		if err != nil || now.has() == in {
			return err
		}
		update := &wafv2.UpdateIPSetInput{Id: &t.id, Name: &t.name, Scope: t.scope, LockToken: now.lock, Addresses: now.with(in)}
		if aws.ToString(now.description) != "" { // WAF shows an empty one where there is none, and refuses it
			update.Description = now.description
		}
		_, err = client.UpdateIPSet(ctx, update)
		var locked *types.WAFOptimisticLockException
		var full *types.WAFLimitsExceededException
		switch {
		case errors.As(err, &locked):
			continue
		case errors.As(err, &full):
			return fault.New(fault.Invalid, "the IP set %s has no room for %s: %w", t.name, t.address, err).WithHint("%s", roomHint)
		}
		return awscall.Fault(err, "wafv2:UpdateIPSet", "write the IP set %s", t.name)
	}
	return fault.New(fault.Throttled, "the IP set %s was written by somebody else each of %d times", t.name, maxTries).
		WithHint("try again; look at what writes it so often")
}

const roomHint = "take addresses out that need not be blocked any more, or use a further set"
