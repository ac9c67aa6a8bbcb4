package conf

import (
	"bytes"
	"sort"
)

// Raw is a field that takes any value as JSON text, for a language with a parser of its own (a pattern, a state machine, an
// event). The text keeps the order of keys and the spelling of numbers, and duplicate keys; its offsets lead back to the file.
type Raw struct {
	JSON []byte // compact; nil where the field is absent
	Node *Node  // the same as a tree; nil where the field is absent

	marks []mark
}

type mark struct {
	offset int
	at     Position
}

// RawOf returns the node as a Raw.
func RawOf(n *Node) Raw {
	var b bytes.Buffer
	r := Raw{Node: n}
	n.appendJSON(&b, func(offset int, at Position) { r.marks = append(r.marks, mark{offset, at}) })
	r.JSON = b.Bytes()
	return r
}

// MarshalJSON returns the text, null where the field is absent.
func (r Raw) MarshalJSON() ([]byte, error) {
	if r.JSON == nil {
		return []byte("null"), nil
	}
	return r.JSON, nil
}

// At returns the place in the file of the key or value that covers the byte offset of r.JSON.
func (r Raw) At(offset int) Position {
	i := sort.Search(len(r.marks), func(i int) bool { return r.marks[i].offset > offset })
	if i == 0 {
		return Position{}
	}
	return r.marks[i-1].at
}

// Position returns the place of the value at a path within r (see Node.Find), r's own where there is none.
func (r Raw) Position(path string) Position {
	if r.Node == nil {
		return Position{}
	}
	if n := r.Node.Find(path); n != nil {
		return n.Position
	}
	return r.Node.Position
}
