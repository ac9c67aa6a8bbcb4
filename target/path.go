package target

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

const maxPath = 256 // characters

// step is one part of a path: a name, an index, or a wildcard.
type step struct {
	name  string
	index int // where name is "" and each is not set
	each  bool
}

// parsePath reads the JSON paths that EventBridge takes: $, names after dots (letters, digits, dash, underscore, slash),
// [index], and * for either. Everything else that JSONPath knows is refused, names in brackets too, as EventBridge does.
func parsePath(text string) ([]step, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fault.New(fault.Invalid, "%q is no path", text).WithHint("a path begins with $, such as $.detail.userIdentity.arn")
	}
	if len(text) > maxPath {
		return nil, fault.New(fault.Invalid, "the path has %d characters, over the limit of %d", len(text), maxPath)
	}
	var steps []step
	for rest != "" {
		var s step
		switch rest[0] {
		case '.':
			end := 1
			for end < len(rest) && strings.IndexByte(".[", rest[end]) < 0 {
				end++
			}
			if s.name, rest = rest[1:end], rest[end:]; s.name == "*" {
				s = step{each: true}
			} else if s.name == "" || strings.Trim(s.name, nameCharacters) != "" {
				return nil, fault.New(fault.Invalid, "EventBridge does not take the name %q in a path", s.name).
					WithHint("a name has letters, digits, dashes, underscores and slashes; take the object that holds it instead")
			}
		case '[':
			inside, after, closed := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(inside)
			switch {
			case closed && inside == "*":
				s.each = true
			case !closed || err != nil || n < 0 || inside[0] == '+':
				return nil, fault.New(fault.Invalid, "EventBridge does not take %q in a path", rest[:len(rest)-len(after)]).
					WithHint("in brackets stands an index such as [0]; names follow a dot")
			default:
				s.index = n
			}
			rest = after
		default:
			return nil, fault.New(fault.Invalid, "%q is no path", text).WithHint("after $ comes a dot or a bracket")
		}
		steps = append(steps, s)
	}
	return steps, nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/"

// paths looks up any number of paths in one pass over the event.
type paths struct {
	root  branch
	many  []bool // by slot: the path has a wildcard, so that its value is the list of what it finds
	named map[string]int
}

// branch is where the paths that share their first steps go on.
type branch struct {
	slots []int // paths that end here
	names map[string]*branch
	items map[int]*branch
	each  *branch
}

func (b *branch) inner() bool { return b.names != nil || b.items != nil || b.each != nil }

// add makes a slot for the path.
func (p *paths) add(text string) (int, error) {
	if slot, ok := p.named[text]; ok {
		return slot, nil
	}
	steps, err := parsePath(text)
	if err != nil {
		return 0, err
	}
	slot, many, at := len(p.many), false, &p.root
	for _, s := range steps {
		many = many || s.each
		at = at.next(s)
	}
	at.slots = append(at.slots, slot)
	p.many = append(p.many, many)
	if p.named == nil {
		p.named = map[string]int{}
	}
	p.named[text] = slot
	return slot, nil
}

// next returns where a step leads, made if need be.
func (b *branch) next(s step) *branch {
	switch {
	case s.each:
		if b.each == nil {
			b.each = &branch{}
		}
		return b.each
	case s.name != "":
		if b.names == nil {
			b.names = map[string]*branch{}
		}
		if b.names[s.name] == nil {
			b.names[s.name] = &branch{}
		}
		return b.names[s.name]
	default:
		if b.items == nil {
			b.items = map[int]*branch{}
		}
		if b.items[s.index] == nil {
			b.items[s.index] = &branch{}
		}
		return b.items[s.index]
	}
}

// find returns the JSON text of each slot's value, nil where the path leads nowhere. The values are parts of event.
// Its error has code fault.Invalid, for an event that is not JSON.
func (p *paths) find(event []byte) ([][]byte, error) {
	w := walk{event: event, found: make([][]byte, len(p.many)), many: p.many}
	if len(p.many) == 0 {
		return w.found, nil
	}
	w.dec = jsontext.NewDecoder(bytes.NewBuffer(event), jsontext.AllowDuplicateNames(true))
	if err := w.value(&p.root); err != nil {
		return nil, fault.New(fault.Invalid, "the event is not JSON: %w", err)
	}
	for slot, many := range p.many {
		if many && w.found[slot] != nil {
			w.found[slot] = append(w.found[slot], ']')
		}
	}
	return w.found, nil
}

type walk struct {
	event []byte
	dec   *jsontext.Decoder
	found [][]byte
	many  []bool
}

// value reads the next value; b is what is looked for in it.
func (w *walk) value(b *branch) error {
	begin := int(w.dec.InputOffset())
	for begin < len(w.event) && strings.IndexByte(" \t\r\n,:", w.event[begin]) >= 0 {
		begin++
	}
	kind := w.dec.PeekKind()
	var err error
	switch {
	case !b.inner():
		err = w.dec.SkipValue()
	case kind == '{':
		err = w.object(b)
	case kind == '[':
		err = w.list(b)
	default:
		err = w.dec.SkipValue()
	}
	if err != nil {
		return err
	}
	value := w.event[begin:w.dec.InputOffset()]
	for _, slot := range b.slots {
		switch {
		case !w.many[slot]:
			w.found[slot] = value
		case w.found[slot] == nil:
			w.found[slot] = append([]byte{'['}, value...)
		default:
			w.found[slot] = append(append(w.found[slot], ','), value...)
		}
	}
	return nil
}

func (w *walk) object(b *branch) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.dec.PeekKind() != '}' {
		name, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		next, err := b.field(name)
		if err != nil {
			return err
		}
		if err := w.part(next, b.each); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// field returns what is looked for in the object's field; quoted is its name in JSON.
func (b *branch) field(quoted jsontext.Value) (*branch, error) {
	if b.names == nil {
		return nil, nil
	}
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return b.names[string(inside)], nil
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	return b.names[string(name)], err
}

func (w *walk) list(b *branch) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; w.dec.PeekKind() != ']'; i++ {
		if err := w.part(b.items[i], b.each); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// part reads a value in which one of the two, both or neither look for something.
func (w *walk) part(one, each *branch) error {
	switch {
	case one == nil && each == nil:
		return w.dec.SkipValue()
	case each == nil:
		return w.value(one)
	case one == nil:
		return w.value(each)
	}
	return w.value(merged(one, each))
}

// merged looks for what both look for.
func merged(a, b *branch) *branch {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	m := &branch{slots: append(append([]int(nil), a.slots...), b.slots...), each: merged(a.each, b.each)}
	for _, from := range []*branch{a, b} {
		for name, to := range from.names {
			if m.names == nil {
				m.names = map[string]*branch{}
			}
			m.names[name] = merged(m.names[name], to)
		}
		for i, to := range from.items {
			if m.items == nil {
				m.items = map[int]*branch{}
			}
			m.items[i] = merged(m.items[i], to)
		}
	}
	return m
}
