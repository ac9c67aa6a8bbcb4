package pattern

import (
	"errors"
	"slices"
)

// facts are what patterns can know of an event: the values of the fields in a fieldSet, with the array elements that
// they lie in. One facts is filled again and again.
type facts struct {
	reader   reader
	arena    []byte // strings that had escapes; values point into it
	values   []value
	elements []element // objects and arrays that are items of arrays, in the order of the text; 0 is the event itself
	arrays   []array   // arrays that have such items, in the order of the text
	fields   []fieldFacts
	seen     []int32 // fields with a value
}

// fieldFacts are where the values of one field are.
type fieldFacts struct {
	first  int32 // -1 if there is none
	last   int32
	nested bool // a value lies in an element other than 0
}

// element is an item of an array. Elements that lie inside it have the numbers after its own.
type element struct {
	array int32
}

// array is an array that lies in the element owner and has the elements first to end, with all that lie inside them.
type array struct {
	owner int32
	first int32
	end   int32
}

// read fills f with the fields of the event; as far as w watches, not beyond what matters to it.
func (f *facts) read(event []byte, fields *fieldSet, w *match) error {
	f.arena, f.values, f.arrays = f.arena[:0], f.values[:0], f.arrays[:0]
	f.elements = append(f.elements[:0], element{array: -1})
	for len(f.fields) < len(fields.names) {
		f.fields = append(f.fields, fieldFacts{first: -1, last: -1})
	}
	for _, field := range f.seen {
		f.fields[field] = fieldFacts{first: -1, last: -1}
	}
	f.seen = f.seen[:0]
	if !f.reader.read(w, fields, event) {
		return eventError(event)
	}
	return nil
}

// eventError says where a wrong event ends to be JSON.
func eventError(event []byte) error {
	s := scanner{src: event}
	if s.peek() != '{' {
		return invalidEvent(s.pos, event, "it does not begin with a brace")
	}
	err := s.skip(1)
	if err == nil {
		err = s.end()
	}
	var broken *scanError
	if errors.As(err, &broken) {
		return invalidEvent(broken.pos, event, broken.msg)
	}
	return invalidEvent(0, event, "it is no JSON text")
}

// forget drops what points into the event, and what an unusually large one left behind.
func (f *facts) forget() {
	const large = 1 << 14
	if cap(f.values) > large || cap(f.elements) > large || cap(f.arena) > 1<<20 {
		*f = facts{reader: f.reader, fields: f.fields, seen: f.seen}
		return
	}
	clear(f.values)
}

// leaf adds a value of the field, if it is one, that lies in an element.
func (f *facts) leaf(id, in int32, k kind, text []byte) {
	if id < 0 {
		return
	}
	i := int32(len(f.values))
	if len(f.values) == cap(f.values) {
		f.values = slices.Grow(f.values, 1)
	}
	f.values = f.values[:i+1]
	v := &f.values[i]
	v.text, v.element, v.next, v.hash, v.kind = text, in, -1, 0, k
	field := &f.fields[id]
	if field.first < 0 {
		field.first = i
		f.seen = append(f.seen, id)
	} else {
		f.values[field.last].next = i
	}
	field.last = i
	if in != 0 {
		field.nested = true
	}
}

// open begins an element of the list around it. The plain items of a list are values of the element around the list:
// event-ruler lets any of them match beside any other. Its objects and arrays are elements that exclude one another.
func (f *facts) open(list, inside *frame) {
	if list.array == noArray {
		list.array = int32(len(f.arrays))
		f.arrays = append(f.arrays, array{owner: list.in, first: int32(len(f.elements))})
	}
	inside.item, inside.in = true, int32(len(f.elements))
	inside.values, inside.arrays = int32(len(f.values)), int32(len(f.arrays))
	f.elements = append(f.elements, element{array: list.array})
}

// close ends a list or an element.
func (f *facts) close(done *frame) {
	if done.array != noArray {
		f.arrays[done.array].end = int32(len(f.elements))
	}
	if done.item && len(f.values) == int(done.values) {
		f.elements, f.arrays = f.elements[:done.in], f.arrays[:done.arrays] // nothing of interest inside: it takes no part
	}
}

// unescape returns the content of the string that begins at pos, after the quote.
func (f *facts) unescape(event []byte, pos int) []byte {
	s := scanner{src: event, pos: pos - 1, arena: f.arena}
	text, _ := s.str() // it was checked
	f.arena = s.arena
	return text
}

// parent returns the element around e, 0 at the top.
func (f *facts) parent(e int32) int32 { return f.arrays[f.elements[e].array].owner }

// elementsOf returns the elements in which the field has a value that test accepts, each once, ascending.
func (f *facts) elementsOf(field int32, accept func(*value) bool) []int32 {
	var found []int32
	for i := f.fields[field].first; i >= 0; i = f.values[i].next {
		v := &f.values[i]
		if n := len(found); (n == 0 || found[n-1] != v.element) && accept(v) {
			found = append(found, v.element)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
