package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A value is JSON data: nil, bool, json.Number (as written), string, []any or *object. Values are never changed once made.

// maxDepth bounds the nesting of data.
const maxDepth = 128

// object keeps the order of its names, because States.JsonToString and States.Format show it.
type object struct {
	names  []string
	values map[string]any
}

func newObject(size int) *object {
	return &object{names: make([]string, 0, size), values: make(map[string]any, size)}
}

func (o *object) set(name string, value any) {
	if _, there := o.values[name]; !there {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

func (o *object) clone() *object {
	c := &object{names: slices.Clone(o.names), values: make(map[string]any, len(o.values)+1)}
	for name, value := range o.values {
		c.values[name] = value
	}
	return c
}

// parseValue reads exactly one JSON text without duplicate names.
func parseValue(text []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := readValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func readValue(dec *jsontext.Decoder) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if dec.StackDepth() > maxDepth {
		return nil, errors.New("JSON nested deeper than " + strconv.Itoa(maxDepth) + " levels")
	}
	switch token.Kind() {
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		return json.Number(token.String()), nil
	case '"':
		return token.String(), nil
	case '[':
		items := []any{}
		for dec.PeekKind() != ']' {
			item, err := readValue(dec)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := dec.ReadToken()
		return items, err
	case '{':
		o := newObject(8)
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			value, err := readValue(dec)
			if err != nil {
				return nil, err
			}
			o.set(key, value)
		}
		_, err := dec.ReadToken()
		return o, err
	default:
		return nil, nil
	}
}

// encode writes a value as compact JSON.
func encode(v any) json.RawMessage { return appendValue(nil, v) }

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return append(b, v...)
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	case *object:
		b = append(b, '{')
		for i, name := range v.names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, name), ':')
			b = appendValue(b, v.values[name])
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

// appendString quotes s; what is not UTF-8 (only an intrinsic function can make it) becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	quoted, _ := jsontext.AppendQuote(b, s)
	return quoted
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func numberOf[N int | int64](n N) json.Number { return json.Number(strconv.FormatInt(int64(n), 10)) }

// equal compares by value: 1 and 1.0 are the same number, the order of names doesn't matter.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		if a == b {
			return true
		}
		x, okX := number(a)
		y, okY := number(b)
		return okX && okY && x == y
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case *object:
		b, ok := b.(*object)
		if !ok || len(a.names) != len(b.names) {
			return false
		}
		for name, value := range a.values {
			other, there := b.values[name]
			if !there || !equal(value, other) {
				return false
			}
		}
		return true
	default:
		switch b.(type) {
		case []any, *object:
			return false
		}
		return a == b
	}
}
