package pattern

import (
	"encoding/binary"
	"math/bits"
)

// reader reads one event and puts the values of fields into facts. It checks every byte, as scanner does, but says no
// more than that something is wrong; eventError finds out what.
//
// Half of an event is names and brackets, and they recur from event to event. What stands between two values is a
// stretch. The reader remembers stretches and which followed which; where the next bytes are a stretch that it foresees, one
// comparison takes it. Everything else goes byte by byte (walk), and is remembered.
type reader struct {
	memory memory
	lists  []frame // the lists and elements around the present stand

	// Where reading goes on when read and walk take turns.
	pos   int
	here  *stand
	last  *stretch // that was read or learnt
	in    int32    // the element that values lie in
	trust bool     // stretches are of use for this event
	alert bool     // values are watched
	close bool     // the event is looked at closely
}

// frame is a list or an element that is being read.
type frame struct {
	in     int32 // the element that values lie in
	array  int32 // of a list: its number in facts, noArray until it has an element
	item   bool  // it is an element of a list; then
	values int32 // how many values and arrays there were before it
	arrays int32
}

// noArray is the array of a frame that is no list with elements.
const noArray = -1

// read fills w.facts with the values of the fields. It reports whether the event is one JSON object, or as much as w wants
// to see of one.
func (r *reader) read(w *match, fields *fieldSet, src []byte) bool {
	pos := space(src, 0)
	if pos >= len(src) || src[pos] != '{' {
		return false
	}
	pos++
	f := &w.facts
	r.trust = r.memory.begin(fields, len(src))
	r.close = r.trust && r.memory.runs.begin()
	r.lists, r.in, r.memory.name = r.lists[:0], 0, 0
	r.alert = w.watch.on
	m := &r.memory
	here := m.event
	last := m.begins(here)
	for {
		var field int32
		s, at, end := last, pos, -1
		for r.trust {
			if r.close {
				s, at, end = s.step(src, at)
			} else {
				s, at, end = follow(src, at, s)
			}
			if end >= 0 || !m.another(s, src, at) {
				break
			}
		}
		if end >= 0 {
			last, here, field = s, s.stand, s.field
			switch {
			case s.begins != beginsString:
				pos = r.value(f, s, src, at)
			case end < len(src) && src[end] == '"':
				if pos = end + 1; field >= 0 {
					f.leaf(field, r.in, stringKind, src[at:end])
					if field == m.nameField {
						m.name = f.values[len(f.values)-1].hashed()
					}
				}
			default:
				pos = r.text(f, field, src, at, end)
			}
			if pos == 0 {
				return false
			}
			if r.close && s.begins == beginsString {
				m.runs.trace = append(m.runs.trace, traced{s, at - int(s.length), at, pos})
			}
		} else {
			if pos = at; r.trust && s != &m.lost {
				here = s.stand
			}
			if here.ends(src[pos:]) {
				if r.close {
					m.runs.learn(src)
				}
				return true
			}
			r.pos, r.here, r.last = pos, here, s
			var ok bool
			if field, ok = r.walk(f, src); !ok || r.here == nil {
				return ok
			}
			pos, here, last = r.pos, r.here, r.last
		}
		if r.alert && field >= 0 {
			if x := &f.fields[field]; x.first == x.last && r.in == 0 && here.kind&inArray == 0 && w.enough(field, src[pos:]) {
				return true
			}
			r.alert = w.watch.on
		}
	}
}

// value reads the value at the end of a stretch or behind it, which is no string. It returns the position behind it, 0 if it is
// wrong.
func (r *reader) value(f *facts, s *stretch, src []byte, begin int) int {
	switch s.begins {
	case beginsNothing:
	case beginsNumber:
		return r.number(f, s.field, src, begin)
	default:
		f.leaf(s.field, r.in, literalKind, src[begin-int(s.begins):begin])
	}
	return begin
}

// number reads a number at pos. It returns the position behind it, 0 if there is none.
func (r *reader) number(f *facts, field int32, src []byte, pos int) int {
	end := numberEnd(src, pos)
	if end < 0 {
		return 0
	}
	f.leaf(field, r.in, numberKind, src[pos:end])
	return end
}

// text reads the end of a string that began at begin and has nothing special before pos. It returns the position behind
// it, 0 if the string is wrong.
func (r *reader) text(f *facts, field int32, src []byte, begin, pos int) int {
	for len(src)-pos >= 16 {
		pair := src[pos : pos+16]
		low, high := special(binary.LittleEndian.Uint64(pair)), special(binary.LittleEndian.Uint64(pair[8:]))
		if low|high == 0 {
			pos += 16
			continue
		}
		pos += bits.TrailingZeros32(squeeze(low) | squeeze(high)<<8)
		break
	}
	end, plain := pos, true
	if pos >= len(src) || src[pos] != '"' {
		if end, plain = textEnd(src, pos); end < 0 {
			return 0
		}
	}
	if field >= 0 {
		content := src[begin:end]
		if !plain {
			content = f.unescape(src, begin)
		}
		f.leaf(field, r.in, stringKind, content)
	}
	return end + 1
}
