package pattern

import (
	"net/netip"
	"slices"
)

// affixes are slots by a text with which a value must begin, or end.
type affixes struct {
	slots   map[string][]int32
	lengths []lengthUse
}

// lengthUse is a length that is in use, how often, and by texts with which bytes at their ends.
type lengthUse struct {
	length, uses int
	ends         uint64 // some may be gone
}

// endsOf is a bit for the bytes at the ends of text, which is not empty.
func endsOf[T string | []byte](text T) uint64 {
	return 1 << ((text[0]*7 + text[len(text)-1]) & 63)
}

func (a *affixes) change(text string, list func(*[]int32)) {
	if a.slots == nil {
		a.slots = map[string][]int32{}
	}
	slots, known := a.slots[text]
	list(&slots)
	switch {
	case len(slots) == 0:
		delete(a.slots, text)
		a.lengths = countUse(a.lengths, len(text), -1)
	default:
		a.slots[text] = slots
		if !known {
			a.lengths = countUse(a.lengths, len(text), 1)
		}
		if text != "" {
			i, _ := findUse(a.lengths, len(text))
			a.lengths[i].ends |= endsOf(text)
		}
	}
}

// countUse changes how often length is in use; what is no longer used is dropped.
func countUse(lengths []lengthUse, length, by int) []lengthUse {
	i, found := findUse(lengths, length)
	if !found {
		return slices.Insert(lengths, i, lengthUse{length: length, uses: by})
	}
	if lengths[i].uses += by; lengths[i].uses == 0 {
		return slices.Delete(lengths, i, i+1)
	}
	return lengths
}

func findUse(lengths []lengthUse, length int) (at int, found bool) {
	return slices.BinarySearchFunc(lengths, length, func(u lengthUse, l int) int { return u.length - l })
}

// addPrefixes adds the slots of the texts with which text begins.
func (a *affixes) addPrefixes(b bitset, text []byte) {
	for i := range a.lengths {
		u := &a.lengths[i]
		if u.length > len(text) {
			return
		}
		if part := text[:u.length]; u.length == 0 || u.ends&endsOf(part) != 0 {
			b.addAll(a.slots[string(part)])
		}
	}
}

// addSuffixes adds the slots of the texts with which text ends.
func (a *affixes) addSuffixes(b bitset, text []byte) {
	for i := range a.lengths {
		u := &a.lengths[i]
		if u.length > len(text) {
			return
		}
		if part := text[len(text)-u.length:]; u.length == 0 || u.ends&endsOf(part) != 0 {
			b.addAll(a.slots[string(part)])
		}
	}
}

// blocks are slots by a block of addresses in which a value must lie.
type blocks struct {
	slots map[netip.Prefix][]int32
	bits  []lengthUse
}

func (x *blocks) change(block netip.Prefix, list func(*[]int32)) {
	if x.slots == nil {
		x.slots = map[netip.Prefix][]int32{}
	}
	slots, known := x.slots[block]
	list(&slots)
	switch {
	case len(slots) == 0:
		delete(x.slots, block)
		x.bits = countUse(x.bits, block.Bits(), -1)
	default:
		x.slots[block] = slots
		if !known {
			x.bits = countUse(x.bits, block.Bits(), 1)
		}
	}
}

func (x *blocks) add(b bitset, addr netip.Addr) {
	for _, u := range x.bits {
		if block, err := addr.Prefix(u.length); err == nil {
			b.addAll(x.slots[block])
		}
	}
}
