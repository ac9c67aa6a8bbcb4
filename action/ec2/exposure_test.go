package ec2

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// open returns a rule that lets TCP in on the ports from the network; its id is the network with the ports.
func open(cidr string, from, to int32) rule {
	return rule{ID: fmt.Sprintf("%s:%d-%d", cidr, from, to), Protocol: "tcp", FromPort: from, ToPort: to, CIDR: cidr}
}

// complement returns the networks that make up everything but the hole.
func complement(everything, hole string) []rule {
	var out []rule
	target, gap := netip.MustParsePrefix(everything), netip.MustParsePrefix(hole)
	for target != gap {
		low, high := halves(target)
		in, other := low, high
		if high.Overlaps(gap) {
			in, other = high, low
		}
		out = append(out, open(other.String(), 22, 22))
		target = in
	}
	return out
}

func TestOffending(t *testing.T) {
	other := func(mutate func(*rule)) rule {
		r := open("0.0.0.0/0", 22, 22)
		mutate(&r)
		return r
	}
	ids := func(rules []rule) string {
		var out []string
		for _, r := range rules {
			out = append(out, r.ID)
		}
		return strings.Join(out, " ")
	}
	tests := []struct {
		name    string
		rules   []rule
		targets []netip.Prefix // nil: the world
		want    string         // ids; "all" for every rule
	}{
		{"none", nil, nil, ""},
		{"the world", []rule{open("0.0.0.0/0", 22, 22)}, nil, "all"},
		{"the world with bits of a host", []rule{open("198.51.100.7/0", 22, 22)}, nil, "all"},
		{"the world by IPv6", []rule{open("::/0", 3389, 3389)}, nil, "all"},
		{"both", []rule{open("0.0.0.0/0", 22, 22), open("::/0", 22, 22)}, nil, "all"},
		{"another port", []rule{open("0.0.0.0/0", 443, 443)}, nil, ""},
		{"a range that contains the port", []rule{open("0.0.0.0/0", 20, 25)}, nil, "all"},
		{"a range that begins with it", []rule{open("0.0.0.0/0", 3389, 4000)}, nil, "all"},
		{"a range that ends with it", []rule{open("0.0.0.0/0", 0, 22)}, nil, "all"},
		{"a range beside it", []rule{open("0.0.0.0/0", 23, 3388)}, nil, ""},
		{"every protocol", []rule{other(func(r *rule) { r.Protocol, r.FromPort, r.ToPort = "-1", -1, -1 })}, nil, "all"},
		{"TCP by number", []rule{other(func(r *rule) { r.Protocol = "6" })}, nil, "all"},
		{"UDP", []rule{other(func(r *rule) { r.Protocol = "udp" })}, nil, ""},
		{"ping", []rule{other(func(r *rule) { r.Protocol, r.FromPort, r.ToPort = "icmp", -1, -1 })}, nil, ""},
		{"an office", []rule{open("203.0.113.0/24", 22, 22)}, nil, ""},
		{"an office beside the world", []rule{open("203.0.113.0/24", 22, 22), open("0.0.0.0/0", 22, 22)}, nil, "0.0.0.0/0:22-22"},
		{"half of the world", []rule{open("0.0.0.0/1", 22, 22)}, nil, ""},
		{"two halves", []rule{open("0.0.0.0/1", 22, 22), open("128.0.0.0/1", 22, 22)}, nil, "all"},
		{"two halves on different ports", []rule{open("0.0.0.0/1", 22, 22), open("128.0.0.0/1", 3389, 3389)}, nil, ""},
		{"two halves in different ranges", []rule{open("0.0.0.0/1", 0, 22), open("128.0.0.0/1", 22, 80)}, nil, "all"},
		{"one half twice", []rule{open("0.0.0.0/1", 22, 22), open("0.0.0.0/1", 20, 30), open("128.0.0.0/1", 22, 22)}, nil, "all"},
		{"halves and an office", []rule{open("0.0.0.0/1", 22, 22), open("9.9.9.0/24", 22, 22), open("128.0.0.0/1", 22, 22)}, nil, "0.0.0.0/1:22-22 128.0.0.0/1:22-22"},
		{"the world and its halves", []rule{open("0.0.0.0/0", 22, 22), open("0.0.0.0/1", 22, 22), open("128.0.0.0/1", 22, 22)}, nil, "all"},
		{"halves of halves", []rule{open("0.0.0.0/2", 22, 22), open("64.0.0.0/2", 22, 22), open("128.0.0.0/1", 22, 22)}, nil, "all"},
		{"halves by IPv6", []rule{open("::/1", 22, 22), open("8000::/1", 22, 22)}, nil, "all"},
		{"half by each protocol", []rule{open("0.0.0.0/1", 22, 22), open("8000::/1", 22, 22)}, nil, ""},
		{"thirty-two pieces", append(complement("0.0.0.0/0", "8.8.8.8/32"), open("8.8.8.8/32", 22, 22)), nil, "all"},
		{"all but one address", complement("0.0.0.0/0", "8.8.8.8/32"), nil, ""},
		{"all but private addresses", complement("0.0.0.0/0", "10.0.0.0/8"), nil, "all"},
		{"all that IPv6 gives out", []rule{open("2000::/3", 22, 22)}, nil, "all"},
		{"private addresses beside the world", []rule{open("0.0.0.0/0", 22, 22), open("10.0.0.0/8", 22, 22), open("fc00::/7", 22, 22)}, nil, "0.0.0.0/0:22-22"},
		{"a prefix list", []rule{other(func(r *rule) { r.CIDR, r.PrefixList = "", "pl-1" })}, nil, ""},
		{"another group", []rule{other(func(r *rule) { r.CIDR, r.Group = "", "sg-1" })}, nil, ""},
		{"a network of one's own", []rule{open("10.0.0.0/8", 22, 22), open("10.1.0.0/16", 22, 22), open("192.168.0.0/16", 22, 22)}, prefixes("10.0.0.0/8"), "10.0.0.0/8:22-22"},
		{"in halves", []rule{open("10.0.0.0/9", 22, 22), open("10.128.0.0/9", 22, 22)}, prefixes("10.0.0.0/8"), "all"},
		{"by a wider one", []rule{open("0.0.0.0/0", 22, 22)}, prefixes("10.0.0.0/8"), "all"},
		{"a part of it", []rule{open("10.1.0.0/16", 22, 22)}, prefixes("10.0.0.0/8"), ""},
		{"one address", []rule{open("198.51.100.7/32", 22, 22), open("198.51.100.8/32", 22, 22)}, prefixes("198.51.100.7/32"), "198.51.100.7/32:22-22"},
		{"either of two", []rule{open("10.0.0.0/8", 22, 22), open("fd00::/8", 22, 22)}, prefixes("fd00::/8", "172.16.0.0/12"), "fd00::/8:22-22"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			targets, want := tt.targets, tt.want
			if targets == nil {
				targets = world
			}
			if want == "all" {
				want = ids(tt.rules)
			}
			if got := ids(offending(tt.rules, target{protocol: "tcp", ports: []int32{22, 3389}, networks: targets})); got != want {
				t.Errorf("offending = %q, want %q", got, want)
			}
		})
	}
}

