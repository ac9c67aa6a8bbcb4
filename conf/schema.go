package conf

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"

	"riposte.dev/fault"
)

// Schema is a JSON Schema (draft 2020-12), or a part of one.
type Schema map[string]any

// Schemer is implemented by types whose form their fields do not show: enumerations, and those that read themselves.
type Schemer interface {
	ConfSchema() Schema
}

// SchemaOf describes what Decode takes for a value of v's type, for editors: names, types, required fields, and that no
// other fields are taken. A field's tag `doc:"…"` becomes its description. A type that holds itself is described as any
// value from the second level on.
func SchemaOf(v any, title string) ([]byte, error) {
	g := &schemaWriter{}
	s := g.of(reflect.TypeOf(v))
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", title
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fault.New(fault.Internal, "conf: writing the schema of %T: %w", v, err)
	}
	return append(raw, '\n'), nil
}

type schemaWriter struct{ inside []reflect.Type }

// durations are what time.ParseDuration takes, without signs.
const durations = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

func (g *schemaWriter) of(t reflect.Type) Schema {
	if s, ok := reflect.New(t).Interface().(Schemer); ok {
		return s.ConfSchema()
	}
	switch t {
	case rawType, nodeType, jsonType:
		return Schema{}
	case durationType:
		return Schema{"type": "string", "pattern": durations}
	case timeType:
		return Schema{"type": "string"}
	}
	if _, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		return Schema{"type": "string"}
	}
	if _, ok := reflect.New(t).Interface().(Unmarshaler); ok {
		return Schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		return g.object(t)
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Interface:
		return Schema{}
	default:
		return Schema{"type": "integer"}
	}
}

func (g *schemaWriter) object(t reflect.Type) Schema {
	for _, outer := range g.inside {
		if outer == t {
			return Schema{"type": "object"}
		}
	}
	g.inside = append(g.inside, t)
	defer func() { g.inside = g.inside[:len(g.inside)-1] }()
	properties, required := Schema{}, []string{}
	for _, f := range fieldsOf(t) {
		if f.position {
			continue
		}
		of := t.FieldByIndex(f.index)
		s := g.of(of.Type)
		if doc := of.Tag.Get("doc"); doc != "" {
			s["description"] = doc
		}
		properties[f.name] = s
		if f.required {
			required = append(required, f.name)
		}
	}
	s := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// OneOf describes a text out of a few.
func OneOf(values ...string) Schema {
	return Schema{"type": "string", "enum": values, "description": "one of " + strings.Join(values, ", ")}
}
