package pattern

import "encoding/binary"

// knownNames is a dictionary of names that the reader met, found by their first sixteen bytes. It serves where names come
// in an order that stretches can't foresee. A name that hashes like another replaces it.
type knownNames struct {
	cells [maxKnownNames]knownName
}

const (
	maxKnownNames = 1024 // a power of two
	maxNameBytes  = 64
)

// knownName is a name with the quote and the colon after it.
type knownName struct {
	start  start
	parent *fieldNode                      // where it was met last,
	node   *fieldNode                      // and where it leads from there
	length int                             // 0: a free cell
	tail   [maxNameBytes - startBytes]byte // what comes after the start
}

// beforeQuote has ones in the bytes of word before its first quote, in all of them if there is none.
func beforeQuote(word uint64) uint64 {
	found := word ^ ones*'"'
	found = (found - ones) &^ found & highs
	return (found - 1) &^ found // bits below the first mark; those of its own byte are the quote's
}

// cell returns the number of the cell of a name that begins with the words; a name may also be in the one beside it.
func nameCell(first, second uint64) uint64 {
	mask := beforeQuote(first)
	if mask == ^uint64(0) {
		second &= beforeQuote(second)
		first ^= second*0x9E3779B97F4A7C15>>1 | second<<63
	} else {
		first &= mask
	}
	return first * 0x9E3779B97F4A7C15 >> (64 - 10)
}

// find returns the name at the start of text, whose first words are a, b and c; nil if it is not known.
func (k *knownNames) find(a, b, c uint64, text []byte) *knownName {
	at := nameCell(a, b)
	for range 2 {
		n := &k.cells[at&(maxKnownNames-1)]
		if n.start.differs(a, b, c) == 0 && n.length > 0 &&
			(n.length <= startBytes || len(text) >= n.length && string(text[startBytes:n.length]) == string(n.tail[:n.length-startBytes])) {
			return n
		}
		at ^= 1
	}
	return nil
}

// learn enters a name, followed by a quote and a colon, and returns it; nil if it is too long.
func (k *knownNames) learn(text []byte) *knownName {
	if len(text) > maxNameBytes {
		return nil
	}
	s := startOf(text)
	at := nameCell(s.words[0], s.words[1])
	if k.cells[at].length > 0 && k.cells[at^1].length == 0 {
		at ^= 1
	}
	k.cells[at] = knownName{start: s, length: len(text)}
	copy(k.cells[at].tail[:], text[min(len(text), startBytes):])
	return &k.cells[at]
}

// start is the first bytes of a text, up to startBytes, in words, with masks for them.
type start struct {
	words [startWords]uint64
	masks [startWords]uint64
}

func startOf(text []byte) (s start) {
	for i := range s.words {
		if part := text[min(len(text), i*8):]; len(part) >= 8 {
			s.words[i], s.masks[i] = binary.LittleEndian.Uint64(part), ^uint64(0)
		} else {
			var word [8]byte
			copy(word[:], part)
			s.words[i], s.masks[i] = binary.LittleEndian.Uint64(word[:]), 1<<(len(part)*8)-1
		}
	}
	return s
}

// differs returns 0 if the words begin with s.
func (s *start) differs(a, b, c uint64) uint64 {
	return (a^s.words[0])&s.masks[0] | (b^s.words[1])&s.masks[1] | (c^s.words[2])&s.masks[2]
}