func prefixes(cidrs ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, c := range cidrs {
		out = append(out, netip.MustParsePrefix(c))
	}
	return out
}

// Judged address by address in a network of 16: rules offend only where they open all of it, without them it is open no
// longer, and each of them has a part in it.
func TestOffendingIsExact(t *testing.T) {
	host := netip.MustParsePrefix("10.0.0.0/28")
	isOpen := func(rules []rule) bool {
		for addr := host.Addr(); host.Contains(addr); addr = addr.Next() {
			inside := false
			for _, r := range rules {
				inside = inside || netip.MustParsePrefix(r.CIDR).Contains(addr)
			}
			if !inside {
				return false
			}
		}
		return true
	}
	rapid.Check(t, func(t *rapid.T) {
		var rules []rule
		for i := range rapid.IntRange(0, 14).Draw(t, "rules") {
			bits := rapid.SampledFrom([]int{24, 28, 29, 29, 30, 30, 31, 32}).Draw(t, "bits")
			addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(rapid.IntRange(0, 31).Draw(t, "address"))})
			r := open(netip.PrefixFrom(addr, bits).Masked().String(), 22, 22)
			r.ID = fmt.Sprint(i)
			rules = append(rules, r)
		}
		bad := offending(rules, target{protocol: "tcp", ports: []int32{22}, networks: []netip.Prefix{host}})
		rest := without(rules, bad)
		if !isOpen(rules) && len(bad) > 0 || isOpen(rest) {
			t.Fatalf("of %v offend %v, which leaves it open: %v, was open: %v", rules, bad, isOpen(rest), isOpen(rules))
		}
		for _, r := range bad {
			if !netip.MustParsePrefix(r.CIDR).Overlaps(host) {
				t.Fatalf("%v is elsewhere", r)
			}
		}
	})
}
