package pattern

import "strconv"

// kind is the kind of a JSON value.
type kind uint8

const (
	stringKind kind = iota + 1
	numberKind
	literalKind // true, false, null
	objectKind
	arrayKind
)

// node is a value of a pattern's JSON text with its place there. Duplicate keys are kept, in order: the language gives
// them a meaning.
type node struct {
	kind    kind
	pos     int      // byte offset of its first character
	text    string   // a string's content, a number's or literal's spelling
	members []member // of an object
	items   []*node  // of an array
}

type member struct {
	key   string
	pos   int
	value *node
}

// parseTree reads one JSON object; the error is a *scanError.
func parseTree(src []byte) (*node, error) {
	s := scanner{src: src}
	if s.peek() != '{' {
		if s.pos == len(src) {
			return nil, s.fail(s.pos, `write {"source": ["aws.ec2"]}`, "the pattern is empty")
		}
		return nil, s.fail(s.pos, `write {"field": [values…]}`, "a pattern is a JSON object")
	}
	root, err := s.node(1)
	if err == nil {
		err = s.end()
	}
	return root, err
}

func (s *scanner) node(depth int) (*node, error) {
	first := s.peek()
	n := &node{pos: s.pos}
	switch first {
	case '{':
		n.kind = objectKind
		return n, s.members(depth, func(key []byte, pos int) error {
			value, err := s.node(depth + 1)
			n.members = append(n.members, member{key: string(key), pos: pos, value: value})
			return err
		})
	case '[':
		n.kind = arrayKind
		return n, s.items(depth, func(byte) error {
			item, err := s.node(depth + 1)
			n.items = append(n.items, item)
			return err
		})
	default:
		k, text, err := s.scalar(first)
		n.kind, n.text = k, string(text)
		return n, err
	}
}

// pathTo returns the keys and positions that lead from n to its descendant, as in SyntaxError.
func (n *node) pathTo(descendant *node) []string {
	for i, m := range n.members {
		// The next member begins after all that lies in this one.
		if last := i+1 == len(n.members); last || n.members[i+1].pos > descendant.pos {
			return append([]string{m.key}, m.value.pathTo(descendant)...)
		}
	}
	for i, item := range n.items {
		if last := i+1 == len(n.items); n != descendant && (last || n.items[i+1].pos > descendant.pos) {
			return append([]string{strconv.Itoa(i)}, item.pathTo(descendant)...)
		}
	}
	return nil
}

// describe names a value the way a person would, for error messages.
func (n *node) describe() string {
	switch n.kind {
	case stringKind:
		return "the string " + quoted(n.text)
	case numberKind:
		return "the number " + clipped(n.text)
	case literalKind:
		return n.text
	case objectKind:
		if len(n.members) == 0 {
			return "an empty object"
		}
		return "an object"
	default:
		if len(n.items) == 0 {
			return "an empty array"
		}
		return "an array"
	}
}
