package event

import "encoding/binary"

// manyNames is from where on an object's names are kept in a map: comparing each with each would take long.
const manyNames = 64

// nameSet finds a name that an object has twice. The names themselves are on the reader's stack, from first on.
type nameSet struct {
	first int
	seen  uint64              // a bit for each hash: most new names are known to be new by it
	many  map[string]struct{} // more than manyNames of them
}

// has adds the last name of the stack and reports whether the object has it already.
func (s *nameSet) has(stack [][]byte) bool {
	last := len(stack) - 1
	name, before := stack[last], stack[s.first:last]
	if s.many == nil && len(before) < manyNames {
		bit := uint64(1) << hash(name)
		hit := s.seen&bit != 0
		s.seen |= bit
		if !hit {
			return false
		}
		for _, other := range before {
			if string(other) == string(name) {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[string]struct{}, 2*manyNames)
		for _, other := range before {
			s.many[string(other)] = struct{}{}
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
