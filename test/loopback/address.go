// Package loopback gives tests addresses that stay theirs.
package loopback

import (
	"math/rand/v2"
	"net/netip"
)

// Address is one on which a server can listen, end and listen again. It has an IP of the loopback network (127.0.0.0/8, all of which
// Linux listens on) that nobody else uses: a port that was free a moment ago on 127.0.0.1 is given to the next program that asks.
func Address() netip.AddrPort {
	n := rand.Uint32()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(1 + n%254), byte(n >> 8), byte(1 + n>>16%254)}), 7411)
}
