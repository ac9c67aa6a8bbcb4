package pattern

import "hash/maphash"

// stretch is the text between two values of an event, or between a brace and the first value: closing brackets, a comma,
// a name, a colon, and what begins the next value. It was checked byte by byte when it was learnt, so the same bytes need
// no other check in a place of the same shape below the same node.
type stretch struct {
	words  [stretchWords]uint64 // the start of text, masked
	masks  [stretchWords]uint64
	text   string
	likely *stretch // what followed last time
	other  *stretch // and before that

	shape     uint64 // of the place, where shapeMask has ones: the containers that text closes and the one it goes on in
	shapeMask uint64
	parent    *fieldNode // of the object that has the name
	node      *fieldNode // where the name leads
	closes    uint8      // how many containers text closes
	begins    uint8      // beginsValue, beginsString, beginsObject, or the length of a whole true, false or null
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
	maxStretchBytes = 96
	maxCloses       = 8
)

// memory is the stretches that a reader knows. It forgets all of them when the fields change or when what it knows
// is of no more use; events whose names come in ever new orders make it stop asking for a while.
type memory struct {
	slab    []stretch
	known   map[uint64]*stretch // by hash
	seed    maphash.Seed
	version uint64 // of the fields
	lost    stretch
	misses  int // since the last event began
	useless int // misses since the slab was full
	pause   int // events to read without it
}

// begin prepares for an event of size bytes and reports whether it is worth asking.
func (m *memory) begin(version uint64, size int) (start *stretch, trust bool) {
	const (
		pauseEvents   = 64
		bytesPerMiss  = 64 // an event has a name every 35 bytes
		patience      = 16 * maxStretches
		smallestEvent = 32
	)
	if m.known == nil || m.version != version || m.useless > patience {
		m.forget(version)
	}
	m.pause--
	if m.misses*bytesPerMiss > size+smallestEvent*bytesPerMiss {
		m.pause = pauseEvents
	}
	m.misses = 0
	return &m.lost, m.pause <= 0
}

func (m *memory) forget(version uint64) {
	if m.known == nil {
		m.known, m.seed = map[uint64]*stretch{}, maphash.MakeSeed()
		m.slab = make([]stretch, 0, maxStretches)
	}
	clear(m.slab)
	clear(m.known)
	m.slab, m.version, m.useless = m.slab[:0], version, 0
	m.lost = stretch{shape: 1} // no place has this shape
	m.lost.likely, m.lost.other = &m.lost, &m.lost
}

// learn remembers that text followed last, in a place of the shape, and returns the stretch. Shape includes in its lowest
// bit whether text begins an object.
func (m *memory) learn(last *stretch, text []byte, shape uint64, closes int, parent, node *fieldNode, begins uint8) *stretch {
	m.misses++
	if closes > maxCloses || len(text) > maxStretchBytes {
		return last
	}
	hash := maphash.Bytes(m.seed, text)
	mask := uint64(1)<<(1+shapeBits*(closes+1)) - 1
	s := m.known[hash]
	if s == nil || s.parent != parent || s.shape != shape&mask || s.shapeMask != mask || s.text != string(text) {
		if len(m.slab) == cap(m.slab) {
			m.useless++
			return last
		}
		m.slab = append(m.slab, stretch{
			text: string(text), likely: &m.lost, other: &m.lost,
			shape: shape & mask, shapeMask: mask, closes: uint8(closes), begins: begins, parent: parent, node: node,
		})
		s = &m.slab[len(m.slab)-1]
		for i := range min(len(text), stretchWords*8) {
			s.words[i/8] |= uint64(text[i]) << (i % 8 * 8)
			s.masks[i/8] |= 0xff << (i % 8 * 8)
		}
		m.known[hash] = s
	}
	last.likely, last.other = s, last.likely
	return s
}
