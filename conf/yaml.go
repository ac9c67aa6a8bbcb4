package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads every document of a YAML stream.
func parseYAML(file string, src []byte) ([]*Document, error) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var docs []*Document
	for {
		var y yaml.Node
		err := dec.Decode(&y)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Problems{yamlSyntax(file, src, err)}
		}
		if len(y.Content) == 0 || y.Content[0].Kind == yaml.ScalarNode && y.Content[0].Tag == "!!null" && y.Content[0].Value == "" {
			continue
		}
		c := &converter{file: file, done: map[*yaml.Node]*Node{}}
		root := c.node(y.Content[0], 1)
		if err := c.problems.Err(); err != nil {
			return nil, err
		}
		docs = append(docs, &Document{File: file, Root: root})
	}
	if len(docs) == 0 {
		return nil, Problems{{Position: Position{File: file}, Message: "the file is empty"}}
	}
	return docs, nil
}

// converter turns YAML nodes into ours. Aliases share the node that they point to.
type converter struct {
	file     string
	done     map[*yaml.Node]*Node // nil while it is being converted: an alias to it would be a loop
	problems Problems
	full     bool // a bound was exceeded; one report is enough
}

func (c *converter) fail(y *yaml.Node, hint, format string, args ...any) {
	c.problems = append(c.problems, Problem{Position: c.at(y), Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (c *converter) at(y *yaml.Node) Position {
	return Position{File: c.file, Line: y.Line, Col: y.Column}
}

// node never returns nil; where there is a problem the value does not matter.
func (c *converter) node(y *yaml.Node, depth int) *Node {
	n := &Node{Kind: Null, Position: c.at(y)}
	if c.full {
		return n
	}
	if depth > MaxDepth {
		c.full = true
		c.fail(y, "flatten it", "nested deeper than %d levels", MaxDepth)
		return n
	}
	if y.Kind == yaml.AliasNode {
		target, known := c.done[y.Alias]
		if !known || target == nil {
			c.fail(y, "write the value out", "the alias *%s contains itself", y.Value)
			return n
		}
		return target
	}
	if y.Anchor != "" {
		c.done[y] = nil
	}
	switch y.Kind {
	case yaml.ScalarNode:
		c.scalar(y, n)
	case yaml.SequenceNode:
		c.untagged(y, "!!seq")
		n.Kind = List
		for _, item := range y.Content {
			n.Items = append(n.Items, c.node(item, depth+1))
		}
	case yaml.MappingNode:
		c.untagged(y, "!!map")
		n.Kind = Object
		for i := 0; i+1 < len(y.Content); i += 2 {
			if name, ok := c.key(y.Content[i]); ok {
				n.Fields = append(n.Fields, Field{Name: name, At: c.at(y.Content[i]), Value: c.node(y.Content[i+1], depth+1)})
			}
		}
	}
	if problem := measure(n); problem != nil && !c.full {
		c.full = true
		c.problems = append(c.problems, *problem)
	}
	if y.Anchor != "" {
		c.done[y] = n
	}
	return n
}

func (c *converter) key(y *yaml.Node) (string, bool) {
	if y.Kind == yaml.AliasNode && y.Alias.Kind == yaml.ScalarNode {
		y = y.Alias
	}
	switch {
	case y.Kind != yaml.ScalarNode:
		c.fail(y, "write the key as text", "a key must be text")
		return "", false
	case y.Tag == "!!merge":
		c.fail(y, "write the keys out, or use an alias for a whole value", "merge keys (<<) are not supported")
		return "", false
	case y.Tag == "!!null":
		c.fail(y, "write the key as text", "a key must not be empty")
		return "", false
	}
	return y.Value, true
}

// untagged reports an explicit tag other than the value's natural one.
func (c *converter) untagged(y *yaml.Node, natural string) {
	if y.Tag != natural {
		c.fail(y, "remove it", "the YAML tag %s is not supported", y.Tag)
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func (c *converter) scalar(y *yaml.Node, n *Node) {
	n.Text = y.Value
	switch {
	case y.Style&yaml.TaggedStyle != 0 && y.Tag != "!!str":
		c.untagged(y, "")
	case y.Style&^yaml.FlowStyle != 0: // quoted, literal, folded, or tagged as text
		n.Kind = String
	case jsonNumber.MatchString(y.Value):
		n.Kind = Number
	case y.Tag == "!!null":
		n.Text = ""
	case y.Tag == "!!bool":
		n.Kind, n.Text = Bool, strings.ToLower(y.Value)
	case y.Tag == "!!int" || y.Tag == "!!float":
		c.fail(y, fmt.Sprintf("write it in decimal, or %q if it is text", y.Value), "%s can be read as several numbers or as text", y.Value)
	default:
		n.Kind = String
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlSyntax takes the line out of the library's message; the column is where that line's text begins.
func yamlSyntax(file string, src []byte, err error) Problem {
	p := Problem{Position: Position{File: file}, Message: "not valid YAML: " + err.Error()}
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return p
	}
	p.Message = "not valid YAML: " + m[2]
	if line, convErr := strconv.Atoi(m[1]); convErr == nil {
		p.Line = line
		if lines := bytes.Split(src, []byte("\n")); line <= len(lines) {
			text := lines[line-1]
			p.Col = len(text) - len(bytes.TrimLeft(text, " \t")) + 1
			if bytes.ContainsRune(text[:p.Col-1], '\t') {
				p.Hint = "indent with spaces; YAML does not allow tabs"
			}
		}
	}
	return p
}
