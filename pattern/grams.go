package pattern

// gramSize is the length of a gram. A shorter piece of a wildcard is of no use for finding it.
const gramSize = 3

// grams are postings by three bytes that a value has somewhere: of each wildcard, the three bytes of its longest piece that
// the fewest others had when it came.
type grams struct {
	entries map[uint32]*gram
	free    []int32    // numbers of grams that are gone
	top     int32      // numbers given out so far
	filter  [64]uint64 // by hash: there may be such a gram
	short   posting    // wildcards whose pieces are too short
}

type gram struct {
	number int32 // small, for marks
	posting
}

func gramHash(g uint32) uint32 { return g * 0x9E3779B1 >> 20 }

// eachGram calls do with the grams of piece.
func eachGram(piece string, do func(g uint32)) {
	for i := range len(piece) - gramSize + 1 {
		do(uint32(piece[i]) | uint32(piece[i+1])<<8 | uint32(piece[i+2])<<16)
	}
}

func (x *grams) change(piece string, add bool, change func(*posting)) {
	switch {
	case len(piece) < gramSize:
		change(&x.short)
	case add:
		x.add(piece, change)
	default:
		eachGram(piece, func(g uint32) { x.remove(g, change) })
	}
}

func (x *grams) add(piece string, change func(*posting)) {
	var rarest uint32
	fewest := -1
	eachGram(piece, func(g uint32) {
		n := 0
		if e := x.entries[g]; e != nil {
			n = len(e.take) + len(e.direct)
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
		x.filter[h>>6&63] |= 1 << (h & 63)
	}
	change(&e.posting)
}

func (x *grams) remove(g uint32, change func(*posting)) {
	e := x.entries[g]
	if e == nil {
		return
	}
	if change(&e.posting); !e.empty() {
		return
	}
	delete(x.entries, g)
	x.free = append(x.free, e.number)
	if len(x.entries) == 0 {
		x.filter, x.top, x.free = [64]uint64{}, 0, nil
	}
}

// find appends the postings of text, each once: the work is linear in the text and in what is found.
func (x *grams) find(found []*posting, text []byte, marks *bitset) []*posting {
	if !x.short.empty() {
		found = append(found, &x.short)
	}
	if len(x.entries) == 0 || len(text) < gramSize {
		return found
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
			found = append(found, &e.posting)
		}
	}
	return found
}
