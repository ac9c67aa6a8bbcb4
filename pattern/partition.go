package pattern

import "slices"

// partition is the clauses that ask for one source, or those that ask for none. A clause with a list of texts that few others
// ask for is found directly by the event's text. The others have a slot in the group, and each column says which slots the
// event's values of one field leave over.
type partition struct {
	source  string // "" for the others
	number  int32  // small, for marks
	clauses int
	columns fieldTable[column]
	slots   []*clause // nil: free
	free    []int32
	used    int
	taken   bitset    // slots in use
	finders []*column // of fields by whose values clauses are found directly
	ungated bitset    // slots of clauses that may hold without any field
}

// noField is the number of no field.
const noField = -1

// maxDirect is how many clauses may be found directly by one text of a field.
const maxDirect = 16

// add puts the clause into the partition. Asked is the field by which the clause came here, or noField.
func (p *partition) add(c *clause, asked int32) {
	p.clauses++
	if at := p.directNeed(c, asked); at >= 0 {
		c.places = append(c.places, place{partition: p, slot: -1, need: at})
		d := direct{clause: c, rule: c.rule.number}
		_, settled := c.needs[at].findable()
		for i := range c.needs {
			if n := c.needs[i]; n.field != asked && !(i == at && settled) {
				d.needs = append(d.needs, n)
			}
		}
		col := p.column(c.needs[at].field)
		if col.finds++; col.finds == 1 {
			if rankOf(c.needs[at].name) == rankEventName {
				p.finders = slices.Insert(p.finders, 0, col)
			} else {
				p.finders = append(p.finders, col)
			}
		}
		for _, t := range c.needs[at].tests {
			col.lookups.each(t, true, func(x *posting) {
				if n := len(x.direct); n == 0 || x.direct[n-1].clause != c {
					x.direct = append(x.direct, d)
				}
			})
		}
		return
	}
	slot := int32(len(p.slots))
	if n := len(p.free); n > 0 {
		slot, p.free = p.free[n-1], p.free[:n-1]
		p.slots[slot] = c
	} else {
		p.slots = append(p.slots, c)
	}
	p.used++
	p.taken = p.taken.with(slot)
	gate := p.gate(c, asked)
	c.places = append(c.places, place{partition: p, slot: slot, need: gate})
	if gate < 0 {
		p.ungated = p.ungated.with(slot)
	} else {
		col := p.column(c.needs[gate].field)
		col.gated = col.gated.with(slot)
	}
	for i := range c.needs {
		if c.needs[i].field == asked {
			continue
		}
		exact := p.column(c.needs[i].field).change(slot, c.needs[i].condition, true)
		c.exact = c.exact && exact
	}
}

// remove takes the clause out of its place in the partition.
func (p *partition) remove(c *clause, at place, asked int32) {
	p.clauses--
	if at.slot < 0 {
		col := p.columns.get(c.needs[at.need].field)
		for _, t := range c.needs[at.need].tests {
			col.lookups.each(t, false, func(x *posting) {
				x.direct = slices.DeleteFunc(x.direct, func(other direct) bool { return other.clause == c })
			})
		}
		if col.finds--; col.finds == 0 {
			p.finders = slices.DeleteFunc(p.finders, func(other *column) bool { return other == col })
		}
		p.drop(col)
		return
	}
	if at.need < 0 {
		p.ungated.drop(at.slot)
	} else {
		col := p.columns.get(c.needs[at.need].field)
		col.gated.drop(at.slot)
		p.drop(col)
	}
	for i := range c.needs {
		if c.needs[i].field == asked {
			continue
		}
		col := p.columns.get(c.needs[i].field)
		col.change(at.slot, c.needs[i].condition, false)
		p.drop(col)
	}
	p.slots[at.slot] = nil
	p.free = append(p.free, at.slot)
	p.used--
	p.taken.drop(at.slot)
}

// column returns the column of a field and counts a use of it.
func (p *partition) column(field int32) *column {
	col := p.columns.get(field)
	if col == nil {
		col = &column{field: field}
		p.columns.set(field, col)
	}
	col.uses++
	return col
}

