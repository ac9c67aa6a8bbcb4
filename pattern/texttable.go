package pattern

import (
	"math/bits"
)

// textTable finds things by a text. A text that is not there costs one look at the tags, which are small enough to
// stay in the processor's cache.
type textTable[T any] struct {
	tags  []uint32 // a power of two of them, at most half in use; 0: free
	cells []textCell[T]
	used  int
}

type textCell[T any] struct {
	text string
	item *T // nil: free
}

// hashOf is a hash of text that is never 0.
func hashOf[T string | []byte](text T) uint64 {
	const k0, k1 = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB
	h, rest := uint64(len(text))^k0, text
	for len(rest) > 8 {
		h = mix(h^word(rest), k1)
		rest = rest[8:]
	}
	var last uint64
	if len(text) >= 8 {
		last = word(text[len(text)-8:])
	} else {
		for i := range len(rest) {
			last = last<<8 | uint64(rest[i])
		}
	}
	return mix(h^last, k1) | 1
}

func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// word is the first eight bytes of text.
func word[T string | []byte](text T) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// get returns the item of the text, whose hash is given, nil if there is none.
func (t *textTable[T]) get(text []byte, hash uint64) *T {
	mask := len(t.tags) - 1
	if mask < 0 {
		return nil
	}
	for i := int(hash>>32) & mask; ; i = (i + 1) & mask {
		switch tag := t.tags[i]; {
		case tag == 0:
			return nil
		case tag == uint32(hash):
			if cell := &t.cells[i]; cell.text == string(text) {
				return cell.item
			}
		}
	}
}

// find returns the cell of the text, or the free one where it belongs. The table has room.
func (t *textTable[T]) find(text string, hash uint64) int {
	mask := len(t.tags) - 1
	i := int(hash>>32) & mask
	for t.tags[i] != 0 && (t.tags[i] != uint32(hash) || t.cells[i].text != text) {
		i = (i + 1) & mask
	}
	return i
}

// of returns the item of the text, nil if there is none.
func (t *textTable[T]) of(text string) *T {
	if len(t.tags) == 0 {
		return nil
	}
	return t.cells[t.find(text, hashOf(text))].item
}

// cell returns the cell of the text, in which the item is nil if there was none. Then the caller puts one in.
func (t *textTable[T]) cell(text string) int {
	if t.used*2 >= len(t.tags) {
		t.grow()
	}
	hash := hashOf(text)
	i := t.find(text, hash)
	if t.tags[i] == 0 {
		t.tags[i], t.cells[i].text = uint32(hash), text
		t.used++
	}
	return i
}

func (t *textTable[T]) grow() {
	old := t.cells
	size := max(4, 2*len(old))
	t.tags, t.cells = make([]uint32, size), make([]textCell[T], size)
	for _, cell := range old {
		if cell.item != nil {
			hash := hashOf(cell.text)
			i := t.find(cell.text, hash)
			t.tags[i], t.cells[i] = uint32(hash), cell
		}
	}
}

// drop empties a cell. What a search would no longer find moves into the gap.
func (t *textTable[T]) drop(gap int) {
	t.used--
	mask := len(t.tags) - 1
	for i := (gap + 1) & mask; t.tags[i] != 0; i = (i + 1) & mask {
		home := int(hashOf(t.cells[i].text)>>32) & mask
		if (i-home)&mask >= (i-gap)&mask {
			t.tags[gap], t.cells[gap], gap = t.tags[i], t.cells[i], i
		}
	}
	t.tags[gap], t.cells[gap] = 0, textCell[T]{}
}
