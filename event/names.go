package event

import "encoding/binary"

// manyNames is from where on an object's names are kept in a map: comparing each with each would take long.
const manyNames = 64

// names are those of the objects that are open, as spans of src. Spans hold no pointers, so that the collector of garbage
// has no work with them.
type names struct {
	src   []byte
	plain []byte // names that were escaped or are from memory; they follow src
	spans []span
}

type span struct{ start, end uint32 }

// push adds a name, which stands at start to end in src with its quotes.
func (n *names) push(start, end int) {
	quoted := n.src[start:end]
	for _, c := range quoted {
		if c == '\\' {
			n.pushPlain(plain(quoted))
			return
		}
	}
	n.spans = append(n.spans, span{uint32(start + 1), uint32(end - 1)})
}

// pushPlain adds a name that does not stand in src as it is.
func (n *names) pushPlain(name []byte) {
	from := len(n.plain)
	n.plain = append(n.plain, name...)
	n.spans = append(n.spans, span{uint32(len(n.src) + from), uint32(len(n.src) + len(n.plain))})
}

func (n *names) at(i int) []byte {
	s := n.spans[i]
	if all := uint32(len(n.src)); s.start >= all {
		return n.plain[s.start-all : s.end-all]
	}
	return n.src[s.start:s.end]
}

// nameSet finds a name that an object has twice. The object's names begin at first.
type nameSet struct {
	first int
	seen  uint64              // a bit for each hash: most new names are known to be new by it
	many  map[string]struct{} // more than manyNames of them
}

// has adds the last of the names and reports whether the object has it already.
func (s *nameSet) has(all *names) bool {
	last := len(all.spans) - 1
	name := all.at(last)
	if s.many == nil && last-s.first < manyNames {
		bit := uint64(1) << hash(name)
		hit := s.seen&bit != 0
		s.seen |= bit
		if !hit {
			return false
		}
		for i := s.first; i < last; i++ {
			if string(all.at(i)) == string(name) {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[string]struct{}, 2*manyNames)
		for i := s.first; i < last; i++ {
			s.many[string(all.at(i))] = struct{}{}
		}
	}
	if _, there := s.many[string(name)]; there {
		return true
	}
	s.many[string(name)] = struct{}{}
	return false
}

// hash is a number below 64 from a name's length and its ends.
func hash(name []byte) uint64 {
	const factor = 0x9e3779b97f4a7c15
	n := len(name)
	switch {
	case n >= 8:
		return (binary.LittleEndian.Uint64(name)*3 ^ binary.LittleEndian.Uint64(name[n-8:]) ^ uint64(n)) * factor >> 58
	case n >= 4:
		return (uint64(binary.LittleEndian.Uint32(name))<<32 ^ uint64(binary.LittleEndian.Uint32(name[n-4:])) ^ uint64(n)) * factor >> 58
	case n > 0:
		return (uint64(name[0]) ^ uint64(name[n/2])<<8 ^ uint64(name[n-1])<<16 ^ uint64(n)<<24) * factor >> 58
	default:
		return 0
	}
}
