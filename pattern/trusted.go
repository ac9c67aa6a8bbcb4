package pattern

import "bytes"

// watch follows the reading of a trusted event and says when nothing that is still to come can change the answer: every
// clause is refuted by fields that are known, or needs no other. A field is known by its value, or as absent: its key is
// nowhere in the rest of the event.
type watch struct {
	on      bool
	stopped bool // the rest of the event does not matter
	hopeful bool // a clause may hold; else no pattern matches
	plain   bool // the rest of the event has no escapes
	rules   *rules
	source  *partition // of the event's source, once it is known; nil if no clause asks for it
	rest    []byte     // of the event
	fields  []int32    // known: they have one value, outside of elements, or none
	known   []uint32   // by field: the round in which it became known
	hunted  []uint32   // by field: the round in which its key was looked for
	waiting int32      // a field without which there is no answer, noField for any
	tries   int        // left
	hunts   int        // left
	looks   int        // left
}

const (
	// maxTries is how often one event's clauses are looked at before it has been read. Each costs up to as much as the end.
	maxTries = 8
	// maxLooks is how many values are looked up and clauses looked at for one event before it has been read.
	maxLooks = 40
	// maxHunts is how many keys are looked for in the rest of one event.
	maxHunts = 5
	// hopeless is how many clauses of a partition may still hold for another try to be of use.
	hopeless = 16
)

func (w *match) beginWatch(r *rules, on bool) {
	x := &w.watch
	x.on, x.stopped, x.plain, x.rules, x.source, x.fields, x.waiting = on, false, false, r, nil, x.fields[:0], r.source
	x.tries, x.hunts, x.looks = maxTries, maxHunts, maxLooks
	x.known, x.hunted = roomFor(x.known, int32(len(r.fields.names))), roomFor(x.hunted, int32(len(r.fields.names)))
}

// enough takes note that the field is known now and reports whether the rest of the event does not matter.
func (w *match) enough(field int32, rest []byte) bool {
	x := &w.watch
	x.known[field] = w.round
	x.fields = append(x.fields, field)
	if field == x.rules.source {
		if v := &w.facts.values[w.facts.fields[field].first]; v.kind == stringKind {
			x.source = x.rules.sources.get(v.text, v.hashed())
		}
	}
	for x.known[x.waiting] == w.round {
		x.rest, x.hopeful = rest, false
		if x.waiting = w.unanswered(x.source); x.waiting == noField {
			x.waiting = w.unanswered(&x.rules.others)
		}
		if x.waiting == noField {
			x.stopped = true
			return true
		}
		if x.tries--; x.tries == 0 || x.looks < 0 {
			x.on = false
			return false
		}
	}
	return false
}

// unanswered returns a field that may still change what the clauses of p say; noField if there is none.
func (w *match) unanswered(p *partition) int32 {
	if p == nil {
		return noField
	}
	x := &w.watch
	for _, col := range p.finders {
		if x.known[col.field] != w.round && !w.settled(col.field) {
			return col.field
		}
	}
	for _, col := range p.finders {
		at := w.facts.fields[col.field].first
		if at < 0 {
			continue
		}
		if x.looks -= col.lookups.effort(); x.looks < 0 {
			return col.field
		}
		w.more = col.lookups.find(w.more[:0], &w.facts.values[at], w)
		for _, found := range w.more {
			for _, d := range found.direct {
				if x.looks--; x.looks < 0 {
					return col.field
				}
				if field := w.open(d.clause, d.needs); field != noField {
					return field
				}
			}
		}
	}
	if p.used == 0 {
		return noField
	}
	w.alive = append(w.alive[:0], p.taken...)
	for _, field := range x.fields {
		col := p.columns.get(field)
		if col == nil || len(col.asks) == 0 {
			continue
		}
		w.postings = w.postings[:0]
		if at := w.facts.fields[field].first; at >= 0 {
			x.looks -= col.lookups.effort()
			w.postings = col.lookups.find(w.postings, &w.facts.values[at], w)
		}
		if !w.narrow(&asked{column: col, to: len(w.postings)}) {
			return noField
		}
	}
	for slot := range w.alive.all {
		if x.looks--; x.looks < 0 {
			return x.rules.source
		}
		if field := w.open(p.slots[slot], p.slots[slot].needs); field != noField {
			if w.alive.count() > hopeless {
				x.tries = 1
			}
			return field
		}
	}
	return noField
}

// open returns a field that is not known and that the needs of the clause depend on; noField if they are settled.
func (w *match) open(c *clause, needs []need) int32 {
	x := &w.watch
	for i := range needs {
		if n := &needs[i]; x.known[n.field] == w.round && !w.satisfies(n) {
			return noField
		}
	}
	for i := range needs {
		n := &needs[i]
		if x.known[n.field] != w.round && !w.settled(n.field) {
			return n.field
		}
		if !w.satisfies(n) {
			return noField
		}
	}
	x.hopeful = true
	if x.looks < 0 || !c.whole { // too much was looked at, or the rest of the pattern depends on other fields
		x.tries = 1
		return x.rules.source
	}
	return noField
}

// satisfies reports whether a known field satisfies the need.
func (w *match) satisfies(n *need) bool {
	at := w.facts.fields[n.field].first
	if at < 0 {
		return n.absent
	}
	return n.satisfiedBy(&w.facts.values[at])
}

// settled reports whether a field that was not known is absent: its key is not in the rest of the event. Then it is known.
func (w *match) settled(field int32) bool {
	x := &w.watch
	if x.hunted[field] == w.round || x.hunts == 0 || x.rules.fields.hunts[field].vain || w.facts.fields[field].first >= 0 {
		return false
	}
	if x.plain = x.plain || bytes.IndexByte(x.rest, '\\') < 0; !x.plain {
		return false
	}
	x.hunts--
	x.hunted[field] = w.round
	if !x.rules.fields.hunts[field].misses(x.rest) {
		return false
	}
	x.known[field] = w.round
	x.fields = append(x.fields, field)
	return true
}
