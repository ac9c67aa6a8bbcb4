package conf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is what the tags say about a struct field.
type field struct {
	name     string
	index    []int
	required bool
	position bool
}

// fieldsOf lists a struct type's fields; those of embedded structs are its own.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		options := strings.Split(f.Tag.Get("conf"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				all = append(all, inner)
			}
		case !f.IsExported() || name == "-":
		case f.Type == positionType && slices.Contains(options, "position"):
			all = append(all, field{index: []int{i}, position: true})
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			all = append(all, field{name: name, index: []int{i}, required: slices.Contains(options, "required")})
		}
	}
	return all
}

func (d *decoder) structure(n *Node, v reflect.Value, path string) {
	if !d.is(n, Object, path) {
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, got := range n.Fields {
		at := slices.IndexFunc(fields, func(f field) bool { return !f.position && f.name == got.Name })
		if at < 0 {
			var known []string
			for _, f := range fields {
				if !f.position {
					known = append(known, f.name)
				}
			}
			d.fail(got.At, FieldPath(path, got.Name), Suggest(got.Name, known), "unknown field %q", got.Name)
			continue
		}
		seen[got.Name] = true
		d.value(got.Value, v.FieldByIndex(fields[at].index), FieldPath(path, got.Name))
	}
	for _, f := range fields {
		if f.position {
			v.FieldByIndex(f.index).Set(reflect.ValueOf(n.Position))
		} else if f.required && !seen[f.name] {
			in := ""
			if path != "" {
				in = " in " + path
			}
			d.fail(n.Position, FieldPath(path, f.name), fmt.Sprintf("add %s:", f.name), "the required field %q is missing%s", f.name, in)
		}
	}
}
