package pattern

import "slices"

// gramSize is the length of a gram. A shorter piece of a wildcard is of no use for finding it.
const gramSize = 3

// grams are slots by three bytes that a value must have somewhere: of each wildcard, the three bytes of its longest piece
// that the fewest others had when it came.
type grams struct {
	entries map[uint32]*gram
	free    []int32    // numbers of grams that are gone
	top     int32      // numbers given out so far
	filter  [64]uint64 // by hash: there may be such a gram
	short   []int32    // slots whose pieces are too short
}

type gram struct {
	number int32 // small, for marks
	slots  []int32
}

func gramHash(g uint32) uint32 { return g * 0x9E3779B1 >> 20 }

// each calls do with the grams of piece.
func eachGram(piece string, do func(g uint32)) {
	for i := range len(piece) - gramSize + 1 {
		do(uint32(piece[i]) | uint32(piece[i+1])<<8 | uint32(piece[i+2])<<16)
	}
}

func (x *grams) change(piece string, slot int32, add bool) {
	switch {
	case len(piece) < gramSize:
		x.short = changed(x.short, slot, add)
	case add:
		x.add(piece, slot)
	default:
		eachGram(piece, func(g uint32) { x.remove(g, slot) })
	}
}

func (x *grams) add(piece string, slot int32) {
	var rarest uint32
	fewest := -1
	eachGram(piece, func(g uint32) {
		n := 0
		if e := x.entries[g]; e != nil {
			n = len(e.slots)
		}
		if fewest < 0 || n < fewest {
			rarest, fewest = g, n
		}
	})
	e := x.entries[rarest]
	if e == nil {
		if x.entries == nil {
			x.entries = map[uint32]*gram{}
		}
		e = &gram{number: x.top}
		if n := len(x.free); n > 0 {
			e.number, x.free = x.free[n-1], x.free[:n-1]
		} else {
			x.top++
		}
		x.entries[rarest] = e
		h := gramHash(rarest)
		x.filter[h>>6] |= 1 << (h & 63)
	}
	e.slots = changed(e.slots, slot, true)
}

func (x *grams) remove(g uint32, slot int32) {
	e := x.entries[g]
	if e == nil {
		return
	}
	if e.slots = slices.DeleteFunc(e.slots, func(s int32) bool { return s == slot }); len(e.slots) > 0 {
		return
	}
	delete(x.entries, g)
	x.free = append(x.free, e.number)
	if len(x.entries) == 0 {
		x.filter, x.top, x.free = [64]uint64{}, 0, nil
	}
}

// find adds to b the slots that text may satisfy. The work is linear in the text and the slots: each gram counts once.
func (x *grams) find(b bitset, text []byte, marks *bitset) {
	b.addAll(x.short)
	if len(x.entries) == 0 || len(text) < gramSize {
		return
	}
	*marks = marks.restart(int(x.top+63) / 64)
	g := uint32(text[0])<<8 | uint32(text[1])<<16
	for _, c := range text[2:] {
		g = g>>8 | uint32(c)<<16
		h := gramHash(g)
		if x.filter[h>>6&63]&(1<<(h&63)) == 0 {
			continue
		}
		if e := x.entries[g]; e != nil && !marks.has(e.number) {
			*marks = marks.with(e.number)
			b.addAll(e.slots)
		}
	}
}
