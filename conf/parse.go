package conf

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Bounds on a document. Expansion counts the text of a document with every YAML alias written out.
const (
	MaxBytes     = 1 << 20
	MaxDepth     = 64
	MaxExpansion = 16 << 20
)

// Document is a parsed file, or one document of a YAML stream.
type Document struct {
	File string
	Root *Node
}

// Parse reads one document, YAML or JSON. A file named .json is JSON; any other is JSON where it is valid JSON. Errors are
// Problems: a syntax error, more than one document, or a bound exceeded (MaxBytes, MaxDepth, MaxExpansion). Duplicate
// keys are not an error here: Decode and Node.Duplicates report them together with everything else.
func Parse(file string, src []byte) (*Document, error) {
	docs, err := ParseAll(file, src)
	if err != nil {
		return nil, err
	}
	if len(docs) > 1 {
		return nil, Problems{{Position: docs[1].Root.Position, Message: fmt.Sprintf("the file holds %d documents, one is expected", len(docs)),
			Hint: "remove the line --- or put the others in files of their own"}}
	}
	return docs[0], nil
}

// ParseAll reads a file of one or more documents separated by ---; JSON is one document. Empty documents are left out;
// a file without any is an error.
func ParseAll(file string, src []byte) ([]*Document, error) {
	fail := func(at Position, message, hint string) ([]*Document, error) {
		return nil, Problems{{Position: at, Message: message, Hint: hint}}
	}
	if len(src) > MaxBytes {
		return fail(Position{File: file}, fmt.Sprintf("the file has %d bytes, over the limit of %d", len(src), MaxBytes), "split it")
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if at := invalidUTF8(src); at >= 0 {
		return fail(positionIn(file, src, at), "the file is not UTF-8 here", "save it as UTF-8")
	}
	named := strings.EqualFold(filepath.Ext(file), ".json")
	start := bytes.TrimLeft(src, " \t\r\n")
	if named || len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		root, err := parseJSON(file, src)
		if err == nil || named {
			return single(file, root, err)
		}
		docs, yamlErr := parseYAML(file, src)
		if yamlErr != nil && bytes.HasPrefix(start, []byte(`{"`)) {
			return nil, err // meant as JSON, so JSON's complaint is the one that helps
		}
		return docs, yamlErr
	}
	return parseYAML(file, src)
}

func single(file string, root *Node, err error) ([]*Document, error) {
	if err != nil {
		return nil, err
	}
	return []*Document{{File: file, Root: root}}, nil
}

// Position returns where the value at path stands, the nearest parent's place where it is missing.
func (d *Document) Position(path string) Position {
	for {
		if n := d.Root.Find(path); n != nil {
			return n.Position
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return d.Root.Position
		}
		path = path[:cut]
	}
}

// Problem returns a problem with the value at path.
func (d *Document) Problem(path, hint, format string, args ...any) Problem {
	return Problem{Position: d.Position(path), Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// positionIn converts a byte offset to a position.
func positionIn(file string, src []byte, offset int) Position {
	before := src[:min(offset, len(src))]
	return Position{File: file, Line: bytes.Count(before, []byte("\n")) + 1, Col: len(before) - bytes.LastIndexByte(before, '\n')}
}

func invalidUTF8(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// measure sets a node's expanded size and height from its children, and reports a bound that it breaks.
func measure(n *Node) *Problem {
	n.weight, n.height = len(n.Text)+8, 1
	add := func(child *Node, extra int) {
		n.weight += child.weight + extra
		n.height = max(n.height, child.height+1)
	}
	for _, item := range n.Items {
		add(item, 1)
	}
	for _, f := range n.Fields {
		add(f.Value, len(f.Name)+4)
	}
	if n.height > MaxDepth {
		return &Problem{Position: n.Position, Message: fmt.Sprintf("nested deeper than %d levels", MaxDepth), Hint: "flatten it"}
	}
	if n.weight > MaxExpansion {
		return &Problem{Position: n.Position, Message: fmt.Sprintf("aliases expand to more than %d bytes", MaxExpansion), Hint: "use fewer aliases"}
	}
	return nil
}
