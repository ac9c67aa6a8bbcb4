package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// xmlNode is one element of a parsed XML body.
type xmlNode struct {
	name     string
	attrs    map[string]string // by local name
	text     strings.Builder
	children []*xmlNode
}

// parseXML reads a body into a tree, bounded in depth. encoding/xml expands no
// entities but the five of XML itself, so a body can't grow while parsed.
func parseXML(body []byte) (*xmlNode, error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	var stack []*xmlNode
	var root *xmlNode
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the body is not XML: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			switch {
			case len(stack) > 0:
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			case root == nil:
				root = n
			default:
				return nil, errors.New("the body has more than one root element")
			}
			if stack = append(stack, n); len(stack) > maxDepth {
				return nil, errDeep
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		}
	}
	if root == nil {
		return nil, errors.New("the body has no XML element")
	}
	return root, nil
}

func (n *xmlNode) named(name string) []*xmlNode {
	var out []*xmlNode
	for _, c := range n.children {
		if c.name == name {
			out = append(out, c)
		}
	}
	return out
}

// fromXML converts an element to the model's type.
func fromXML(s *Shape, n *xmlNode, path string) (any, error) {
	switch s.Type {
	case "structure":
		out := Object{}
		for _, m := range s.Members {
			x, err := memberFromXML(m, n, join(path, m.Name))
			if err != nil {
				return nil, err
			}
			if x != nil {
				out[m.Name] = x
			}
		}
		return out, nil
	case "list":
		return listFromXML(s, n.named(orElse(s.Member.LocationName, "member")), path)
	case "map":
		return mapFromXML(s, n.named("entry"), path)
	}
	return scalarFromText(s, strings.TrimSpace(n.text.String()), path, formatISO)
}

func memberFromXML(m *Ref, n *xmlNode, path string) (any, error) {
	s := m.Type()
	name := orElse(m.LocationName, m.Name)
	if m.XMLAttribute {
		_, local, _ := cutLast(":"+name, ":")
		v, ok := n.attrs[local]
		if !ok {
			return nil, nil
		}
		return v, nil
	}
	flat := m.Flattened || s.Flattened
	if flat && s.Type == "list" {
		if nodes := n.named(orElse(m.LocationName, orElse(s.Member.LocationName, m.Name))); len(nodes) > 0 {
			return listFromXML(s, nodes, path)
		}
		return nil, nil
	}
	nodes := n.named(name)
	if len(nodes) == 0 {
		return nil, nil
	}
	if flat && s.Type == "map" {
		return mapFromXML(s, nodes, path)
	}
	return fromXML(s, nodes[0], path)
}

func listFromXML(s *Shape, nodes []*xmlNode, path string) (any, error) {
	out := make(List, 0, len(nodes))
	for i, n := range nodes {
		x, err := fromXML(s.Member.Type(), n, fmt.Sprintf("%s.%d", path, i+1))
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func mapFromXML(s *Shape, entries []*xmlNode, path string) (any, error) {
	out := Object{}
	for _, e := range entries {
		k := e.named(orElse(s.Key.LocationName, "key"))
		v := e.named(orElse(s.Value.LocationName, "value"))
		if len(k) == 0 || len(v) == 0 {
			return nil, fmt.Errorf("%s: an entry lacks key or value", path)
		}
		x, err := fromXML(s.Value.Type(), v[0], path)
		if err != nil {
			return nil, err
		}
		out[strings.TrimSpace(k[0].text.String())] = x
	}
	return out, nil
}
