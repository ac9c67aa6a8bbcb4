package ec2

import (
	"net/netip"
	"slices"
)

// world is what a port must not be open to unless the parameters say otherwise.
var world = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// unroutable are the networks from which nobody in the Internet can come
// (https://www.iana.org/assignments/iana-ipv4-special-registry, …/ipv6-address-space: only 2000::/3 is given out). Rules
// that leave them out are as open to the world as those that don't.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/3"), netip.MustParsePrefix("4000::/2"), netip.MustParsePrefix("8000::/1"),
	netip.MustParsePrefix("2001:db8::/32"),
}

// offending returns the rules that open one of the ports to one of the targets, in their order: those that do alone, and
// those that do together. Rules that only repeat a part of what others open are not among them, so that a rule for one
// office beside one for the world stays.
func offending(rules []rule, t target) []rule {
	found := map[int]bool{}
	for _, port := range t.ports {
		for _, network := range t.networks {
			for _, i := range exposing(rules, t.protocol, port, network) {
				found[i] = true
			}
		}
	}
	var out []rule
	for i, r := range rules {
		if found[i] {
			out = append(out, r)
		}
	}
	return out
}

// source is a rule's network, with the rule's index.
type source struct {
	prefix netip.Prefix
	rule   int
}

// exposing returns the indexes of the rules that open the port to the target: first those that leave nothing out, then, for
// the world, those that leave out only what nobody comes from.
func exposing(rules []rule, protocol string, port int32, target netip.Prefix) []int {
	var left []source
	for i, r := range rules {
		prefix, err := netip.ParsePrefix(r.CIDR)
		if err != nil || !r.opens(protocol, port) || !prefix.Overlaps(target) {
			continue // no CIDR: a prefix list or a group
		}
		left = append(left, source{prefix.Masked(), i})
	}
	pieces, left := peel(left, target, nil)
	if target.Bits() == 0 {
		more, _ := peel(left, target, unroutable)
		pieces = append(pieces, more...)
	}
	return pieces
}

// peel takes from the sources those that cover the target together with the ignored networks, until the rest doesn't. CIDRs
// nest or are apart, so of those that cover the target the widest are the pieces that it is made of, and no other choice
// exists; what is narrower may cover it once more.
func peel(left []source, target netip.Prefix, ignored []netip.Prefix) (pieces []int, rest []source) {
	for {
		networks := make([]netip.Prefix, 0, len(left)+len(ignored))
		for _, s := range left {
			networks = append(networks, s.prefix)
		}
		if !covered(target, append(networks, ignored...)) {
			return pieces, left
		}
		var narrower []source
		for _, s := range left {
			if slices.ContainsFunc(networks, func(n netip.Prefix) bool { return wider(n, s.prefix) }) ||
				slices.ContainsFunc(ignored, func(n netip.Prefix) bool { return n == s.prefix || wider(n, s.prefix) }) {
				narrower = append(narrower, s)
				continue
			}
			pieces = append(pieces, s.rule)
		}
		left = narrower
	}
}

// covered reports whether the networks together contain the whole target. It halves the target until a network contains
// the part or none overlaps it: as deep as the longest prefix, and only where networks are.
func covered(target netip.Prefix, networks []netip.Prefix) bool {
	var inside []netip.Prefix
	for _, n := range networks {
		if n == target || wider(n, target) {
			return true
		}
		if n.Overlaps(target) {
			inside = append(inside, n)
		}
	}
	if len(inside) == 0 {
		return false
	}
	low, high := halves(target)
	return covered(low, inside) && covered(high, inside)
}

// wider reports whether a contains b and more.
func wider(a, b netip.Prefix) bool {
	return a.Bits() < b.Bits() && a.Overlaps(b)
}

// halves splits a network in two. It has more than one address, for only such a one can contain another without being it.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits() + 1
	raw := p.Addr().AsSlice()
	raw[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	upper, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(upper, bits)
}
