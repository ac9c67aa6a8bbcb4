package pattern

import (
	"errors"
	"fmt"
	"net/netip"
)

// match is the working memory of one match.
type match struct {
	facts   facts
	watch   watch
	names   []string
	failed  []error
	round   uint32
	decided []uint32 // by rule: the round in which it was decided
	found   []uint32 // by name: the round in which it was found to match
	visited []uint32 // by source: the round in which its clauses were looked at

	alive, left, one, marks bitset // of partitions and columns
	asked                   []asked
	postings, more          []*posting

	parsed    *value // whose address is known
	addr      netip.Addr
	isAddress bool
}

// run appends the names of the rules that the event matches.
func (w *match) run(names []string, event []byte, r *rules, trusted bool) ([]string, error) {
	f := &w.facts
	w.begin(names, r)
	w.beginWatch(r, trusted)
	if err := f.read(event, &r.fields, w); err != nil {
		return names, err
	}
	if w.watch.stopped && !w.watch.hopeful {
		return names, nil
	}
	for i := f.fields[r.source].first; i >= 0; i = f.values[i].next {
		if v := &f.values[i]; v.kind == stringKind {
			if p := r.sources.get(v.text, v.hashed()); p != nil && w.visited[p.number] != w.round {
				w.visited[p.number] = w.round
				p.decide(w)
			}
		}
	}
	r.others.decide(w)
	names, w.names = w.names, nil
	return names, errors.Join(w.failed...)
}

// begin starts a round in which no rule was looked at.
func (w *match) begin(names []string, r *rules) {
	if w.round++; w.round == 0 { // after 2^32 rounds old marks would look new
		clear(w.decided)
		clear(w.found)
		clear(w.visited)
		clear(w.watch.known)
		clear(w.watch.hunted)
		w.round = 1
	}
	w.decided = roomFor(w.decided, r.ruleIDs.top)
	w.found = roomFor(w.found, r.namedIDs.top)
	w.visited = roomFor(w.visited, r.partIDs.top)
	w.names, w.failed, w.parsed = names, nil, nil
}

// roomFor returns marks with room for the numbers below top.
func roomFor(marks []uint32, top int32) []uint32 {
	if more := int(top) - len(marks); more > 0 {
		marks = append(marks, make([]uint32, more)...)
	}
	return marks
}

// try decides a clause that was found directly.
func (w *match) try(d direct) {
	if w.decided[d.rule] != w.round && w.facts.allPossible(d.needs) {
		w.decide(d.clause)
	}
}

// trySlot decides a clause that columns left over.
func (w *match) trySlot(c *clause) {
	if w.decided[c.number] == w.round {
		return
	}
	if c.present(&w.facts) && (c.exact || w.facts.allPossible(c.needs)) {
		w.decide(c)
	}
}

// decide decides the rule of a clause that holds if array elements are not regarded.
func (w *match) decide(c *clause) {
	r := c.rule
	if !c.whole || len(w.facts.elements) > 1 {
		w.decided[r.number] = w.round
		one := evaluation{p: r.pattern, f: &w.facts, fields: r.fields}
		yes, err := one.match()
		if err != nil {
			w.failed = append(w.failed, fmt.Errorf("pattern %q: %w", r.name.name, err))
		}
		if !yes {
			return
		}
	}
	w.decided[r.number] = w.round
	if w.found[r.name.number] != w.round {
		w.found[r.name.number] = w.round
		w.names = append(w.names, r.name.name)
	}
}

// address is v.asAddress; several partitions ask it of one value.
func (w *match) address(v *value) (netip.Addr, bool) {
	if w.parsed != v {
		w.parsed = v
		w.addr, w.isAddress = v.asAddress()
	}
	return w.addr, w.isAddress
}
