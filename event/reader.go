package event

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"riposte.dev/fault"
)

// Reader reads events from outside, one after another: CloudTrail records and envelopes. It walks over the text once: it
// refuses what is not one strict JSON object (RFC 8259, UTF-8, no duplicate names, MaxDepth levels), and notes where the
// values are that the envelope of a record needs. The zero value is ready; one Reader is for one goroutine.
type Reader struct {
	src    []byte
	pos    int
	names  names // of the objects that memory has no room for
	found  record
	memory memory
	dotted bool // a name has a dot in it

	time     time.Time // of the event
	envelope bool      // it is one
}

// readers are kept for their room and their memory of names. They hold no values of an event.
var readers = sync.Pool{New: func() any { return new(Reader) }}

// read has a reader read src, nothing behind it, as of says, and use look at what it found.
func read(src []byte, of *shape, use func(*Reader) error) error {
	r, _ := readers.Get().(*Reader)
	err := r.document(src, of)
	if err == nil && use != nil {
		err = use(r)
	}
	r.forget()
	r.src, r.names.src = nil, nil
	readers.Put(r)
	return err
}

// Read reads the event that src begins with, an envelope or a CloudTrail record, and returns how many bytes it takes; what
// is behind it is not looked at. It refuses what the function Read refuses; also an event that src ends within. What it has
// read it holds until the next Read, as part of src.
func (r *Reader) Read(src []byte) (n int, err error) {
	if len(src) > MaxBytes {
		src = src[:MaxBytes]
	}
	if err := r.first(src, recordShape); err != nil {
		return 0, err
	}
	r.src = r.src[:r.pos]
	return r.pos, r.judge()
}

// ReadAll is Read for an event behind which nothing comes but white space.
func (r *Reader) ReadAll(src []byte) error {
	if err := r.document(src, recordShape); err != nil {
		return err
	}
	return r.judge()
}

// Time is that of the event that was read.
func (r *Reader) Time() time.Time { return r.time }

// forget lets go of the event that was read.
func (r *Reader) forget() {
	clear(r.found.arns)
	r.found = record{arns: r.found.arns[:0]}
	r.names.plain, r.names.spans = r.names.plain[:0], r.names.spans[:0]
}

// broken is a refusal.
func (r *Reader) broken(format string, args ...any) error {
	return fault.New(fault.Invalid, "event is not valid JSON: at byte %d: %s", r.pos, fmt.Sprintf(format, args...))
}

// document reads the whole text. Where of is not nil, the object is also looked at as what of says.
func (r *Reader) document(src []byte, of *shape) error {
	if len(src) > MaxBytes {
		return fault.New(fault.TooLarge, "event has %d bytes, over the limit of %d", len(src), MaxBytes)
	}
	if err := r.first(src, of); err != nil {
		return err
	}
	if r.peek(); r.pos < len(r.src) {
		return fault.New(fault.Invalid, "event is followed by more text at byte %d", r.pos)
	}
	return nil
}

// first reads the object that src begins with.
func (r *Reader) first(src []byte, of *shape) error {
	r.forget()
	r.src, r.pos, r.names.src, r.dotted = src, 0, src, false
	switch first := r.peek(); {
	case first == 0 && r.pos == len(r.src):
		return r.broken("the text is empty")
	case first != '{':
		return fault.New(fault.Invalid, "event is not a JSON object")
	}
	return r.object(r.memory.begin(of), of, 1)
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *Reader) peek() byte {
	for r.pos < len(r.src) {
		switch c := r.src[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// value reads a value; at is its name in memory.
func (r *Reader) value(at *step, of *shape, depth int) error {
	first := r.peek()
	if of != nil {
		r.found.look(of, first)
	}
	switch {
	case first == '"':
		start := r.pos
		if err := r.text(); err != nil {
			return err
		}
		if of != nil {
			r.found.note(of, r.src[start:r.pos])
		}
		return nil
	case first == '{':
		return r.object(r.memory.inside(at), of, depth)
	case first == '[':
		return r.array(at, of, depth)
	case first == '-' || '0' <= first && first <= '9':
		return r.number()
	default:
		return r.literal()
	}
}

func (r *Reader) deeper(depth int) error {
	if depth > MaxDepth {
		return fault.New(fault.TooLarge, "event is nested deeper than %d levels", MaxDepth)
	}
	r.pos++
	return nil
}

// object reads an object; at is where its names begin in memory, nil where they are in none.
func (r *Reader) object(at *step, of *shape, depth int) error {
	if err := r.deeper(depth); err != nil {
		return err
	}
	if r.peek() == '}' {
		r.pos++
		return nil
	}
	own := nameSet{first: len(r.names.spans)}
	for {
		if r.peek() != '"' {
			return r.broken("a name in double quotes is wanted")
		}
		var in *shape // what the value should be
		if next := at.follow(r.src[r.pos:]); next != nil {
			at, in = next, next.of
			r.pos += len(next.quoted)
			r.dotted = r.dotted || next.dotted
		} else {
			var err error
			if at, in, err = r.name(at, &own, of); err != nil {
				return err
			}
		}
		if err := r.value(at, in, depth+1); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
			r.pos++
			r.names.spans = r.names.spans[:own.first]
			return nil
		default:
			return r.broken("a comma or a closing brace is wanted")
		}
	}
}

// name reads a name that memory did not foresee, and its colon. It returns the name's place in memory, nil if there is
// none: then own has the names of the object.
func (r *Reader) name(at *step, own *nameSet, of *shape) (*step, *shape, error) {
	start := r.pos
	if err := r.text(); err != nil {
		return nil, nil, err
	}
	end := r.pos
	name := plain(r.src[start:end])
	r.dotted = r.dotted || bytes.IndexByte(name, '.') >= 0
	var next *step
	twice := false
	if at != nil && len(name) == end-start-2 {
		next, twice = r.memory.learn(at, name, of)
	}
	if next == nil && !twice {
		if at != nil {
			r.names.spell(at, own)
		}
		r.names.push(start, end)
		twice = own.has(&r.names)
	}
	if twice {
		return nil, nil, r.broken("the name %.60q occurs twice in one object", name)
	}
	if r.peek() != ':' {
		return nil, nil, r.broken("a colon is wanted")
	}
	r.pos++
	return next, of.member(name), nil
}

func (r *Reader) array(at *step, of *shape, depth int) error {
	if err := r.deeper(depth); err != nil {
		return err
	}
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	var item *shape
	if of != nil {
		item = of.item
	}
	for {
		if err := r.value(at, item, depth+1); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
			r.pos++
			return nil
		default:
			return r.broken("a comma or a closing bracket is wanted")
		}
	}
}
