package pattern

import (
	"net/netip"
	"slices"
)

// column is what a set of clauses wants of one field. It turns the field's values into the set of slots that they
// satisfy: each test is looked up by the value, not tried.
type column struct {
	field  int32
	uses   int       // needs that it stands for
	asks   bitset    // slots with a condition on the field
	gated  bitset    // slots that need the field to be there at all, and are looked at only then
	absent bitset    // slots that take the field's absence
	any    [3]bitset // by kind of value: slots that take all values but those of but, or can't be decided here

	texts    map[string]*posting
	lengths  uint64 // of texts, modulo 64
	prefixes affixes
	suffixes affixes
	blocks   blocks
	grams    *grams
	literals map[string][]int32
}

// posting is what depends on one text.
type posting struct {
	direct []direct // clauses found by it
	take   []int32  // slots that take it
	but    []int32  // slots that take anything but it
}

// direct is a clause with what else it needs once it was found.
type direct struct {
	clause *clause
	needs  []need
}

func (p *posting) empty() bool { return len(p.direct)+len(p.take)+len(p.but) == 0 }

// post changes what depends on a text.
func (c *column) post(text string, change func(p *posting)) {
	p := c.texts[text]
	if p == nil {
		if c.texts == nil {
			c.texts = map[string]*posting{}
		}
		p = &posting{}
		c.texts[text] = p
		c.lengths |= 1 << (len(text) & 63)
	}
	if change(p); p.empty() {
		delete(c.texts, text)
	}
}

func (c *column) find(text []byte) *posting {
	if c.lengths&(1<<(len(text)&63)) == 0 {
		return nil
	}
	return c.texts[string(text)]
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
	list := func(slots *[]int32) { *slots = changed(*slots, slot, add) }
	mark(&c.asks)
	if cond.absent {
		mark(&c.absent)
	}
	exact = true
	buts := 0
	for _, t := range cond.tests {
		switch t := t.(type) {
		case oneOf:
			for _, text := range t.texts {
				c.post(text, func(p *posting) { list(&p.take) })
			}
		case prefix:
			c.prefixes.change(string(t), list)
		case suffix:
			c.suffixes.change(string(t), list)
		case addresses:
			for addr := range t {
				c.blocks.change(netip.PrefixFrom(addr, addr.BitLen()), list)
			}
		case cidr:
			c.blocks.change(netip.Prefix(t), list)
		case literal:
			if c.literals == nil {
				c.literals = map[string][]int32{}
			}
			slots := c.literals[string(t)]
			list(&slots)
			c.literals[string(t)] = slots
		case anyValue:
			for k := range c.any {
				mark(&c.any[k])
			}
		case noneOf:
			buts++
			plain := true
			for _, but := range t {
				_, isText := but.(oneOf)
				plain = plain && isText
			}
			exact = exact && plain
			for k := range c.any {
				mark(&c.any[k])
			}
		case wildcard:
			exact = exact && !t.star
			c.changeWildcard(t, slot, add, list)
		case number, numericRange:
			exact = false
			mark(&c.any[numberKind-stringKind])
		default:
			exact = false
			mark(&c.any[0])
		}
	}
	if buts == 1 && exact {
		for _, t := range cond.tests {
			if t, ok := t.(noneOf); ok {
				for _, but := range t {
					for _, text := range but.(oneOf).texts {
						c.post(text, func(p *posting) { list(&p.but) })
					}
				}
			}
		}
	}
	return exact
}

// changeWildcard enters a wildcard by a text that a value must have to match it: its begin, its end, or what lies between.
func (c *column) changeWildcard(t wildcard, slot int32, add bool, list func(*[]int32)) {
	longest := ""
	for _, piece := range t.middle {
		if len(piece) > len(longest) {
			longest = string(piece)
		}
	}
	switch {
	case !t.star:
		c.post(t.head, func(p *posting) { list(&p.take) })
	case len(t.head) >= len(longest) && len(t.head) >= len(t.tail):
		c.prefixes.change(t.head, list)
	case len(t.tail) >= len(longest):
		c.suffixes.change(t.tail, list)
	default:
		if c.grams == nil {
			c.grams = &grams{}
		}
		c.grams.change(longest, slot, add)
	}
}

// changed returns slots with slot in it or without it.
func changed(slots []int32, slot int32, add bool) []int32 {
	if add {
		if n := len(slots); n > 0 && slots[n-1] == slot {
			return slots // a text twice in one list
		}
		return append(slots, slot)
	}
	return slices.DeleteFunc(slots, func(s int32) bool { return s == slot })
}

// satisfied adds to b the slots that the value satisfies, of those that ask for the field. Known is what find says of it.
func (c *column) satisfied(b bitset, v *value, known *posting, marks *bitset) {
	b.unite(c.any[v.kind-stringKind])
	switch v.kind {
	case literalKind:
		b.addAll(c.literals[string(v.text)])
	case stringKind:
		if p := known; p != nil {
			for _, slot := range p.but {
				b.drop(slot)
			}
			b.addAll(p.take)
		}
		c.prefixes.addPrefixes(b, v.text)
		c.suffixes.addSuffixes(b, v.text)
		if len(c.blocks.bits) > 0 {
			if addr, ok := v.asAddress(); ok {
				c.blocks.add(b, addr)
			}
		}
		if c.grams != nil {
			c.grams.find(b, v.text, marks)
		}
	}
}