// drop takes back one use of the column.
func (p *partition) drop(col *column) {
	if col.uses--; col.uses == 0 {
		p.columns.delete(col.field)
	}
}

// directNeed returns the position of the need by whose values the fewest clauses are found, -1 if none is rare enough.
func (p *partition) directNeed(c *clause, asked int32) int {
	best, least := -1, maxDirect
	for i := range c.needs {
		n := &c.needs[i]
		if ok, _ := n.findable(); !ok || n.field == asked {
			continue
		}
		most := rankEventName - rankOf(n.name)
		if col := p.columns.get(n.field); col != nil {
			most = max(most, col.lookups.crowd(n.condition))
		}
		if most < least {
			best, least = i, most
		}
	}
	return best
}

// gate returns the position of a need that an absent field can't satisfy, of a field that few clauses ask for; -1 if there
// is none.
func (p *partition) gate(c *clause, asked int32) int {
	best, least := -1, 0
	for i := range c.needs {
		n := &c.needs[i]
		if n.absent || n.field == asked {
			continue
		}
		uses := 0
		if col := p.columns.get(n.field); col != nil {
			uses = col.uses
		}
		if best < 0 || uses < least {
			best, least = i, uses
		}
	}
	return best
}

// decide has w decide the clauses that the event may satisfy.
func (p *partition) decide(w *match) {
	f := &w.facts
	w.postings = w.postings[:0]
	if p.used == 0 {
		for _, col := range p.finders {
			w.tryFound(col)
		}
		return
	}
	w.alive = w.alive.restart((len(p.slots) + 63) / 64)
	w.alive.unite(p.ungated)
	w.asked = w.asked[:0]
	for _, field := range f.seen {
		col := p.columns.get(field)
		if col == nil {
			continue
		}
		w.alive.unite(col.gated)
		from := len(w.postings)
		w.tryFound(col)
		if len(col.asks) > 0 {
			w.asked = append(w.asked, asked{col, from, len(w.postings)})
		}
	}
	for i := range w.asked {
		if !w.narrow(&w.asked[i]) {
			return
		}
	}
	for slot := range w.alive.all {
		w.trySlot(p.slots[slot])
	}
}

// tryFound decides the clauses that the values of the column's field find, and appends the postings of these.
func (w *match) tryFound(col *column) {
	f := &w.facts
	for i := f.fields[col.field].first; i >= 0; i = f.values[i].next {
		before := len(w.postings)
		w.postings = col.lookups.find(w.postings, &f.values[i], w)
		for _, x := range w.postings[before:] {
			for _, d := range x.direct {
				w.try(d)
			}
		}
	}
}

// asked is a column of a partition whose field the event has, with the postings of its values in match.postings.
type asked struct {
	column   *column
	from, to int
}

// narrow takes out of alive the slots that the values of a column's field don't satisfy, and reports whether any is left.
func (w *match) narrow(a *asked) bool {
	f, col := &w.facts, a.column
	w.left = w.left.restart(len(w.alive))
	if at := f.fields[col.field].first; at < 0 {
		w.left.unite(col.absent)
	} else if at == f.fields[col.field].last {
		col.satisfied(w.left, f.values[at].kind, w.postings[a.from:a.to])
	} else {
		for ; at >= 0; at = f.values[at].next {
			v := &f.values[at]
			w.one = w.one.restart(len(w.alive))
			w.more = col.lookups.find(w.more[:0], v, w)
			col.satisfied(w.one, v.kind, w.more)
			w.left.unite(w.one)
		}
	}
	if f.fields[col.field].nested {
		w.left.unite(col.absent)
	}
	any := uint64(0)
	for i := range w.alive {
		asks := uint64(0)
		if i < len(col.asks) {
			asks = col.asks[i]
		}
		w.alive[i] &= w.left[i] | ^asks
		any |= w.alive[i]
	}
	return any != 0
}
