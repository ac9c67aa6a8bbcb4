package detect

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gaissmai/bart"

	"riposte.dev/conf"
	"riposte.dev/event"
)

// ThreatList is a list of addresses that somebody warns of.
type ThreatList struct {
	Label    string // for people, such as the list's name
	Source   string // where it comes from, a URL; may be ""
	Category string // an ASFF category such as COMMAND_AND_CONTROL; may be ""
	Entries  []netip.Prefix
}

// maxThreatLine bounds a line of a list.
const maxThreatLine = 4096

// ReadThreatList reads a list: an address or a network in CIDR notation a line, anything after it is ignored; # and ;
// begin a comment. Comments before the first entry may name the list: "# label: …", "# source: …", "# category: …"; what
// the caller has set counts more. name is the file's, for messages. Every wrong line is reported, as conf.Problems; a
// list without entries is wrong, because it is more likely an error page than peace on earth.
func ReadThreatList(name string, r io.Reader, preset ThreatList) (ThreatList, error) {
	list, problems := preset, conf.Problems{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxThreatLine), maxThreatLine)
	n := 0
	for lines.Scan() {
		n++
		text, comment := cutComment(lines.Text())
		if text == "" {
			if len(list.Entries) == 0 {
				header(&list, comment)
			}
			continue
		}
		prefix, err := parsePrefix(strings.Fields(text)[0])
		if err != nil {
			problems = append(problems, conf.Problem{Position: conf.Position{File: name, Line: n, Col: 1}, Message: err.Error(),
				Hint: "write one address or network a line, such as 203.0.113.7 or 203.0.113.0/24"})
			continue
		}
		list.Entries = append(list.Entries, prefix)
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, conf.Problem{Position: conf.Position{File: name, Line: n + 1}, Message: err.Error()})
	}
	if len(list.Entries) == 0 && len(problems) == 0 {
		problems = append(problems, conf.Problem{Position: conf.Position{File: name}, Message: "the threat list has no entries",
			Hint: "remove the file, or check what wrote it"})
	}
	if list.Label == "" {
		list.Label = name
	}
	return list, problems.Err()
}

func cutComment(line string) (text, comment string) {
	if at := strings.IndexAny(line, "#;"); at >= 0 {
		return strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
	}
	return strings.TrimSpace(line), ""
}

// header takes the list's own description from a comment, where the caller gave none.
func header(list *ThreatList, comment string) {
	key, value, ok := strings.Cut(comment, ":")
	if !ok {
		return
	}
	target := map[string]*string{"label": &list.Label, "source": &list.Source, "category": &list.Category}[strings.ToLower(strings.TrimSpace(key))]
	if target != nil && *target == "" {
		*target = strings.TrimSpace(value)
	}
}

func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is not an address", text)
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network", text)
	}
	if prefix.Bits() == 0 {
		return netip.Prefix{}, fmt.Errorf("%q holds every address", text)
	}
	return prefix.Masked(), nil
}

// ThreatLists tells which lists hold an address. It is an Enricher; Set replaces the lists at once while others read.
type ThreatLists struct {
	table atomic.Pointer[threatTable]
}

type threatTable struct {
	prefixes bart.Table[[]int] // which lists hold the prefix
	lists    []ThreatList
	entries  int
}

var _ Enricher = (*ThreatLists)(nil)

// NewThreatLists returns an enricher over the lists.
func NewThreatLists(lists ...ThreatList) *ThreatLists {
	t := &ThreatLists{}
	t.Set(lists...)
	return t
}

// Set replaces all lists.
func (t *ThreatLists) Set(lists ...ThreatList) {
	table := &threatTable{lists: slices.Clone(lists)}
	for i, list := range table.lists {
		for _, prefix := range list.Entries {
			table.prefixes.Modify(prefix, func(holders []int, _ bool) ([]int, bool) {
				if slices.Contains(holders, i) {
					return holders, false
				}
				table.entries++
				return append(slices.Clip(holders), i), false
			})
		}
		table.lists[i].Entries = nil // the table has them now
	}
	t.table.Store(table)
}

// Len is the number of entries over all lists.
func (t *ThreatLists) Len() int { return t.table.Load().entries }

// Name says what the enricher does, for errors.
func (t *ThreatLists) Name() string { return "threat lists" }

// Lookup returns the lists that hold the address, each with its narrowest entry.
func (t *ThreatLists) Lookup(addr netip.Addr) []Threat {
	table := t.table.Load()
	var threats []Threat
	known := map[int]bool{}
	host := netip.PrefixFrom(addr, addr.BitLen())
	for prefix, holders := range table.prefixes.Supernets(host) { // narrowest first
		for _, i := range holders {
			if !known[i] {
				known[i] = true
				list := table.lists[i]
				threats = append(threats, Threat{List: list.Label, Source: list.Source, Entry: prefix.String(), Category: list.Category})
			}
		}
	}
	return threats
}

// Enrich looks the call's source address up.
func (t *ThreatLists) Enrich(_ context.Context, r *event.Record, _ string, facts *Facts) error {
	if addr, ok := sourceAddress(r); ok {
		facts.Threats = append(facts.Threats, t.Lookup(addr)...)
	}
	return nil
}
