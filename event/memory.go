package event

import (
	"encoding/binary"
	"strings"
)

// memory is what a reader knows of the objects that it has read: which name came after which, object by object. Events
// are much alike. Where the next bytes are a name that came there before, one comparison takes it; that the object does not
// have it twice was seen when it was learnt.
type memory struct {
	of    *shape
	root  *step
	steps int
	lacks int // how often it had no room for a name
}

// What a memory holds at most. Names that strangers choose could fill it: once it has lacked room often it begins anew, but
// not so often that learning costs more than it saves.
const (
	maxSteps    = 4096
	maxBranches = 24  // names that are known to come after one name
	maxName     = 128 // bytes
	maxLacks    = 4096
)

// step is a name in an object, after those that lead to it.
type step struct {
	name   string
	quoted string    // with quotes and the colon
	words  [3]uint64 // the first 24 bytes of quoted
	masks  [3]uint64 // which of them count
	dotted bool
	of     *shape // of the value
	before *step  // the name before it; nil at the beginning of an object
	place  int    // how many names come before it
	likely *step  // what came after it last
	others []*step
	within *step // the beginning of the objects in the value
}

// begin returns where the reading of an event begins.
func (m *memory) begin(of *shape) *step {
	if m.root == nil || m.of != of || m.lacks >= maxLacks {
		*m = memory{of: of, root: new(step)}
	}
	return m.root
}

// follow returns the step whose name src begins with; nil if it is not known.
func (s *step) follow(src []byte) *step {
	const look = 24
	if s == nil || s.likely == nil || len(src) < look {
		return nil
	}
	src = src[:len(src):len(src)]
	a, b, c := binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:]), binary.LittleEndian.Uint64(src[16:])
	next := s.likely
	if (a^next.words[0])&next.masks[0]|(b^next.words[1])&next.masks[1]|(c^next.words[2])&next.masks[2] == 0 && next.ends(src) {
		return next
	}
	for i, other := range s.others {
		if (a^other.words[0])&other.masks[0]|(b^other.words[1])&other.masks[1]|(c^other.words[2])&other.masks[2] == 0 && other.ends(src) {
			s.likely, s.others[i] = other, next
			return other
		}
	}
	return nil
}

// ends compares what words has no room for.
func (s *step) ends(src []byte) bool {
	return len(s.quoted) <= 24 || len(src) >= len(s.quoted) && string(src[24:len(s.quoted)]) == s.quoted[24:]
}

// inside returns the beginning of the objects in the value; nil where nothing is known and nothing can be learnt.
func (m *memory) inside(s *step) *step {
	if s == nil {
		return nil
	}
	switch {
	case s.within != nil:
	case m.steps < maxSteps:
		m.steps++
		s.within = new(step)
	default:
		m.lacks++
	}
	return s.within
}

// learn returns the step of a name that follows s in an object of this shape; nil where there is no room. Twice tells that
// the object has the name already.
func (m *memory) learn(s *step, name []byte, of *shape) (next *step, twice bool) {
	if s.likely != nil && s.likely.name == string(name) {
		return s.likely, false
	}
	for _, other := range s.others {
		if other.name == string(name) {
			return other, false
		}
	}
	for earlier := s; earlier.before != nil; earlier = earlier.before {
		if earlier.name == string(name) {
			return nil, true
		}
	}
	if m.steps >= maxSteps || len(s.others) >= maxBranches || s.place >= manyNames || len(name) > maxName {
		m.lacks++
		return nil, false
	}
	m.steps++
	next = newStep(string(name), of.member(name), s)
	if s.likely != nil {
		s.others = append(s.others, s.likely)
	}
	s.likely = next
	return next, false
}

func newStep(name string, of *shape, before *step) *step {
	s := &step{name: name, quoted: `"` + name + `":`, of: of, before: before, place: before.place + 1, dotted: strings.Contains(name, ".")}
	for i := range min(len(s.quoted), 24) {
		shift := i % 8 * 8
		s.words[i/8] |= uint64(s.quoted[i]) << shift
		s.masks[i/8] |= 0xff << shift
	}
	return s
}

// spell adds the names that lead to s, first to last, to those of the object.
func (n *names) spell(s *step, own *nameSet) {
	if s.before != nil {
		n.spell(s.before, own)
		n.pushPlain([]byte(s.name))
		own.has(n)
	}
}
