package pattern

import (
	"errors"
	"slices"
)

// facts are what patterns can know of an event: the values of the fields in a fieldSet, with the array elements that
// they lie in. One facts is filled again and again.
type facts struct {
	scan     scanner
	values   []value
	elements []element // objects and arrays that are items of arrays, in the order of the text; 0 is the event itself
	arrays   []array   // arrays that have such items, in the order of the text
	first    []int32   // by field: its first value, -1 if none
	last     []int32   // by field: its last value
	nested   []bool    // by field: a value lies in an element other than 0
	seen     []int32   // fields with a value
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

// read fills f with the fields of the event.
func (f *facts) read(event []byte, fields *fieldSet) error {
	f.scan.src, f.scan.pos, f.scan.arena = event, 0, f.scan.arena[:0]
	f.values, f.arrays = f.values[:0], f.arrays[:0]
	f.elements = append(f.elements[:0], element{array: -1})
	for len(f.first) < len(fields.names) {
		f.first, f.last, f.nested = append(f.first, -1), append(f.last, -1), append(f.nested, false)
	}
	for _, field := range f.seen {
		f.first[field], f.last[field], f.nested[field] = -1, -1, false
	}
	f.seen = f.seen[:0]

	if f.scan.peek() != '{' {
		return invalidEvent(f.scan.pos, event, "it does not begin with a brace")
	}
	err := f.object(&fields.root, 0, 1)
	if err == nil {
		err = f.scan.end()
	}
	if err != nil {
		return eventError(err, event)
	}
	return nil
}

// eventError says where the event ends to be JSON.
func eventError(err error, event []byte) error {
	var broken *scanError
	if errors.As(err, &broken) {
		return invalidEvent(broken.pos, event, broken.msg)
	}
	return err
}

// forget drops what points into the event, and what an unusually large one left behind.
func (f *facts) forget() {
	f.scan.src = nil
	const large = 1 << 14
	if cap(f.values) > large || cap(f.elements) > large || cap(f.scan.arena) > 1<<20 {
		*f = facts{first: f.first, last: f.last, nested: f.nested, seen: f.seen}
		return
	}
	clear(f.values[:cap(f.values)])
}

func (f *facts) object(at *fieldNode, in int32, depth int) error {
	return f.scan.members(depth, func(key []byte, _ int) error {
		next := at.child(key)
		if next == nil {
			return f.scan.skip(depth + 1)
		}
		return f.value(next, in, depth+1)
	})
}

// value reads one value that belongs to the field at, or lies above fields.
func (f *facts) value(at *fieldNode, in int32, depth int) error {
	switch first := f.scan.peek(); first {
	case '{':
		if len(at.next) == 0 {
			return f.scan.skip(depth)
		}
		return f.object(at, in, depth)
	case '[':
		return f.array(at, in, depth)
	default:
		return f.leaf(at, in, first)
	}
}

func (f *facts) leaf(at *fieldNode, in int32, first byte) error {
	k, text, err := f.scan.scalar(first)
	if err != nil || at.id < 0 {
		return err
	}
	i := int32(len(f.values))
	f.values = append(f.values, value{text: text, element: in, next: -1, kind: k})
	if f.first[at.id] < 0 {
		f.first[at.id] = i
		f.seen = append(f.seen, at.id)
	} else {
		f.values[f.last[at.id]].next = i
	}
	f.last[at.id] = i
	if in != 0 {
		f.nested[at.id] = true
	}
	return nil
}

// array reads an array. Its plain items are values of the element around it: event-ruler lets any of them match beside
// any other. Its objects and arrays are elements that exclude one another.
func (f *facts) array(at *fieldNode, in int32, depth int) error {
	this := int32(-1)
	err := f.scan.items(depth, func(first byte) error {
		if first != '{' && first != '[' {
			return f.leaf(at, in, first)
		}
		if this < 0 {
			this = int32(len(f.arrays))
			f.arrays = append(f.arrays, array{owner: in, first: int32(len(f.elements))})
		}
		e, values, arrays := int32(len(f.elements)), len(f.values), len(f.arrays)
		f.elements = append(f.elements, element{array: this})
		if err := f.value(at, e, depth+1); err != nil {
			return err
		}
		if len(f.values) == values {
			f.elements, f.arrays = f.elements[:e], f.arrays[:arrays] // nothing of interest inside: it takes no part
		}
		return nil
	})
	if this >= 0 {
		f.arrays[this].end = int32(len(f.elements))
	}
	return err
}

// parent returns the element around e, 0 at the top.
func (f *facts) parent(e int32) int32 { return f.arrays[f.elements[e].array].owner }

// elementsOf returns the elements in which the field has a value that test accepts, each once, ascending.
func (f *facts) elementsOf(field int32, accept func(*value) bool) []int32 {
	var found []int32
	for i := f.first[field]; i >= 0; i = f.values[i].next {
		v := &f.values[i]
		if n := len(found); (n == 0 || found[n-1] != v.element) && accept(v) {
			found = append(found, v.element)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
