package detect

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"riposte.dev/event"
)

// memoryNetworks is Networks in memory; it counts what it is asked to remember.
type memoryNetworks struct {
	first   map[string]time.Time // account and network, or account alone
	writes  int
	problem error
}

func (m *memoryNetworks) Seen(_ context.Context, account string, network netip.Prefix) (time.Time, time.Time, error) {
	return m.first[account+" "+network.String()], m.first[account], m.problem
}

func (m *memoryNetworks) Remember(_ context.Context, account string, network netip.Prefix, at time.Time) error {
	m.writes++
	for _, key := range []string{account, account + " " + network.String()} {
		if first, ok := m.first[key]; !ok || at.Before(first) {
			m.first[key] = at
		}
	}
	return m.problem
}

func from(address string, at time.Time) *event.Record {
	return &event.Record{SourceIPAddress: address, EventTime: at, RecipientAccountID: "111122223333"}
}

func TestNewNetwork(t *testing.T) {
	ctx := context.Background()
	store := &memoryNetworks{first: map[string]time.Time{}}
	n := NewNewNetwork(store, NewNetworkOptions{})
	status := func(address string, at time.Time) NetworkStatus {
		t.Helper()
		var facts Facts
		if err := n.Enrich(ctx, from(address, at), "111122223333", &facts); err != nil {
			t.Fatal(err)
		}
		return facts.Network
	}
	observe := func(address string, at time.Time) {
		t.Helper()
		if err := n.Observe(ctx, from(address, at)); err != nil {
			t.Fatal(err)
		}
	}
	day := 24 * time.Hour
	if got := status("192.0.2.10", noon); got != NetworkUnknown {
		t.Errorf("an account never heard of: %s", got)
	}
	observe("192.0.2.10", noon)
	if got := status("203.0.113.7", noon.Add(3*day)); got != NetworkUnknown {
		t.Errorf("while the account is learned: %s", got)
	}
	if got := status("192.0.2.99", noon.Add(8*day)); got != NetworkKnown {
		t.Errorf("another address of a known /24: %s", got)
	}
	if got := status("203.0.113.7", noon.Add(8*day)); got != NetworkNew {
		t.Errorf("a new /24: %s", got)
	}
	observe("203.0.113.7", noon.Add(8*day))
	if got := status("203.0.113.7", noon.Add(8*day)); got != NetworkNew {
		t.Errorf("the event that made it known, once more: %s", got)
	}
	if got := status("203.0.113.8", noon.Add(8*day+time.Hour)); got != NetworkNew {
		t.Errorf("an hour after the intruder's first call: %s", got)
	}
	if got := status("203.0.113.8", noon.Add(10*day)); got != NetworkKnown {
		t.Errorf("two days later: %s", got)
	}
	observe("2001:db8:1:2::1", noon)
	if got := status("2001:db8:1:ffff::9", noon.Add(10*day)); got != NetworkKnown {
		t.Errorf("another /64 of a known /48: %s", got)
	}
	if got := status("2001:db8:2::1", noon.Add(10*day)); got != NetworkNew {
		t.Errorf("a new /48: %s", got)
	}
	if got := status("AWS Internal", noon.Add(10*day)); got != "" {
		t.Errorf("a service: %s", got)
	}
}

func TestNetworksAreRememberedOnce(t *testing.T) {
	ctx := context.Background()
	store := &memoryNetworks{first: map[string]time.Time{}}
	n := NewNewNetwork(store, NewNetworkOptions{})
	for range 3 {
		if err := n.Observe(ctx, from("192.0.2.10", noon)); err != nil {
			t.Fatal(err)
		}
	}
	if store.writes != 1 {
		t.Errorf("%d writes for one network", store.writes)
	}
	refused := from("203.0.113.7", noon)
	refused.ErrorCode = "AccessDenied"
	if err := n.Observe(ctx, refused); err != nil || store.writes != 1 {
		t.Errorf("a stranger who was refused is known now (%v)", err)
	}
	store.problem = errDown
	if err := n.Observe(ctx, from("198.51.100.1", noon)); err == nil {
		t.Error("no error while the store is down")
	}
	store.problem = nil
	if err := n.Observe(ctx, from("198.51.100.1", noon)); err != nil || store.writes != 3 {
		t.Errorf("after a failure it was not tried again: %d writes, %v", store.writes, err)
	}
}

func TestFactsReachTheFinding(t *testing.T) {
	store := &memoryNetworks{first: map[string]time.Time{"111122223333": noon.Add(-30 * 24 * time.Hour)}}
	lists := NewThreatLists(ThreatList{Label: "Bad hosts", Source: "https://example.com/bad.txt", Category: "EXPLOIT_SITE",
		Entries: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	w := newWorld()
	e := w.engine(t, stopped, func(o *Options) { o.Enrichers = []Enricher{lists, NewNewNetwork(store, NewNetworkOptions{})} })
	env := stopLogging(t, "c1")
	if err := e.Handle(context.Background(), env, w.now); err != nil {
		t.Fatal(err)
	}
	f := one(t, w.found)
	if i := f.ThreatIntelIndicators; len(i) != 1 || i[0].Type != "IPV4_ADDRESS" || i[0].Value != "203.0.113.7" || i[0].Category != "EXPLOIT_SITE" ||
		i[0].Source != "Bad hosts" || i[0].SourceURL != "https://example.com/bad.txt" {
		t.Errorf("indicators %+v", i)
	}
	if f.ProductFields["riposte/NewNetwork"] != "new" || f.ProductFields["riposte/SourceNetwork"] != "203.0.113.0/24" ||
		f.ProductFields["riposte/ThreatList"] != "Bad hosts" || f.Network.SourceIPV4 != "203.0.113.7" {
		t.Errorf("fields %v, network %+v", f.ProductFields, f.Network)
	}
	if facts := e.Facts(context.Background(), env); facts.Network != NetworkNew || facts.Threats[0].List != "Bad hosts" || facts.Address != "203.0.113.7" {
		t.Errorf("facts for the message %+v", facts)
	}
	store.problem = errDown
	if err := e.Handle(context.Background(), stopLogging(t, "c2"), w.now.Add(time.Hour)); err == nil || len(w.found) != 2 {
		if _, later := isLater(err); !later {
			t.Errorf("an enrichment that fails: %v, %d findings", err, len(w.found))
		}
	}
	for _, f := range w.found {
		if text := f.ProductFields["riposte/EnrichmentError"]; text != "" && !strings.Contains(text, "new network: asking for the network of account 111122223333") {
			t.Errorf("enrichment error %q", text)
		}
	}
}
