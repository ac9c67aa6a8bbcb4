package detect

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"riposte.dev/event"
)

func TestReadThreatList(t *testing.T) {
	list, err := ReadThreatList("bad.txt", strings.NewReader(`# label: Bad hosts
# Source: https://example.com/bad.txt
; category: EXPLOIT_SITE

203.0.113.7
203.0.113.128/25   seen 2024-05-01  # scanner
2001:db8::/32 ; all of it
::ffff:198.51.100.1
# label: too late
203.0.113.9/24
`), ThreatList{})
	if err != nil {
		t.Fatal(err)
	}
	if list.Label != "Bad hosts" || list.Source != "https://example.com/bad.txt" || list.Category != "EXPLOIT_SITE" || len(list.Entries) != 5 {
		t.Errorf("list %+v", list)
	}
	if got := list.Entries[4].String(); got != "203.0.113.0/24" {
		t.Errorf("host bits were kept: %s", got)
	}
	if got := list.Entries[3].String(); got != "198.51.100.1/32" {
		t.Errorf("an IPv4 address in IPv6 notation is %s", got)
	}
	preset, err := ReadThreatList("bad.txt", strings.NewReader("# label: x\n192.0.2.1\n"), ThreatList{Label: "Ours"})
	if err != nil || preset.Label != "Ours" {
		t.Errorf("label %q, %v", preset.Label, err)
	}
}

func TestReadThreatListReportsEveryLine(t *testing.T) {
	_, err := ReadThreatList("bad.txt", strings.NewReader("192.0.2.1\nexample.com\n<html>\n0.0.0.0/0\n10.0.0.0/99\n"), ThreatList{})
	for _, want := range []string{`bad.txt:2:1: "example.com" is not an address`, `bad.txt:3:1: "<html>" is not`, `bad.txt:4:1: "0.0.0.0/0" holds every address`, `bad.txt:5:1: "10.0.0.0/99" is not a network`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := ReadThreatList("empty.txt", strings.NewReader("# nothing\n"), ThreatList{}); err == nil || !strings.Contains(err.Error(), "no entries") {
		t.Errorf("an empty list: %v", err)
	}
	if _, err := ReadThreatList("long.txt", strings.NewReader("192.0.2.1\n"+strings.Repeat("1", maxThreatLine+1)), ThreatList{}); err == nil {
		t.Error("a line without end was read")
	}
}

func TestThreatListsLookup(t *testing.T) {
	prefixes := func(texts ...string) (p []netip.Prefix) {
		for _, text := range texts {
			p = append(p, netip.MustParsePrefix(text))
		}
		return p
	}
	lists := NewThreatLists(
		ThreatList{Label: "wide", Entries: prefixes("203.0.113.0/24", "203.0.113.0/24")},
		ThreatList{Label: "narrow", Source: "https://example.com", Category: "EXPLOIT_SITE", Entries: prefixes("203.0.113.0/25", "203.0.113.0/24", "2001:db8::/32")},
	)
	if lists.Len() != 4 {
		t.Errorf("%d entries, want 4: one was twice in one list", lists.Len())
	}
	got := lists.Lookup(netip.MustParseAddr("203.0.113.7"))
	if len(got) != 2 || got[0] != (Threat{List: "narrow", Source: "https://example.com", Entry: "203.0.113.0/25", Category: "EXPLOIT_SITE"}) || got[1].List != "wide" {
		t.Errorf("threats %+v", got)
	}
	if got := lists.Lookup(netip.MustParseAddr("2001:db8:1::1")); len(got) != 1 || got[0].List != "narrow" {
		t.Errorf("IPv6: %+v", got)
	}
	if got := lists.Lookup(netip.MustParseAddr("192.0.2.1")); got != nil {
		t.Errorf("an innocent address: %+v", got)
	}
	lists.Set()
	if got := lists.Lookup(netip.MustParseAddr("203.0.113.7")); got != nil || lists.Len() != 0 {
		t.Errorf("after the lists were replaced: %+v", got)
	}
}

func TestServicesAreNoAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::1", "::ffff:192.0.2.1": "192.0.2.1", "fe80::1%eth0": "fe80::1",
		"cloudtrail.amazonaws.com": "", "AWS Internal": "", "": "",
	} {
		addr, ok := sourceAddress(&event.Record{SourceIPAddress: text})
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("%q is %v, %v; want %q", text, addr, ok, want)
		}
		var facts Facts
		lists := NewThreatLists(ThreatList{Entries: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("128.0.0.0/1")}})
		if err := lists.Enrich(context.Background(), &event.Record{SourceIPAddress: text}, "", &facts); err != nil {
			t.Error(err)
		}
		if (len(facts.Threats) > 0) != (ok && addr.Is4()) {
			t.Errorf("%q: threats %v", text, facts.Threats)
		}
	}
}

func FuzzReadThreatList(f *testing.F) {
	f.Add("192.0.2.1\n# label: x\n2001:db8::/32 note\n")
	f.Add("0.0.0.0/0")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ReadThreatList("f", strings.NewReader(text), ThreatList{})
		if err != nil {
			return
		}
		lists := NewThreatLists(list)
		for _, p := range list.Entries {
			if p.Bits() == 0 || p != p.Masked() || len(lists.Lookup(p.Addr())) == 0 {
				t.Fatalf("entry %s", p)
			}
		}
	})
}
