package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// FromValue compiles a pattern that was decoded already: map[string]any, []any, strings, numbers, bool and nil, as
// encoding/json and YAML decoders make them. A map has lost the order of its keys, which matters where a $or and a field
// beside it name the same field: $or is taken to come last, so that its branches replace the outer field. Where the order
// or positions matter, give Parse the text.
func FromValue(v any) (*Pattern, error) {
	var text bytes.Buffer
	if err := writeValue(&text, v, 0); err != nil {
		return nil, SyntaxErrors{{Line: 1, Col: 1, Msg: err.Error(), Fix: "give the pattern as JSON text"}}
	}
	return Parse(text.Bytes())
}

func writeValue(text *bytes.Buffer, v any, depth int) error {
	if depth > maxDepth {
		return errors.New("the pattern is nested too deeply, or contains itself")
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if i, found := slices.BinarySearch(keys, orKey); found {
			keys = append(slices.Delete(keys, i, i+1), orKey)
		}
		text.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				text.WriteByte(',')
			}
			if err := writeScalar(text, k); err != nil {
				return err
			}
			text.WriteByte(':')
			if err := writeValue(text, v[k], depth+1); err != nil {
				return err
			}
		}
		text.WriteByte('}')
	case []any:
		text.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				text.WriteByte(',')
			}
			if err := writeValue(text, item, depth+1); err != nil {
				return err
			}
		}
		text.WriteByte(']')
	default:
		return writeScalar(text, v)
	}
	return nil
}

func writeScalar(text *bytes.Buffer, v any) error {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("a %T can't be part of a pattern: %w", v, err)
	}
	text.Write(encoded)
	return nil
}
