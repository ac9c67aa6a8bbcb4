package asl

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"riposte.dev/asl/jsonata"
)

// format fills the {} of a template in turn. \{ \} \' and \\ are the characters themselves.
func format(a []any, _ func() uint64) (any, error) {
	pattern, err := textArg(a, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	used := 1
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case strings.HasPrefix(pattern[i:], "{}"):
			if used == len(a) {
				return nil, fmt.Errorf("there are more {} than the %d arguments", len(a)-1)
			}
			b.WriteString(show(a[used]))
			used++
			i++
		default:
			b.WriteByte(pattern[i])
		}
	}
	if used != len(a) {
		return nil, fmt.Errorf("there are %d arguments but %d {}", len(a)-1, used-1)
	}
	return b.String(), nil
}

// show writes a value into text: text as it is, an object as {a=1, b=x} and an array as [1, x], which is how Step
// Functions (in Java) was recorded to do it.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return string(v)
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = show(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *object:
		parts := make([]string, len(v.names))
		for i, name := range v.names {
			parts[i] = name + "=" + show(v.values[name])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

func hash(a []any, _ func() uint64) (any, error) {
	data, err := codedArg(a)
	if err != nil {
		if _, isText := a[0].(string); isText {
			return nil, err
		}
		data = string(encode(a[0]))
	}
	algorithm, err := textArg(a, 1)
	if err != nil {
		return nil, err
	}
	return jsonata.Digest(data, algorithm)
}
