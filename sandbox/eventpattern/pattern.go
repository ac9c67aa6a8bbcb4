package eventpattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Pattern is a pattern that was parsed. It is safe for concurrent use.
type Pattern struct{ root *object }

// object is what an object of the event must have: every field, and one branch
// of each choice.
type object struct {
	fields  []field
	choices [][]*object
}

// field is a name with what its value must be: an object, or a value that one
// of the alternatives accepts.
type field struct {
	name         string
	object       *object
	alternatives []test
	absent       bool // the field may be missing
}

// test accepts a value: a string, a json.Number, a bool or nil.
type test func(value any) bool

// Decode reads an event, a JSON object, in the form that Match takes.
func Decode(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var event map[string]any
	if err := d.Decode(&event); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if event == nil {
		return nil, errors.New("event: want a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("event: something follows the JSON object")
	}
	return event, nil
}

// Match says whether the pattern wants an event: what Decode returned, or the
// same made by hand of map[string]any, []any, string, json.Number, bool and nil.
func (p *Pattern) Match(event map[string]any) bool { return p.root.match(event) }

func (o *object) match(v map[string]any) bool {
	for _, f := range o.fields {
		if !f.match(v) {
			return false
		}
	}
	for _, branches := range o.choices {
		if !anyOf(branches, func(b *object) bool { return b.match(v) }) {
			return false
		}
	}
	return true
}

// match looks at one field of v. All that a pattern wants inside an array of
// objects must be found in one and the same element.
func (f field) match(v map[string]any) bool {
	value, there := lookup(v, f.name)
	if f.object == nil {
		var values []any
		if there {
			values = leaves(value, nil)
		}
		return anyOf(values, f.accepts) || f.absent && len(values) == 0
	}
	inner := objects(value, nil)
	if len(inner) == 0 {
		return f.object.match(nil)
	}
	return anyOf(inner, f.object.match)
}

// lookup finds a field: a name with dots is also a path through objects.
func lookup(v map[string]any, name string) (value any, there bool) {
	if value, there = v[name]; there {
		return value, true
	}
	head, tail, _ := strings.Cut(name, ".")
	if inner, ok := v[head].(map[string]any); ok && tail != "" {
		return lookup(inner, tail)
	}
	return nil, false
}

func (f field) accepts(value any) bool {
	return anyOf(f.alternatives, func(t test) bool { return t(value) })
}

// leaves are the values that a field has: itself, or those in its arrays.
func leaves(v any, out []any) []any {
	switch x := v.(type) {
	case map[string]any:
		return out
	case []any:
		for _, e := range x {
			out = leaves(e, out)
		}
		return out
	}
	return append(out, v)
}

// objects are the objects that a field has.
func objects(v any, out []map[string]any) []map[string]any {
	switch x := v.(type) {
	case map[string]any:
		return append(out, x)
	case []any:
		for _, e := range x {
			out = objects(e, out)
		}
	}
	return out
}

func anyOf[T any](list []T, holds func(T) bool) bool {
	for _, e := range list {
		if holds(e) {
			return true
		}
	}
	return false
}
