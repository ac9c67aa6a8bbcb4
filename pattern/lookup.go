package pattern

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// lookups finds the postings of a value.
type lookups struct {
	texts    textTable[posting]
	lengths  uint64 // of texts, modulo 64; some may be gone
	prefixes affixes
	suffixes affixes
	blocks   map[netip.Prefix]*posting
	blocks4  [8]uint64   // by hash: there is such a block of IPv4, or it is gone
	bits     []lengthUse // of blocks
	literals textTable[posting]
	grams    *grams
}

// each changes the postings of a test: those that it needs are made, those that are left empty are dropped. On removal it
// may call change for postings that the test is not in.
func (x *lookups) each(t test, add bool, change func(*posting)) {
	switch t := t.(type) {
	case oneOf:
		for _, text := range t.texts {
			x.text(text, change)
		}
	case prefix:
		x.prefixes.change(string(t), change)
	case suffix:
		x.suffixes.change(string(t), change)
	case addresses:
		for addr := range t {
			x.block(netip.PrefixFrom(addr, addr.BitLen()), change)
		}
	case cidr:
		x.block(netip.Prefix(t), change)
	case literal:
		changePosting(&x.literals, string(t), change)
	case wildcard:
		x.wildcard(t, add, change)
	}
}

// crowd returns how many clauses are found by the most common of the texts, begins and ends that the condition takes.
func (x *lookups) crowd(c *condition) int {
	most := 0
	count := func(p *posting) {
		if p != nil {
			most = max(most, len(p.direct))
		}
	}
	for _, t := range c.tests {
		switch t := t.(type) {
		case oneOf:
			for _, text := range t.texts {
				count(x.texts.of(text))
			}
		case prefix:
			count(x.prefixes.postings.of(string(t)))
		case suffix:
			count(x.suffixes.postings.of(string(t)))
		case cidr:
			count(x.blocks[netip.Prefix(t)])
		case literal:
			count(x.literals.of(string(t)))
		case wildcard:
			if x.grams != nil {
				count(&x.grams.short)
			}
		}
	}
	return most
}

func (x *lookups) text(text string, change func(*posting)) {
	changePosting(&x.texts, text, change)
	x.lengths |= 1 << (len(text) & 63)
}

func (x *lookups) block(block netip.Prefix, change func(*posting)) {
	before := len(x.blocks)
	p := x.blocks[block]
	if p == nil {
		if x.blocks == nil {
			x.blocks = map[netip.Prefix]*posting{}
		}
		p = &posting{}
		x.blocks[block] = p
		if block.Addr().Is4() {
			h := hashOf4(block.Addr(), block.Bits())
			x.blocks4[h>>6] |= 1 << (h & 63)
		}
	}
	if change(p); p.empty() {
		delete(x.blocks, block)
	}
	x.bits = countUse(x.bits, block.Bits(), len(x.blocks)-before)
}

// wildcard enters a wildcard by a text that a value must have to match it: its begin, its end, or what lies between.
func (x *lookups) wildcard(t wildcard, add bool, change func(*posting)) {
	longest := ""
	for _, piece := range t.middle {
		if len(piece) > len(longest) {
			longest = string(piece)
		}
	}
	switch {
	case !t.star:
		x.text(t.head, change)
	case len(t.head) >= len(longest) && len(t.head) >= len(t.tail):
		x.prefixes.change(t.head, change)
	case len(t.tail) >= len(longest):
		x.suffixes.change(t.tail, change)
	default:
		if x.grams == nil {
			x.grams = &grams{}
		}
		x.grams.change(longest, add, change)
	}
}

// hashOf4 is a small hash of the block of so many bits, at most 32, in which an IPv4 address lies.
func hashOf4(addr netip.Addr, bits int) uint32 {
	quad := addr.As4()
	block := binary.BigEndian.Uint32(quad[:]) >> (32 - bits) << (32 - bits)
	return (block ^ uint32(bits)) * 0x9E3779B1 >> (32 - 9)
}

// changePosting changes the posting of a text, which is made if it is missing and dropped if it is left empty.
func changePosting(t *textTable[posting], text string, change func(*posting)) {
	at := t.cell(text)
	p := t.cells[at].item
	if p == nil {
		p = &posting{}
		t.cells[at].item = p
	}
	if change(p); p.empty() {
		t.drop(at)
	}
}

// changed returns slots with slot in it or without it.
func changed(slots []int32, slot int32, add bool) []int32 {
	if !add {
		return slices.DeleteFunc(slots, func(s int32) bool { return s == slot })
	}
	if n := len(slots); n > 0 && slots[n-1] == slot {
		return slots // a text twice in one list
	}
	return append(slots, slot)
}

// effort is what finding the postings of a value costs, in terms of looking one text up.
func (x *lookups) effort() int {
	if x.grams != nil {
		return 16
	}
	return 1
}

// find appends the postings of v to found.
func (x *lookups) find(found []*posting, v *value, w *match) []*posting {
	if v.kind != stringKind {
		if v.kind == literalKind && x.literals.used > 0 {
			if p := x.literals.get(v.text, hashOf(v.text)); p != nil {
				found = append(found, p)
			}
		}
		return found
	}
	if x.lengths&(1<<(len(v.text)&63)) != 0 {
		if p := x.texts.get(v.text, v.hashed()); p != nil {
			found = append(found, p)
		}
	}
	if len(x.prefixes.lengths) > 0 {
		found = x.prefixes.findPrefixes(found, v.text)
	}
	if len(x.suffixes.lengths) > 0 {
		found = x.suffixes.findSuffixes(found, v.text)
	}
	if len(x.bits) > 0 {
		if addr, ok := w.address(v); ok {
			for _, u := range x.bits {
				if addr.Is4() {
					if u.length > 32 {
						break
					}
					if h := hashOf4(addr, u.length); x.blocks4[h>>6]&(1<<(h&63)) == 0 {
						continue
					}
				}
				if block, err := addr.Prefix(u.length); err == nil {
					if p := x.blocks[block]; p != nil {
						found = append(found, p)
					}
				}
			}
		}
	}
	if x.grams != nil {
		found = x.grams.find(found, v.text, &w.marks)
	}
	return found
}
