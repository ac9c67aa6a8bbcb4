package pattern

import "encoding/binary"

// span is text that is read byte by byte, to be learnt as a stretch when a value comes.
type span struct {
	from  *stand
	start int
	cutTo *stand // where it may end so far, at the latest
	cut   int
}

// walk reads byte by byte from behind a value, or a bracket, to behind the next value, and learns the stretches on the way. It
// returns the value's field, noField if it is not asked for, and whether all is well; r.here is nil then if the event ended.
func (r *reader) walk(f *facts, src []byte) (field int32, ok bool) {
	pos, here := r.pos, r.here
	text := span{here, pos, here, pos}
	for {
		if pos = space(src, pos); pos >= len(src) {
			return noField, false
		}
		c := src[pos]
		if c == '}' && here.kind&inArray == 0 || c == ']' && here.kind&inArray != 0 {
			pos++
			list := here.kind >= inElement
			if here = here.up; here == nil {
				r.here = nil
				return noField, space(src, pos) == len(src)
			}
			if list {
				r.closeList(f)
				text = r.restart(here, pos)
			}
			continue
		}
		if !here.opened {
			if c != ',' {
				return noField, false
			}
			if pos = space(src, pos+1); pos >= len(src) {
				return noField, false
			}
		}
		node := here.node
		if here.kind&inArray == 0 {
			if node, pos = r.name(f, here.node, src, pos); pos < 0 {
				return noField, false
			}
		}
		switch src[pos] {
		case '{', '[':
			if here.depth >= maxDepth {
				return noField, false
			}
			here = r.open(f, here, node, src[pos] == '[')
			if pos++; here.kind >= inElement {
				text = r.restart(here, pos)
				continue
			}
		case 't', 'f', 'n':
			word := literalAt(src, pos)
			if len(word) == 0 {
				return noField, false
			}
			here, pos = here.going, pos+len(word)
			if node == nil || node.id < 0 {
				break
			}
			r.learn(&text, src[:pos], here, uint8(len(word)), node.id)
			f.leaf(node.id, r.in, literalKind, word)
			r.here, r.pos = here, pos
			return node.id, true
		default:
			here, field = here.going, noField
			if node != nil {
				field = node.id
			}
			if src[pos] == '"' {
				pos++
				r.learn(&text, src[:pos], here, beginsString, field)
				pos = r.text(f, field, src, pos, pos)
			} else {
				r.learn(&text, src[:pos], here, beginsNumber, field)
				pos = r.number(f, field, src, pos)
			}
			if r.trust || r.alert || pos == 0 {
				r.here, r.pos = here, pos
				return field, pos > 0
			}
			continue
		}
		r.cut(&text, src[:pos], here)
	}
}

// open enters a container that begins in here, where node is.
func (r *reader) open(f *facts, here *stand, node *fieldNode, array bool) *stand {
	kind := inObject
	if array {
		kind = inArray
	} else if node != nil && len(node.next) == 0 {
		node = nil
	}
	if node != nil && (array || here.kind == inList) {
		kind |= inElement // or inList
		r.openList(f, here.kind == inList)
	}
	return r.memory.stands.inside(here, kind, node)
}

// restart begins a span behind what can't be part of one.
func (r *reader) restart(here *stand, pos int) span {
	r.last = r.memory.begins(here)
	return span{here, pos, here, pos}
}

// learn learns the span at the end of src, which ends in the stand to with what begins there. If it is too long, it is cut.
func (r *reader) learn(text *span, src []byte, to *stand, begins uint8, field int32) {
	if !r.trust {
		return
	}
	if len(src)-text.start > maxStretchBytes && text.cut > text.start {
		r.last = r.memory.learn(r.last, text.from, text.cutTo, src[text.start:text.cut], beginsNothing, noField)
		text.from, text.start = text.cutTo, text.cut
	}
	r.last = r.memory.learn(r.last, text.from, to, src[text.start:], begins, field)
}

// cut takes note that the span at the end of src may end here.
func (r *reader) cut(text *span, src []byte, here *stand) {
	if !r.trust {
		return
	}
	pos := len(src)
	if pos-text.start > maxStretchBytes {
		if text.cut > text.start {
			r.last = r.memory.learn(r.last, text.from, text.cutTo, src[text.start:text.cut], beginsNothing, noField)
		}
		if text.from, text.start = text.cutTo, text.cut; pos-text.start > maxStretchBytes {
			*text = r.restart(here, pos)
			return
		}
	}
	text.cutTo, text.cut = here, pos
}

// name reads a name and its colon and returns the node that it leads to from parent, nil if nothing is asked for there, and
// the position of the value; -1 if there is none.
func (r *reader) name(f *facts, parent *fieldNode, src []byte, pos int) (node *fieldNode, at int) {
	if src[pos] != '"' {
		return nil, -1
	}
	pos++
	if len(src)-pos >= startBytes {
		ahead := src[pos:]
		a, b, c := binary.LittleEndian.Uint64(ahead), binary.LittleEndian.Uint64(ahead[8:]), binary.LittleEndian.Uint64(ahead[16:])
		name := &r.memory.names.cells[nameCell(a, b)&(maxKnownNames-1)]
		if name.start.differs(a, b, c) != 0 || name.length > startBytes || name.length == 0 {
			name = r.memory.names.find(a, b, c, ahead)
		}
		if name != nil {
			if parent != nil {
				if name.parent != parent {
					name.parent, name.node = parent, parent.child(ahead[:name.length-2])
				}
				node = name.node
			}
			pos = space(src, pos+name.length)
			if pos >= len(src) {
				pos = -1
			}
			return node, pos
		}
	}
	end, plain := textEnd(src, pos)
	if end < 0 {
		return nil, -1
	}
	if parent != nil {
		key := src[pos:end]
		if !plain {
			key = f.unescape(src, pos)
		}
		node = parent.child(key)
	}
	begin := pos
	if pos = space(src, end+1); pos >= len(src) || src[pos] != ':' {
		return nil, -1
	}
	if pos++; plain && pos == end+2 {
		r.memory.names.learn(src[begin:pos])
	}
	if pos = space(src, pos); pos >= len(src) {
		return nil, -1
	}
	return node, pos
}

// openList begins a list, or an element of the list around it, or a list that is both.
func (r *reader) openList(f *facts, item bool) {
	r.lists = append(r.lists, frame{in: r.in, array: noArray})
	if item {
		f.open(&r.lists[len(r.lists)-2], &r.lists[len(r.lists)-1])
		r.in = r.lists[len(r.lists)-1].in
	}
}

// closeList ends what openList began last.
func (r *reader) closeList(f *facts) {
	last := len(r.lists) - 1
	f.close(&r.lists[last])
	r.lists, r.in = r.lists[:last], 0
	if last > 0 {
		r.in = r.lists[last-1].in
	}
}
