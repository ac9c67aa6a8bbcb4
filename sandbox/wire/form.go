package wire

import (
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// formNode is a form whose dotted names were split into a tree:
// "Tags.member.1.Key" is four levels.
type formNode struct {
	value    *string
	children map[string]*formNode
}

func (n *formNode) child(name string) *formNode {
	if n == nil {
		return nil
	}
	return n.children[name]
}

func formTree(form url.Values) (*formNode, error) {
	root := &formNode{}
	for name, values := range form {
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth {
			return nil, errDeep
		}
		n := root
		for _, p := range parts {
			if n.children == nil {
				n.children = map[string]*formNode{}
			}
			if n.children[p] == nil {
				n.children[p] = &formNode{}
			}
			n = n.children[p]
		}
		if len(values) > 0 {
			n.value = &values[0]
		}
	}
	return root, nil
}

// formReader decodes the Query protocol and EC2's variation of it
// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, …/aws-ec2-query-protocol.html).
type formReader struct{ ec2 bool }

func decodeForm(shape *Shape, form url.Values, ec2 bool) (Object, error) {
	tree, err := formTree(form)
	if err != nil {
		return nil, err
	}
	v, err := formReader{ec2}.read(shape, tree, "", 0)
	if err != nil {
		return nil, err
	}
	if o, ok := v.(Object); ok {
		return o, nil
	}
	return Object{}, nil
}

// read converts a subtree to the model's type; nil when nothing is there.
func (f formReader) read(s *Shape, n *formNode, path string, depth int) (any, error) {
	if n == nil {
		return nil, nil
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	switch s.Type {
	case "structure":
		out := Object{}
		for _, m := range s.Members {
			x, err := f.readMember(m, n, join(path, m.Name), depth)
			if err != nil {
				return nil, err
			}
			if x != nil {
				out[m.Name] = x
			}
		}
		if len(out) == 0 && path != "" && n.value == nil {
			return nil, nil
		}
		return out, nil
	case "list":
		return f.readList(s.Member, n, path, depth)
	case "map":
		return f.readMap(s, n, path, depth)
	}
	if n.value == nil {
		return nil, nil
	}
	return scalarFromText(s, *n.value, path, formatISO)
}

func (f formReader) readMember(m *Ref, n *formNode, path string, depth int) (any, error) {
	s := m.Type()
	c := n.child(f.name(m))
	flat := m.Flattened || s.Flattened || f.ec2
	switch {
	case s.Type == "list" && flat && !f.ec2:
		// A flattened list goes by the name of its members where they have one.
		if s.Member.LocationName != "" {
			c = n.child(s.Member.LocationName)
		}
	case s.Type == "list" && !flat:
		if empty(c) {
			return emptyList(c), nil
		}
		c = c.child(orElse(s.Member.LocationName, "member"))
	case s.Type == "map" && !flat:
		c = c.child("entry")
	}
	return f.read(s, c, path, depth+1)
}

// empty says whether c is a list given as "Name=" without members.
func empty(c *formNode) bool { return c == nil || len(c.children) == 0 }

func emptyList(c *formNode) any {
	if c == nil || c.value == nil {
		return nil
	}
	return List{}
}

func (f formReader) name(m *Ref) string {
	if !f.ec2 {
		return orElse(m.LocationName, m.Name)
	}
	if m.QueryName != "" {
		return m.QueryName
	}
	n := orElse(m.LocationName, m.Name)
	return strings.ToUpper(n[:1]) + n[1:]
}

func (f formReader) readList(member *Ref, n *formNode, path string, depth int) (any, error) {
	if empty(n) {
		return emptyList(n), nil
	}
	keys, err := indexes(n, path)
	if err != nil {
		return nil, err
	}
	out := make(List, 0, len(keys))
	for _, k := range keys {
		x, err := f.read(member.Type(), n.children[strconv.Itoa(k)], fmt.Sprintf("%s.%d", path, k), depth+1)
		if err != nil {
			return nil, err
		}
		if x != nil {
			out = append(out, x)
		}
	}
	return out, nil
}

func (f formReader) readMap(s *Shape, n *formNode, path string, depth int) (any, error) {
	if n == nil || len(n.children) == 0 {
		return nil, nil
	}
	keys, err := indexes(n, path)
	if err != nil {
		return nil, err
	}
	out := Object{}
	for _, i := range keys {
		e := n.children[strconv.Itoa(i)]
		k := e.child(orElse(s.Key.LocationName, "key"))
		if k == nil || k.value == nil {
			return nil, fmt.Errorf("%s.%d: the entry has no key", path, i)
		}
		x, err := f.read(s.Value.Type(), e.child(orElse(s.Value.LocationName, "value")), join(path, *k.value), depth+1)
		if err != nil {
			return nil, err
		}
		if x != nil {
			out[*k.value] = x
		}
	}
	return out, nil
}

// indexes are the numbers that the children of a list are named by, in order.
func indexes(n *formNode, path string) ([]int, error) {
	keys := make([]int, 0, len(n.children))
	for k := range n.children {
		i, err := strconv.Atoi(k)
		if err != nil || strconv.Itoa(i) != k {
			return nil, fmt.Errorf("%s.%s: want a number in a list", path, k)
		}
		keys = append(keys, i)
	}
	sort.Ints(keys)
	return keys, nil
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
