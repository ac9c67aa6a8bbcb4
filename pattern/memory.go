package pattern

import (
	"encoding/binary"
	"hash/maphash"
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
	stands    stands
	event     *stand // behind the event's brace
	lost      stretch
	byName    []*stretch // what is not likely, by the event's name and what it followed
	name      uint64     // a hash of the event's name, once it is known
	nameField int32      // the field, noField if it is not asked for
	runs      runs
	misses    int // since the last event began
	useless   int // misses since the slab was full
	size      int // of that event, 0 if stretches were not used
	pause     int // events to read without stretches
	lastPause int
}

// begin prepares for an event of size bytes and reports whether it is worth asking.
func (m *memory) begin(fields *fieldSet, size int) (trust bool) {
	const (
		longestPause = 64
		bytesPerMiss = 128 // an event has a stretch every 45 bytes
		freeMisses   = 8
		patience     = 16 * maxStretches
	)
	if m.fields != fields || m.version != fields.version || m.useless > patience {
		m.forget(fields)
	}
	if m.pause > 0 {
		m.pause--
		return false
	}
	switch bad := (m.misses-freeMisses)*bytesPerMiss > m.size; {
	case bad:
		m.lastPause = min(longestPause, m.lastPause*2+1)
		m.pause, m.misses, m.size = m.lastPause, 0, 0
		return false
	case m.size > 0:
		m.lastPause = 0
	}
	m.misses, m.size = 0, size
	return true
}

func (m *memory) forget(fields *fieldSet) {
	if m.known == nil {
		m.known, m.seed = make([]*stretch, 2*maxStretches), maphash.MakeSeed()
		m.slab = make([]stretch, 0, maxStretches)
		m.byName = make([]*stretch, maxStretches)
	}
	clear(m.byName)
	m.nameField = noField
	for field, name := range fields.names {
		if rankOf(name) == rankEventName {
			m.nameField = int32(field)
		}
	}
	clear(m.slab)
	clear(m.known)
	m.names = knownNames{}
	m.slab, m.fields, m.version, m.useless = m.slab[:0], fields, fields.version, 0
	m.stands.forget()
	m.runs.forget()
	m.event = m.stands.inside(nil, inObject, &fields.root)
	m.lost = stretch{begins: beginsLost, likely: &m.lost}
	m.lost.other, m.lost.third = &m.lost, &m.lost
	m.lost.start.words[0], m.lost.start.masks[0] = ^uint64(0), ^uint64(0) // no JSON text begins like this
}

// another looks for what followed the stretch at other times at pos, and takes it for likely from now on: in events of the
// same name first.
func (m *memory) another(s *stretch, src []byte, pos int) bool {
	if next := *m.inEvent(s); m.name != 0 && next != nil && next.from == s.stand && next.isAt(src, pos) {
		s.likely, s.other = next, s.likely
		return true
	}
	if next := s.other; next.isAt(src, pos) {
		s.likely, s.other = next, s.likely
		return true
	}
	if next := s.third; next.isAt(src, pos) {
		s.likely, s.other, s.third = next, s.likely, s.other
		return true
	}
	return false
}

// inEvent is where the stretch is kept that followed s when it was not the likely one, in an event of the name at hand.
func (m *memory) inEvent(s *stretch) **stretch {
	return &m.byName[(m.name^uint64(s.number)*0x9E3779B97F4A7C15)>>(64-10)]
}

// follows remembers that next followed last.
func (m *memory) follows(next, last *stretch) {
	if next == last.likely || last == &m.lost {
		return
	}
	last.likely, last.other, last.third = next, last.likely, last.other
	*m.inEvent(last) = next
}

// learn remembers that text is a stretch between two stands that followed last, and returns it; if it is not to be remembered,
// what begins where it ends.
func (m *memory) learn(last *stretch, from, to *stand, text []byte, begins uint8, field int32) *stretch {
	m.misses++
	if from.passing || to.passing {
		m.useless++
		return m.begins(to)
	}
	if len(text) > maxStretchBytes {
		return m.begins(to)
	}
	like := stretch{
		start: startOf(text), from: from, stand: to, length: uint8(len(text)), begins: begins, field: field,
		likely: &m.lost, other: &m.lost, third: &m.lost, number: uint32(len(m.slab)),
	}
	s := m.enter(&like, text)
	if s == nil {
		return m.begins(to)
	}
	m.follows(s, last)
	return s
}

// begins returns what stands for all stretches that end at the stand.
func (m *memory) begins(at *stand) *stretch {
	if at.passing {
		return &m.lost
	}
	if at.entry == nil {
		if len(m.slab) == cap(m.slab) {
			m.useless++
			return &m.lost
		}
		m.slab = append(m.slab, stretch{stand: at, likely: &m.lost, other: &m.lost, third: &m.lost, number: uint32(len(m.slab))})
		at.entry = &m.slab[len(m.slab)-1]
	}
	return at.entry
}

// enter returns the stretch that is like the one given; it is made if it is not known, nil if there is no room.
func (m *memory) enter(like *stretch, text []byte) *stretch {
	if len(text) > startBytes {
		for i := range like.end {
			if at := len(text) - endBytes + i*8; at >= 0 {
				like.end[i] = binary.LittleEndian.Uint64(text[at:])
			}
		}
	}
	hash := (maphash.Bytes(m.seed, text) + uint64(like.from.number)) % (2 * maxStretches)
	for range 2 {
		if s := m.known[hash]; s != nil && s.from == like.from && s.length == like.length && s.begins == like.begins &&
			s.start.words == like.start.words && s.end == like.end {
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
	m.known[hash] = s
	return s
}
