package asl

import (
	"errors"
	"slices"
	"time"
)

// maxReached bounds the values that a path may lead to: a few ".." multiply.
const maxReached = 100_000

var errTooMany = errors.New("the path leads to more than 100,000 values")

// scope is what expressions see.
type scope struct {
	input     any        // $
	context   func() any // $$, made when first asked for
	variables *variables
	random    func() uint64
	now       time.Time
	result    *any // $states.result of a state in JSONata, nil where there is none
	failure   any  // its $states.errorOutput, nil where there is none
}

func (c *scope) root(p *Path) (any, bool) {
	switch p.root {
	case contextRoot:
		return c.context(), true
	case variableRoot:
		return c.variables.get(p.variable)
	default:
		return c.input, true
	}
}

// find follows the path. It fails with errNotFound where a definite path leads nowhere, or the variable is not set.
func (p *Path) find(c *scope) (any, error) {
	root, ok := c.root(p)
	if !ok {
		return nil, errNotFound
	}
	reached := []any{root}
	for i := range p.segments {
		next := []any{}
		for _, v := range reached {
			if next = p.segments[i].apply(next, v, c); len(next) > maxReached {
				return nil, errTooMany
			}
		}
		reached = next
	}
	if !p.definite() {
		return reached, nil
	}
	if len(reached) == 0 {
		return nil, errNotFound
	}
	return reached[0], nil
}

// apply adds to out what the segment selects from v.
func (s *segment) apply(out []any, v any, c *scope) []any {
	if s.deep {
		flat := *s
		flat.deep = false
		out = flat.apply(out, v, c)
		for _, child := range children(v) {
			out = s.apply(out, child, c)
		}
		return out
	}
	switch s.kind {
	case byName:
		if o, ok := v.(*object); ok {
			for _, name := range s.names {
				if value, there := o.values[name]; there {
					out = append(out, value)
				}
			}
		}
	case byIndex:
		if list, ok := v.([]any); ok {
			for _, i := range s.indexes {
				if i < 0 {
					i += len(list)
				}
				if i >= 0 && i < len(list) {
					out = append(out, list[i])
				}
			}
		}
	case bySlice:
		if list, ok := v.([]any); ok {
			start, end := bound(s.start, 0, len(list)), bound(s.end, len(list), len(list))
			if start < end {
				out = append(out, list[start:end]...)
			}
		}
	case byFilter:
		candidates := []any{v}
		if list, ok := v.([]any); ok {
			candidates = list
		}
		for _, candidate := range candidates {
			if s.filter.holds(candidate, c) {
				out = append(out, candidate)
			}
		}
	case all:
		out = append(out, children(v)...)
	}
	return out
}

func children(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case *object:
		values := make([]any, len(v.names))
		for i, name := range v.names {
			values[i] = v.values[name]
		}
		return values
	default:
		return nil
	}
}

// bound resolves one end of a slice as Python does: negative counts from the end, too far is the end.
func bound(i *int, missing, length int) int {
	if i == nil {
		return missing
	}
	n := *i
	if n < 0 {
		n += length
	}
	return min(max(n, 0), length)
}

// put returns root with the value placed where the reference path leads. Missing objects on the way are made. It fails where
// the path goes through something that is no object, or to an index that is not there.
func (p *Path) put(root, value any) (any, bool) { return put(p.segments, root, value) }

func put(segments []segment, root, value any) (any, bool) {
	if len(segments) == 0 {
		return value, true
	}
	s := segments[0]
	if s.kind == byIndex {
		list, ok := root.([]any)
		if !ok || s.indexes[0] >= len(list) {
			return nil, false
		}
		inner, ok := put(segments[1:], list[s.indexes[0]], value)
		if !ok {
			return nil, false
		}
		list = slices.Clone(list)
		list[s.indexes[0]] = inner
		return list, true
	}
	var o *object
	switch r := root.(type) {
	case *object:
		o = r.clone()
	case nil:
		o = newObject(1)
	default:
		return nil, false
	}
	inner, ok := put(segments[1:], o.values[s.names[0]], value)
	if !ok {
		return nil, false
	}
	o.set(s.names[0], inner)
	return o, true
}
