package pattern

import (
	"encoding/binary"
	"math/bits"
)

// reader reads one event and puts the values of fields into facts. It checks every byte, as scanner does, but says no
// more than that something is wrong; eventError finds out what.
//
// Half of an event is names and brackets, and they recur from event to event. What stands between two values is a
// stretch: closing brackets, a comma, a name, a colon, and the quote or brace that begins the next value. The reader
// remembers stretches and which followed which; where the next bytes are a stretch that it knows, in a place where it
// means the same, one comparison takes it. Everything else goes byte by byte, and is remembered.
type reader struct {
	frames []frame // the containers around the present place; 0 is the event
	memory memory
}

// frame is a container that is being read.
type frame struct {
	node   *fieldNode // nil: nothing inside is asked for
	shape  uint64     // of the containers around it
	in     int32      // the element that values lie in
	array  int32      // of a list: its number in facts, noArray until it has an element
	item   bool       // it is an element of a list; then
	values int32      // how many values and arrays there were before it
	arrays int32
}

// noArray is the array of a frame that is no list with elements.
const noArray = -1

// The shape of a place is the kinds of the containers around it, innermost in the lowest bits.
const (
	inObject  = 0 // an object that is no element
	inArray   = 1 // an array in which nothing is asked for
	inElement = 2 // an object in a list
	inList    = 3 // an array in which something is asked for; also what lies around the event

	shapeBits = 2
	shapeMask = 1<<shapeBits - 1
)

