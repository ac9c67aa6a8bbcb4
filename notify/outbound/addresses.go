package outbound

import (
	"net/netip"
	"slices"
)

// never are the addresses that are no server of anybody's, and those where clouds hand out credentials
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry).
var never = prefixes(
	"0.0.0.0/8",          // this host
	"169.254.0.0/16",     // link-local: metadata of AWS (also ECS and EKS), Azure, Google
	"100.100.100.200/32", // metadata of Alibaba
	"168.63.129.16/32",   // Azure's wire server
	"192.0.0.0/24",       // protocol assignments; metadata of Oracle
	"224.0.0.0/4", "240.0.0.0/4",
	"::/128", "fe80::/10", "fec0::/10", "ff00::/8",
	"2001::/32",              // Teredo, RFC 4380: ends at an IPv4 address that nobody here has checked
	"fd00:ec2::/32",          // metadata, DNS and time of AWS
	"fd20:ce::254/128",       // metadata of Google
	"fd00:c1::a9fe:a9fe/128", // metadata of Oracle
)

// private are addresses of one's own network, which are a choice.
var private = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7",
	"100.64.0.0/10",  // shared address space, RFC 6598
	"198.18.0.0/15",  // benchmarks, RFC 2544
	"64:ff9b:1::/48", // NAT64 of one's own, RFC 8215
)

// Prefixes that carry an IPv4 address in an IPv6 one, and the byte where it begins.
var carriers = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64, RFC 6052
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // IPv4-translated, RFC 2765
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible, RFC 4291
}

// reached is the address at which a connection to ip ends.
func reached(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() || ip == netip.IPv6Loopback() || ip == netip.IPv6Unspecified() {
		return ip
	}
	for _, c := range carriers {
		if c.prefix.Contains(ip) {
			b := ip.As16()
			return netip.AddrFrom4([4]byte(b[c.at : c.at+4]))
		}
	}
	return ip
}

func in(ip netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}
