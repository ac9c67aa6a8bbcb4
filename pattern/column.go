package pattern

// column is what the clauses of a partition want of one field. It turns a value of the field into the clauses that it finds
// and the slots that it satisfies: each test is looked up by the value, not tried.
type column struct {
	field int32
	uses  int // by clauses of the partition
	finds int // of them, by clauses that are found by the field's values

	asks   bitset    // slots with a condition on the field
	gated  bitset    // slots that need the field to be there at all, and are looked at only then
	absent bitset    // slots that take the field's absence
	any    [3]bitset // by kind of value: slots that take all values but some, or that can't be decided here

	lookups lookups
}

// posting is what depends on something that a value has: a text, a begin, an end, a block that it lies in.
type posting struct {
	direct []direct // clauses found by it
	take   []int32  // slots that take such a value
	but    []int32  // slots that take any other value
}

// direct is a clause with what else it needs once it was found.
type direct struct {
	clause *clause
	rule   int32 // its number
	needs  []need
}

func (p *posting) empty() bool { return len(p.direct)+len(p.take)+len(p.but) == 0 }

// findable reports whether values that satisfy the condition can be looked up, and whether that settles it.
func (c *condition) findable() (ok, exact bool) {
	exact = true
	for _, t := range c.tests {
		switch t := t.(type) {
		case oneOf, prefix, suffix, addresses, cidr, literal:
		case wildcard:
			exact = exact && !t.star
		default:
			return false, false
		}
	}
	return len(c.tests) > 0 && !c.absent, exact
}

// change adds the slot with its condition to the column or takes it out, and reports whether the column decides it exactly.
func (c *column) change(slot int32, cond *condition, add bool) (exact bool) {
	mark := func(b *bitset) {
		if add {
			*b = b.with(slot)
		} else {
			b.drop(slot)
		}
	}
	mark(&c.asks)
	if cond.absent {
		mark(&c.absent)
	}
	exact = true
	nones := 0
	for _, t := range cond.tests {
		switch t := t.(type) {
		case anyValue:
			for k := range c.any {
				mark(&c.any[k])
			}
		case noneOf:
			nones++
			exact = exact && t.texts() != nil
			for k := range c.any {
				mark(&c.any[k])
			}
		case number, numericRange:
			exact = false
			mark(&c.any[numberKind-stringKind])
		case equalFold, prefixFold, suffixFold:
			exact = false
			mark(&c.any[0])
		default:
			w, isWildcard := t.(wildcard)
			exact = exact && !(isWildcard && w.star)
			c.lookups.each(t, add, func(p *posting) { p.take = changed(p.take, slot, add) })
		}
	}
	if nones == 1 && exact {
		for _, t := range cond.tests {
			if t, ok := t.(noneOf); ok {
				c.lookups.each(newOneOf(t.texts()), add, func(p *posting) { p.but = changed(p.but, slot, add) })
			}
		}
	}
	// With several anything-but in a list, every value satisfies one of them unless it is excluded by all.
	return exact && nones <= 1
}

// texts returns the strings that t excludes, nil if it excludes anything else.
func (t noneOf) texts() []string {
	var texts []string
	for _, but := range t {
		plain, ok := but.(oneOf)
		if !ok {
			return nil
		}
		texts = append(texts, plain.texts...)
	}
	return texts
}

// satisfied adds to b the slots that a value of the kind satisfies, for which lookups found the postings.
func (c *column) satisfied(b bitset, k kind, found []*posting) {
	b.unite(c.any[k-stringKind])
	for _, p := range found {
		for _, slot := range p.but {
			b.drop(slot)
		}
	}
	for _, p := range found {
		b.addAll(p.take)
	}
}
