package conf

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// NodeKind is the JSON type of a value.
type NodeKind string

// The kinds of a Node, named as people know them.
const (
	Null   NodeKind = "null"
	Bool   NodeKind = "boolean"
	Number NodeKind = "number"
	String NodeKind = "string"
	List   NodeKind = "list"
	Object NodeKind = "object"
)

// Node is a value in a file and where it stands. Trees are read-only; with YAML aliases a node may occur in several places.
type Node struct {
	Kind NodeKind
	Position
	Text   string  // String: its value; Number and Bool: as written in JSON
	Items  []*Node // List
	Fields []Field // Object, in the file's order; may hold a key twice (Decode and Duplicates report it)

	weight, height int
}

// Field is a key with its value.
type Field struct {
	Name  string
	At    Position // of the key
	Value *Node
}

// Get returns the value of an object's key, nil where there is none.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Find follows a path such as respond.input, tests[1].event or match.pattern["detail-type"][0] (a leading $ is allowed),
// as Problem.Path is written; nil where it leads nowhere.
func (n *Node) Find(path string) *Node {
	rest := strings.TrimPrefix(path, "$")
	for n != nil && rest != "" {
		switch {
		case rest[0] == '.':
			rest = rest[1:]
		case strings.HasPrefix(rest, `["`):
			quoted, err := strconv.QuotedPrefix(rest[1:])
			if err != nil || !strings.HasPrefix(rest[1+len(quoted):], "]") {
				return nil
			}
			name, err := strconv.Unquote(quoted)
			if err != nil {
				return nil
			}
			n, rest = n.Get(name), rest[len(quoted)+2:]
		case rest[0] == '[':
			index, after, ok := strings.Cut(rest[1:], "]")
			i, err := strconv.Atoi(index)
			if !ok || err != nil || i < 0 || i >= len(n.Items) {
				return nil
			}
			n, rest = n.Items[i], after
		default:
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			n, rest = n.Get(rest[:end]), rest[end:]
		}
	}
	return n
}

// Duplicates returns a problem for every key that occurs twice in an object, at any depth.
func (n *Node) Duplicates() Problems {
	var found Problems
	seen := map[*Node]bool{}
	var walk func(n *Node, path string)
	walk = func(n *Node, path string) {
		if seen[n] {
			return
		}
		seen[n] = true
		for i, item := range n.Items {
			walk(item, IndexPath(path, i))
		}
		first := map[string]Position{}
		for _, f := range n.Fields {
			p := FieldPath(path, f.Name)
			if at, dup := first[f.Name]; dup {
				found = append(found, Problem{Position: f.At, Path: p, Message: "the key " + strconv.Quote(f.Name) + " is there twice",
					Hint: "keep one of them; the first is in line " + strconv.Itoa(at.Line)})
			} else {
				first[f.Name] = f.At
			}
			walk(f.Value, p)
		}
	}
	walk(n, "")
	return found
}

// JSON returns the value as compact JSON: keys in the file's order, numbers as written.
func (n *Node) JSON() []byte {
	var b bytes.Buffer
	n.appendJSON(&b, nil)
	return b.Bytes()
}

// appendJSON writes the value; mark, if any, is told of the offset at which each key and value begins.
func (n *Node) appendJSON(b *bytes.Buffer, mark func(offset int, at Position)) {
	note := func(at Position) {
		if mark != nil {
			mark(b.Len(), at)
		}
	}
	note(n.Position)
	switch n.Kind {
	case Null:
		b.WriteString("null")
	case Bool, Number:
		b.WriteString(n.Text)
	case String:
		writeString(b, n.Text)
	case List:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.appendJSON(b, mark)
		}
		b.WriteByte(']')
	case Object:
		b.WriteByte('{')
		for i, f := range n.Fields {
			if i > 0 {
				b.WriteByte(',')
			}
			note(f.At)
			writeString(b, f.Name)
			b.WriteByte(':')
			f.Value.appendJSON(b, mark)
		}
		b.WriteByte('}')
	}
}

// writeString quotes s as JSON; the parsers let no invalid UTF-8 through, so quoting cannot fail.
func writeString(b *bytes.Buffer, s string) {
	quoted, _ := jsontext.AppendQuote(b.AvailableBuffer(), s)
	b.Write(quoted)
}

// FieldPath returns the path of an object's field, as Find reads it.
func FieldPath(path, name string) string {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return path + "[" + strconv.Quote(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// IndexPath returns the path of a list's item.
func IndexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
