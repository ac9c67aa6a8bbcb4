package detect

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// NetworkStatus says whether an account is known to be used from a network.
type NetworkStatus string

const (
	NetworkKnown   NetworkStatus = "known"   // calls came from there before
	NetworkNew     NetworkStatus = "new"     // the first successful call from there is less than a day old
	NetworkUnknown NetworkStatus = "unknown" // the account is still being learned
)

// Networks is where it rests which networks an account was used from. Both methods may fail with a retryable error.
type Networks interface {
	// Seen returns when the account was first used from the network (zero: never), and when the account was first
	// heard of at all (zero: never).
	Seen(ctx context.Context, account string, network netip.Prefix) (networkFirst, accountFirst time.Time, err error)
	// Remember keeps the earliest time at which the account was used from the network; the same again is a no-op.
	Remember(ctx context.Context, account string, network netip.Prefix, at time.Time) error
}

// Defaults of NewNetworkOptions.
const (
	DefaultLearning = 7 * 24 * time.Hour
	DefaultNewFor   = 24 * time.Hour
)

// NewNetworkOptions are the periods of the new-network enrichment; zero values mean the defaults.
type NewNetworkOptions struct {
	Learning time.Duration // an account's first days, in which every network would be new
	NewFor   time.Duration // how long a network counts as new: an intruder's first call is seldom the one that matters
}

// NewNetwork tells whether a call came from a network that the account was not used from before: the /24 of an IPv4
// address, the /48 of an IPv6 address. It is an Enricher, and an Observer of every event, because what is usual is learned
// from what raises no alarm. Failed calls teach nothing: a stranger who is refused is still a stranger.
type NewNetwork struct {
	networks Networks
	opts     NewNetworkOptions

	mu    sync.Mutex
	known map[seenNetwork]struct{} // remembered by this process, so that the store is asked once
}

type seenNetwork struct {
	account string
	network netip.Prefix
}

// maxKnown bounds the process's own memory of networks; over it, it starts again.
const maxKnown = 100_000

var (
	_ Enricher = (*NewNetwork)(nil)
	_ Observer = (*NewNetwork)(nil)
)

// NewNewNetwork returns the enrichment over a store.
func NewNewNetwork(networks Networks, opts NewNetworkOptions) *NewNetwork {
	if opts.Learning <= 0 {
		opts.Learning = DefaultLearning
	}
	if opts.NewFor <= 0 {
		opts.NewFor = DefaultNewFor
	}
	return &NewNetwork{networks: networks, opts: opts, known: map[seenNetwork]struct{}{}}
}

// Name says what the enricher does, for errors.
func (n *NewNetwork) Name() string { return "new network" }

// Observe remembers the network of a successful call.
func (n *NewNetwork) Observe(ctx context.Context, r *event.Record) error {
	addr, ok := sourceAddress(r)
	if !ok || r.ErrorCode != "" {
		return nil
	}
	seen := seenNetwork{account: r.Account(), network: network(addr)}
	n.mu.Lock()
	_, known := n.known[seen]
	n.mu.Unlock()
	if known {
		return nil
	}
	if err := n.networks.Remember(ctx, seen.account, seen.network, r.EventTime); err != nil {
		return fault.New(fault.CodeOf(err), "remembering the network of account %s: %w", seen.account, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxKnown {
		clear(n.known)
	}
	n.known[seen] = struct{}{}
	return nil
}

// Enrich sets the facts' network. Whether the event itself was already remembered makes no difference: new is what was
// first used less than NewFor before it.
func (n *NewNetwork) Enrich(ctx context.Context, r *event.Record, account string, facts *Facts) error {
	addr, ok := sourceAddress(r)
	if !ok {
		return nil
	}
	prefix := network(addr)
	facts.Prefix, facts.Network = prefix.String(), NetworkUnknown
	networkFirst, accountFirst, err := n.networks.Seen(ctx, account, prefix)
	if err != nil {
		return fault.New(fault.CodeOf(err), "asking for the network of account %s: %w", account, err)
	}
	switch {
	case accountFirst.IsZero() || r.EventTime.Sub(accountFirst) < n.opts.Learning:
	case networkFirst.IsZero() || r.EventTime.Sub(networkFirst) < n.opts.NewFor:
		facts.Network = NetworkNew
	default:
		facts.Network = NetworkKnown
	}
	return nil
}
