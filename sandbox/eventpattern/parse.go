package eventpattern

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// maxDepth bounds how deep patterns are nested.
const maxDepth = 100

// Parse reads a pattern. Its errors name the field.
func Parse(text []byte) (*Pattern, error) {
	raw, err := Decode(text)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("pattern: empty object")
	}
	root, err := parseObject(raw, 0)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return &Pattern{root}, nil
}

func parseObject(raw map[string]any, depth int) (*object, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	out := &object{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if branches, ok := asChoice(name, raw[name]); ok {
			choice, err := parseChoice(branches, depth)
			if err != nil {
				return nil, err
			}
			out.choices = append(out.choices, choice)
			continue
		}
		f, err := parseField(name, raw[name], depth+1)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, f)
	}
	return out, nil
}

// asChoice says whether a field is the operator $or: a list of two objects or
// more that don't look like operators. Else it is a field with an odd name.
func asChoice(name string, value any) (branches []map[string]any, ok bool) {
	list, isList := value.([]any)
	if name != "$or" || !isList || len(list) < 2 {
		return nil, false
	}
	for _, e := range list {
		branch, isObject := e.(map[string]any)
		if !isObject || len(branch) == 0 {
			return nil, false
		}
		for key := range branch {
			if key == "exists" || operator(key) != nil {
				return nil, false
			}
		}
		branches = append(branches, branch)
	}
	return branches, true
}

// parseChoice reads the branches of $or, which speak of the object that $or
// stands in.
func parseChoice(branches []map[string]any, depth int) ([]*object, error) {
	var out []*object
	for _, b := range branches {
		o, err := parseObject(b, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func parseField(name string, value any, depth int) (field, error) {
	f := field{name: name}
	var err error
	switch x := value.(type) {
	case map[string]any:
		if len(x) == 0 {
			return f, fmt.Errorf("field %q: empty objects are not allowed", name)
		}
		f.object, err = parseObject(x, depth)
		return f, err
	case []any:
		if len(x) == 0 {
			return f, fmt.Errorf("field %q: empty arrays are not allowed", name)
		}
		for _, e := range x {
			if err := f.add(e); err != nil {
				return f, fmt.Errorf("field %q: %w", name, err)
			}
		}
		return f, nil
	}
	return f, fmt.Errorf("field %q: must be an object or an array", name)
}

// add reads one alternative.
func (f *field) add(e any) error {
	switch x := e.(type) {
	case []any:
		return fmt.Errorf("an array in an array is not allowed")
	case map[string]any:
		name, operand, err := only(x)
		if err != nil {
			return err
		}
		if name == "exists" {
			wanted, ok := operand.(bool)
			if !ok {
				return fmt.Errorf("exists: must be true or false")
			}
			f.absent = f.absent || !wanted
			if wanted {
				f.alternatives = append(f.alternatives, func(any) bool { return true })
			}
			return nil
		}
		parse := operator(name)
		if parse == nil {
			return fmt.Errorf("unrecognized match type %s", name)
		}
		t, err := parse(operand)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		f.alternatives = append(f.alternatives, t)
		return nil
	case json.Number:
		if _, err := number(x); err != nil {
			return err
		}
	}
	f.alternatives = append(f.alternatives, equalTo(e))
	return nil
}

// only is the one member of an object.
func only(o map[string]any) (name string, value any, err error) {
	if len(o) != 1 {
		return "", nil, fmt.Errorf("only one key is allowed in a match expression")
	}
	for name, value = range o {
	}
	return name, value, nil
}