// read fills w.facts with the values of the fields. It reports whether the event is one JSON object, or as much as w wants
// to see of one.
func (r *reader) read(w *match, fields *fieldSet, src []byte) bool {
	f := &w.facts
	if len(r.frames) == 0 {
		r.frames = make([]frame, maxDepth+2)
	}
	pos := space(src, 0)
	if pos >= len(src) || src[pos] != '{' {
		return false
	}
	pos++
	frames := r.frames
	top := 1
	shape := uint64(inList<<shapeBits | inObject)
	frames[1] = frame{node: &fields.root, shape: inList, array: noArray}
	first := uint64(1) // 1 right after an opening brace
	last, trust := r.memory.begin(fields, len(src))
	var node *fieldNode            // of the value at hand; nil if it is not asked for
	watched, seen := w.watch.on, 0 // seen: fields that w knows of
	for {
		if watched && len(f.seen) > seen {
			seen++
			if shape&inArray == 0 && frames[top].in == 0 && w.enough(f.seen[seen-1], src[pos:]) {
				return true
			}
			watched = w.watch.on
		}
		if trust && len(src)-pos >= stretchWords*8 {
			words := src[pos : pos+stretchWords*8]
			a, b, c := binary.LittleEndian.Uint64(words), binary.LittleEndian.Uint64(words[8:]), binary.LittleEndian.Uint64(words[16:])
			s := last.likely
			if s.start.differs(a, b, c) != 0 {
				s = last.other
				if s.start.differs(a, b, c) != 0 {
					s = last.third
					if s.start.differs(a, b, c) != 0 {
						goto unknown
					}
					last.third = last.other
				}
				last.likely, last.other = s, last.likely
			}
			if (shape<<1|first)&s.shapeMask != s.shape {
				goto unknown
			}
			at := top - int(s.closes)
			if uint(at) >= uint(len(frames)) || frames[at].node != s.parent {
				goto unknown
			}
			if s.length > stretchWords*8 && !s.ends(src[pos:]) {
				goto unknown
			}
			if s.closes > 0 {
				shape = frames[at+1].shape
				top = at
			}
			pos += int(s.length)
			first = 0
			last = s
			node = s.node
			if s.begins == beginsString {
				goto text
			}
			if s.begins == beginsObject {
				goto object
			}
			if s.begins == beginsValue {
				goto item
			}
			if node != nil {
				f.leaf(node, frames[top].in, literalKind, src[pos-int(s.begins):pos])
			}
			continue
		}
	unknown:
		{
			start, stretchShape, closes := pos, shape<<1|first, 0
			// Closing brackets, then a comma unless this is the first thing in an object.
			for {
				pos = space(src, pos)
				if pos >= len(src) {
					return false
				}
				c := src[pos]
				if c == ',' && first == 0 {
					pos++
					break
				}
				kind := shape & shapeMask
				if c == '}' && kind&inArray == 0 || c == ']' && kind&inArray != 0 {
					pos++
					first = 0
					if kind >= inElement {
						f.close(&frames[top])
						closes += maxCloses // more happens than a stretch can say
					}
					shape = frames[top].shape
					closes++
					if top--; top == 0 {
						return space(src, pos) == len(src)
					}
					continue
				}
				if first == 0 {
					return false
				}
				break
			}
			if shape&inArray != 0 {
				node = frames[top].node
				goto item
			}
			pos = space(src, pos)
			if pos >= len(src) || src[pos] != '"' {
				return false
			}
			pos++
			parent := frames[top].node
			var name *knownName
			if len(src)-pos >= stretchWords*8 {
				ahead := src[pos : pos+stretchWords*8]
				name = r.memory.names.find(binary.LittleEndian.Uint64(ahead), binary.LittleEndian.Uint64(ahead[8:]),
					binary.LittleEndian.Uint64(ahead[16:]), src[pos:])
			}
			node = nil
			if name != nil {
				if parent != nil {
					if name.parent != parent {
						name.parent, name.node = parent, parent.child(src[pos:pos+name.length-2])
					}
					node = name.node
				}
				pos += name.length
			} else {
				end, plain := textEnd(src, pos)
				if end < 0 {
					return false
				}
				if parent != nil {
					key := src[pos:end]
					if !plain {
						key = f.unescape(src, pos)
					}
					node = parent.child(key)
				}
				keyAt := pos
				if pos = space(src, end+1); pos >= len(src) || src[pos] != ':' {
					return false
				}
				if pos++; plain && pos == end+2 {
					name = r.memory.names.learn(src[keyAt:pos])
				}
			}
			if pos = space(src, pos); pos >= len(src) {
				return false
			}
			first = 0
			if trust && name != nil {
				last = r.memory.learn(last, name, src[start:], pos-start, stretchShape, closes, parent, node)
			}
			goto value
		}
	item:
		pos = space(src, pos)
		if pos >= len(src) {
			return false
		}
	value:
		switch c := src[pos]; c {
		case '"':
			pos++
			goto text
		case '{':
			pos++
			goto object
		case '[':
			if pos++; top >= maxDepth {
				return false
			}
			goto array
		case 't', 'f', 'n':
			word := literalAt(src, pos)
			if len(word) == 0 {
				return false
			}
			pos += len(word)
			if node != nil {
				f.leaf(node, frames[top].in, literalKind, word)
			}
			continue
		default:
			end := numberEnd(src, pos)
			if end < 0 {
				return false
			}
			if node != nil {
				f.leaf(node, frames[top].in, numberKind, src[pos:end])
			}
			pos = end
			continue
		}
	object:
		{
			if top >= maxDepth {
				return false
			}
			around := &frames[top]
			top++
			inside := &frames[top]
			inside.shape, inside.array, inside.item, inside.node = shape, noArray, false, nil
			shape = shape << shapeBits // inObject
			if node != nil && len(node.next) > 0 {
				inside.node, inside.in = node, around.in
				if shape>>shapeBits&shapeMask == inList {
					f.open(around, inside)
					shape |= inElement
				}
			}
			first = 1
			continue
		}
	array:
		{
			around := &frames[top]
			top++
			inside := &frames[top]
			inside.shape, inside.array, inside.item, inside.node = shape, noArray, false, node
			shape = shape<<shapeBits | inArray
			if node != nil {
				inside.in = around.in
				if shape>>shapeBits&shapeMask == inList {
					f.open(around, inside)
				}
				shape |= inList
			}
			first = 0
			if pos = space(src, pos); pos < len(src) && src[pos] == ']' {
				continue
			}
			goto item
		}
	text:
		{
			begin := pos
			for pos+16 <= len(src) {
				pair := src[pos : pos+16]
				low, high := special(binary.LittleEndian.Uint64(pair)), special(binary.LittleEndian.Uint64(pair[8:]))
				if low|high == 0 {
					pos += 16
					continue
				}
				if low == 0 {
					low, pos = high, pos+8
				}
				pos += bits.TrailingZeros64(low) >> 3
				break
			}
			if uint(pos) < uint(len(src)) && src[pos] == '"' {
				if node != nil {
					f.leaf(node, frames[top].in, stringKind, src[begin:pos])
				}
				pos++
				continue
			}
			end, plain := textEnd(src, pos)
			if end < 0 {
				return false
			}
			if node != nil {
				content := src[begin:end]
				if !plain {
					content = f.unescape(src, begin)
				}
				f.leaf(node, frames[top].in, stringKind, content)
			}
			pos = end + 1
		}
	}
}
