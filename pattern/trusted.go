package pattern

// watch follows the reading of a trusted event and says when nothing that is still to come can change the answer: every
// clause is refuted by fields that are known, or needs no other.
type watch struct {
	on      bool
	rules   *rules
	source  *partition // of the event's source, once it is known; nil if no clause asks for it
	fields  []int32    // known: they have one value, outside of elements
	known   []uint32   // by field: the round in which it became known
	waiting int32      // a field without which there is no answer, noField for any
	tries   int        // left
}

// maxTries is how often one event's clauses are looked at before it has been read. Each costs about as much as the end.
const maxTries = 4

// hopeless is how many clauses of a partition may still hold for another try to be of use.
const hopeless = 16

func (w *match) beginWatch(r *rules, on bool) {
	x := &w.watch
	x.on, x.rules, x.source, x.fields, x.waiting, x.tries = on, r, nil, x.fields[:0], r.source, maxTries
	x.known = roomFor(x.known, int32(len(r.fields.names)))
}

// enough takes note that the field is known now and reports whether the rest of the event does not matter.
func (w *match) enough(field int32) bool {
	x := &w.watch
	x.known[field] = w.round
	x.fields = append(x.fields, field)
	if field == x.rules.source {
		if v := &w.facts.values[w.facts.first[field]]; v.kind == stringKind {
			x.source = x.rules.sources[string(v.text)]
		}
	}
	for x.known[x.waiting] == w.round {
		if x.waiting = w.unanswered(x.source); x.waiting == noField {
			x.waiting = w.unanswered(&x.rules.others)
		}
		if x.waiting == noField {
			return true
		}
		if x.tries--; x.tries == 0 {
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
	for _, field := range p.finders {
		if x.known[field] != w.round {
			return field
		}
	}
	for _, field := range p.finders {
		w.more = p.columns.get(field).lookups.find(w.more[:0], &w.facts.values[w.facts.first[field]], w)
		for _, found := range w.more {
			for _, d := range found.direct {
				if field := w.open(d.needs); field != noField {
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
		w.postings = col.lookups.find(w.postings[:0], &w.facts.values[w.facts.first[field]], w)
		if !w.narrow(&asked{column: col, to: len(w.postings)}) {
			return noField
		}
	}
	for slot := range w.alive.all {
		if field := w.open(p.slots[slot].needs); field != noField {
			if w.alive.count() > hopeless {
				x.tries = 1
			}
			return field
		}
	}
	return noField
}

// open returns a field that is not known and that the needs depend on; noField if they are settled.
func (w *match) open(needs []need) int32 {
	missing := int32(noField)
	for i := range needs {
		n := &needs[i]
		switch {
		case w.watch.known[n.field] != w.round:
			missing = n.field
		case !n.holds(&w.facts.values[w.facts.first[n.field]]):
			return noField
		}
	}
	return missing
}
