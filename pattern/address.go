package pattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseAddress reads an IP address the way the language does: four decimal numbers (leading zeros are decimal too), or
// IPv6 in hexadecimal groups without zone and without dots. An IPv4 address mapped into IPv6 is that IPv4 address.
func parseAddress[T string | []byte](text T) (netip.Addr, bool) {
	if len(text) < len("::") || len(text) > len("0000:0000:0000:0000:0000:0000:0000:0000") {
		return netip.Addr{}, false
	}
	colon, dots := false, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == ':':
			colon = true
		case c == '.':
			dots = true
		case '0' <= c && c <= '9':
		case 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
		default:
			return netip.Addr{}, false
		}
	}
	if !colon {
		return parseIPv4(string(text))
	}
	if dots {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(string(text))
	return addr.Unmap(), err == nil
}

func parseIPv4(text string) (netip.Addr, bool) {
	var quad [4]byte
	if len(text) > len("255.255.255.255") {
		return netip.Addr{}, false
	}
	for i := range quad {
		part, rest, found := strings.Cut(text, ".")
		if found != (i < 3) || part == "" {
			return netip.Addr{}, false
		}
		n := 0
		for j := range len(part) {
			if part[j] < '0' || part[j] > '9' {
				return netip.Addr{}, false
			}
			if n = n*10 + int(part[j]-'0'); n > 255 {
				return netip.Addr{}, false
			}
		}
		quad[i], text = byte(n), rest
	}
	return netip.AddrFrom4(quad), true
}

// parseCIDR reads "address/bits"; what and fix say what is wrong with it, "" if nothing is. Like event-ruler it refuses
// a mask of all bits: that is a single address.
func parseCIDR(text string) (block netip.Prefix, what, fix string) {
	base, mask, found := strings.Cut(text, "/")
	if !found || strings.IndexByte(mask, '/') >= 0 {
		return block, quoted(text) + " is not a CIDR block", `write "10.0.0.0/8" or "2001:db8::/32"`
	}
	addr, ok := parseAddress(base)
	if !ok {
		return block, quoted(base) + " is not an IP address", `write "10.0.0.0/8" or "2001:db8::/32"`
	}
	bits, err := strconv.ParseUint(mask, 10, 16)
	if err != nil {
		return block, quoted(mask) + " is not a number of mask bits", `write "10.0.0.0/8" or "2001:db8::/32"`
	}
	if int(bits) >= addr.BitLen() {
		return block, "a mask of " + mask + " bits is too long for " + quoted(base),
			"use at most " + strconv.Itoa(addr.BitLen()-1) + " bits; a single address is written as a plain string"
	}
	return netip.PrefixFrom(addr, int(bits)).Masked(), "", ""
}

// cidr is {"cidr": …}.
type cidr netip.Prefix

func (t cidr) holds(v *value) bool {
	addr, ok := v.asAddress()
	return ok && netip.Prefix(t).Contains(addr)
}

// addresses are the plain strings of a list that are IP addresses: they match by address, however it is written.
type addresses map[netip.Addr]struct{}

func (t addresses) holds(v *value) bool {
	addr, ok := v.asAddress()
	if !ok {
		return false
	}
	_, ok = t[addr]
	return ok
}
