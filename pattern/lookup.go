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

// lengthUse is a number that is in use, and how often.
type lengthUse struct{ length, uses int }

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
	}
}

// countUse changes how often length is in use; what is no longer used is dropped.
func countUse(lengths []lengthUse, length, by int) []lengthUse {
	i, found := slices.BinarySearchFunc(lengths, length, func(u lengthUse, l int) int { return u.length - l })
	if !found {
		return slices.Insert(lengths, i, lengthUse{length, by})
	}
	if lengths[i].uses += by; lengths[i].uses == 0 {
		return slices.Delete(lengths, i, i+1)
	}
	return lengths
}

func (a *affixes) add(b bitset, text []byte, part func(n int) []byte) {
	for _, u := range a.lengths {
		if u.length > len(text) {
			return
		}
		b.addAll(a.slots[string(part(u.length))])
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
