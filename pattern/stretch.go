package pattern

import (
	"encoding/binary"
	"hash/maphash"
)

// stretch is the text between two values of an event, or between a brace and the first value: closing brackets, a comma,
// a name, a colon, and what begins the next value. It was checked byte by byte when it was learnt, so the same bytes need
// no other check in a place of the same shape below the same node.
type stretch struct {
	// What is looked at most comes first, in one line of the processor's cache.
	start  start
	likely *stretch   // what followed it last time
	node   *fieldNode // where the name leads

	shape     uint64 // of the place, where shapeMask has ones: the containers that text closes and the one it goes on in
	shapeMask uint64
	parent    *fieldNode // of the object that has the name
	other     *stretch   // what else followed it,
	third     *stretch   // and what else
	length    int32
	closes    uint8                                  // how many containers text closes
	begins    uint8                                  // beginsValue, beginsString, beginsObject, or the length of a whole true, false or null
	tail      [maxStretchBytes - stretchWords*8]byte // of text, after the start
}

// How much of the next value a stretch has.
const (
	beginsValue  = 0 // nothing
	beginsString = 1 // the quote
	beginsObject = 2 // the brace
)

// Bounds on what a reader remembers: some 200 KB.
const (
	stretchWords    = 3 // compared at once; what is longer costs another comparison
	maxStretches    = 1024
	maxStretchBytes = 40
	maxCloses       = 8
)

// memory is the stretches that a reader knows. It forgets all of them when the fields change or when what it knows
// is of no more use; events whose names come in ever new orders make it stop asking for a while.
type memory struct {
	slab      []stretch
	known     []*stretch // by hash; nil, or the last one learnt with it
	seed      maphash.Seed
	fields    *fieldSet // that its nodes are of,
	version   uint64    // and their version
	names     knownNames
	lost      stretch
	misses    int // since the last event began
	useless   int // misses since the slab was full
	size      int // of that event, 0 if stretches were not used
	pause     int // events to read without stretches
	lastPause int
}

// begin prepares for an event of size bytes and reports whether it is worth asking.
func (m *memory) begin(fields *fieldSet, size int) (start *stretch, trust bool) {
	const (
		longestPause = 64
		bytesPerMiss = 96 // an event has a name every 35 bytes
		freeMisses   = 8
		patience     = 16 * maxStretches
	)
	if m.fields != fields || m.version != fields.version || m.useless > patience {
		m.forget(fields)
	}
	if m.pause > 0 {
		m.pause--
		return &m.lost, false
	}
	switch bad := (m.misses-freeMisses)*bytesPerMiss > m.size; {
	case bad:
		m.lastPause = min(longestPause, m.lastPause*2+1)
		m.pause, m.misses, m.size = m.lastPause, 0, 0
		return &m.lost, false
	case m.size > 0:
		m.lastPause = 0
	}
	m.misses, m.size = 0, size
	return &m.lost, true
}

func (m *memory) forget(fields *fieldSet) {
	if m.known == nil {
		m.known, m.seed = make([]*stretch, 2*maxStretches), maphash.MakeSeed()
		m.slab = make([]stretch, 0, maxStretches)
	}
	clear(m.slab)
	clear(m.known)
	m.names = knownNames{}
	m.slab, m.fields, m.version, m.useless = m.slab[:0], fields, fields.version, 0
	m.lost = stretch{shape: 1} // no place has this shape; and no JSON text begins with these bytes
	m.lost.start.words[0], m.lost.start.masks[0] = ^uint64(0), ^uint64(0)
	m.lost.likely, m.lost.other, m.lost.third = &m.lost, &m.lost, &m.lost
}

// learn remembers that rest begins with a stretch that followed last, in a place of the shape, and returns it. It has length
// bytes before the value and ends with the name. Shape includes in its lowest bit whether the stretch begins an object.
func (m *memory) learn(last *stretch, name *knownName, rest []byte, length int, shape uint64, closes int, parent, node *fieldNode) *stretch {
	m.misses++
	if closes > maxCloses {
		return last
	}
	if len(rest) >= stretchWords*8 {
		a, b, c := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:]), binary.LittleEndian.Uint64(rest[16:])
		for _, s := range name.recent {
			if s != nil && s.start.differs(a, b, c) == 0 && s.parent == parent && s.shape == shape&s.shapeMask && int(s.closes) == closes &&
				(s.length <= stretchWords*8 || s.ends(rest)) {
				last.likely, last.other, last.third = s, last.likely, last.other
				return s
			}
		}
	}
	begins := uint8(beginsValue)
	switch c := rest[length]; {
	case c == '"':
		begins, length = beginsString, length+1
	case c == '{':
		begins, length = beginsObject, length+1
	case c == 't' || c == 'f' || c == 'n':
		word := len(literalAt(rest, length))
		begins, length = uint8(word), length+word
	}
	if length > maxStretchBytes {
		return last
	}
	like := stretch{
		start: startOf(rest[:length]), length: int32(length), likely: &m.lost, other: &m.lost, third: &m.lost, shape: shape,
		shapeMask: 1<<(1+shapeBits*(closes+1)) - 1, closes: uint8(closes), begins: begins, parent: parent, node: node,
	}
	like.shape &= like.shapeMask
	s := m.enter(&like, rest[:length])
	if s == nil {
		return last
	}
	name.recent[0], name.recent[1] = s, name.recent[0]
	last.likely, last.other, last.third = s, last.likely, last.other
	return s
}

// enter returns the stretch that is like the one given; it is made if it is not known, nil if there is no room.
func (m *memory) enter(like *stretch, text []byte) *stretch {
	hash := maphash.Bytes(m.seed, text) ^ like.shape
	if like.parent != nil {
		hash ^= like.parent.serial
	}
	hash %= 2 * maxStretches
	for range 2 {
		if s := m.known[hash]; s.is(like, text) {
			return s
		}
		hash ^= 1
	}
	if len(m.slab) == cap(m.slab) {
		m.useless++
		return nil
	}
	if m.known[hash] != nil {
		hash ^= 1
	}
	m.slab = append(m.slab, *like)
	s := &m.slab[len(m.slab)-1]
	copy(s.tail[:], text[min(len(text), stretchWords*8):])
	m.known[hash] = s
	return s
}

// is reports whether s is like other, whose text is at the start of text; no stretch is not.
func (s *stretch) is(other *stretch, text []byte) bool {
	return s != nil && s.parent == other.parent && s.shape == other.shape && s.shapeMask == other.shapeMask &&
		s.length == other.length && s.start.words == other.start.words && (s.length <= stretchWords*8 || s.ends(text))
}

// ends reports whether text, whose start is that of s, is as long and ends like s.
func (s *stretch) ends(text []byte) bool {
	length := int(s.length)
	return len(text) >= length && string(text[stretchWords*8:length]) == string(s.tail[:length-stretchWords*8])
}
