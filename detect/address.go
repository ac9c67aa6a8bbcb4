package detect

import (
	"net/netip"

	"riposte.dev/event"
)

// sourceAddress returns where a call came from. A service's name ("cloudtrail.amazonaws.com", "AWS Internal") is no
// address (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
// sourceIPAddress).
func sourceAddress(r *event.Record) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(r.SourceIPAddress)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

// network is what counts as one network: the /24 of an IPv4 address, the /48 of an IPv6 address.
func network(addr netip.Addr) netip.Prefix {
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil { // neither IPv4 nor IPv6: not from ParseAddr
		return netip.Prefix{}
	}
	return prefix
}
