package sandbox

import (
	"fmt"
	"net/netip"
	"slices"

	"riposte.dev/sandbox/wire"
)

// The quotas of IP sets and of the addresses in one
// (https://docs.aws.amazon.com/waf/latest/developerguide/limits.html).
const (
	maxIPSets      = 100
	maxIPAddresses = 10_000
)

func createIPSet(c *call) (wire.Object, error) {
	if err := c.checkScope(); err != nil {
		return nil, err
	}
	s, scope, name := c.ipSets(), c.in.str("Scope"), c.in.str("Name")
	scoped := 0
	for _, set := range s.sets {
		if set.scope != scope {
			continue
		}
		scoped++
		if set.name == name {
			return nil, wafDuplicate()
		}
	}
	if scoped >= maxIPSets {
		return nil, wafLimit()
	}
	addresses, err := wafAddresses(c.in.strs("Addresses"), c.in.str("IPAddressVersion"))
	if err != nil {
		return nil, err
	}
	set := &ipSet{
		id: c.sb.newUUID(), name: name, scope: scope, version: c.in.str("IPAddressVersion"), description: c.in.str("Description"),
		lock: c.sb.newUUID(), addresses: addresses, tags: map[string]string{},
	}
	set.arn = c.wafARN("ipset", scope, name, set.id)
	for _, t := range c.in.objects("Tags") {
		set.tags[t.str("Key")] = t.str("Value")
	}
	s.sets = append(s.sets, set)
	return wire.Object{"Summary": set.summary()}, nil
}

func (s *ipSet) summary() wire.Object {
	out := wire.Object{"Name": s.name, "Id": s.id, "LockToken": s.lock, "ARN": s.arn, "Description": s.description}
	return out
}

func getIPSet(c *call) (wire.Object, error) {
	set, err := c.ipSet()
	if err != nil {
		return nil, err
	}
	shown := wire.Object{
		"Name": set.name, "Id": set.id, "ARN": set.arn, "IPAddressVersion": set.version, "Addresses": strList(set.addresses),
		"Description": set.description, // empty where there is none, as which no call takes it
	}
	return wire.Object{"IPSet": shown, "LockToken": set.lock}, nil
}

// updateIPSet replaces the addresses and the description whole.
func updateIPSet(c *call) (wire.Object, error) {
	set, err := c.lockedIPSet()
	if err != nil {
		return nil, err
	}
	addresses, err := wafAddresses(c.in.strs("Addresses"), set.version)
	if err != nil {
		return nil, err
	}
	set.addresses, set.description, set.lock = addresses, c.in.str("Description"), c.sb.newUUID()
	return wire.Object{"NextLockToken": set.lock}, nil
}

func deleteIPSet(c *call) (wire.Object, error) {
	set, err := c.lockedIPSet()
	if err != nil {
		return nil, err
	}
	s := c.ipSets()
	s.sets = without(s.sets, set)
	return wire.Object{}, nil
}

func wafDuplicate() error {
	return wire.Errorf("WAFDuplicateItemException", "AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.")
}

func wafLimit() error {
	return wire.Errorf("WAFLimitsExceededException", "AWS WAF couldn’t perform the operation because you exceeded your resource limit.")
}

// wafAddresses are the networks as WAF answers them: each once, and those of
// IPv6 with every digit.
func wafAddresses(texts []string, version string) ([]string, error) {
	out := make([]string, 0, len(texts))
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 || p.Addr().Is4() != (version == "IPV4") {
			return nil, wafInvalid(fmt.Sprintf("Your IP address is not valid or doesn't match the IP address version., field: IP_ADDRESS, parameter: %s", text))
		}
		p = p.Masked()
		spelt := p.String()
		if p.Addr().Is6() {
			spelt = fmt.Sprintf("%s/%d", p.Addr().StringExpanded(), p.Bits())
		}
		out = append(out, spelt)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxIPAddresses {
		return nil, wafLimit()
	}
	return out, nil
}
