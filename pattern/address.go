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
	if first := text[0]; first > 'f' || first < '.' {
		return netip.Addr{}, false
	}
	if addr, ok := parseIPv4(text); ok {
		return addr, true
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
	if !colon || dots {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(string(text))
	return addr.Unmap(), err == nil
}

func parseIPv4[T string | []byte](text T) (netip.Addr, bool) {
	if len(text) > len("255.255.255.255") {
		return netip.Addr{}, false
	}
	var quad [4]byte
	part, n, digits := 0, 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			if n, digits = n*10+int(c-'0'), digits+1; n > 255 {
				return netip.Addr{}, false
			}
		case c != '.' || digits == 0 || part == 3:
			return netip.Addr{}, false
		default:
			quad[part] = byte(n)
			part, n, digits = part+1, 0, 0
		}
	}
	quad[3] = byte(n)
	return netip.AddrFrom4(quad), part == 3 && digits > 0
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
