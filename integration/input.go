package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// decode reads a task's parameters into the input of an operation and returns a pointer to it. Every mistake is told at once,
// as fault.Invalid, with the path of the parameter.
func decode(raw json.RawMessage, input reflect.Type) (reflect.Value, error) {
	in := reflect.New(input)
	if len(bytes.TrimSpace(raw)) == 0 {
		return in, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return in, fault.New(fault.Invalid, "the parameters are not JSON: %w", err)
	}
	if dec.More() {
		return in, fault.New(fault.Invalid, "the parameters are more than one JSON value")
	}
	var d decoder
	d.value("", v, in.Elem())
	return in, d.err()
}

// decoder collects mistakes.
type decoder struct{ problems []string }

func (d *decoder) fail(path, format string, args ...any) {
	d.problems = append(d.problems, strings.TrimPrefix(path+": ", ": ")+fmt.Sprintf(format, args...))
}

func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "%s", strings.Join(d.problems, "; "))
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	readerType = reflect.TypeFor[io.Reader]()
	bytesType  = reflect.TypeFor[[]byte]()
)

// value puts a JSON value where the SDK wants it; null leaves it out.
func (d *decoder) value(path string, v any, to reflect.Value) {
	switch {
	case v == nil:
		return
	case to.Type() == timeType:
		d.time(path, v, to)
		return
	case to.Type() == bytesType:
		to.SetBytes(textOf(v))
		return
	case to.Type() == readerType:
		to.Set(reflect.ValueOf(bytes.NewReader(textOf(v))))
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		d.value(path, v, to.Elem())
	case reflect.Struct:
		d.object(path, v, to)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			d.fail(path, "it must be a list")
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, item := range list {
			d.value(fmt.Sprintf("%s[%d]", path, i), item, to.Index(i))
		}
	case reflect.Map:
		members, ok := v.(map[string]any)
		if !ok {
			d.fail(path, "it must be an object")
			return
		}
		to.Set(reflect.MakeMapWithSize(to.Type(), len(members)))
		for _, name := range slices.Sorted(maps.Keys(members)) {
			value := reflect.New(to.Type().Elem()).Elem()
			d.value(join(path, name), members[name], value)
			to.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), value)
		}
	default:
		d.scalar(path, v, to)
	}
}

func (d *decoder) scalar(path string, v any, to reflect.Value) {
	switch to.Kind() {
	case reflect.String:
		text, ok := v.(string)
		if !ok {
			d.fail(path, "it must be text")
		}
		to.SetString(text)
	case reflect.Bool:
		flag, ok := v.(bool)
		if !ok {
			d.fail(path, "it must be true or false")
		}
		to.SetBool(flag)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, _ := v.(json.Number)
		i, err := n.Int64()
		if f, floatErr := n.Float64(); err != nil && floatErr == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			i, err = int64(f), nil // 1.0 and 1e3 are whole numbers too
		}
		if err != nil || to.OverflowInt(i) {
			d.fail(path, "it must be a whole number")
			return
		}
		to.SetInt(i)
	case reflect.Float32, reflect.Float64:
		n, _ := v.(json.Number)
		f, err := n.Float64()
		if err != nil {
			d.fail(path, "it must be a number")
			return
		}
		to.SetFloat(f)
	default: // a union: the SDK does not say which of its types there are
		d.fail(path, "riposte can't send this parameter")
	}
}

// object reads members by the names that Step Functions has for them, in any case.
func (d *decoder) object(path string, v any, to reflect.Value) {
	members, ok := v.(map[string]any)
	if !ok {
		d.fail(path, "it must be an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field := member(to.Type(), name)
		if field == nil {
			d.fail(join(path, name), "there is no such parameter; there are %s", strings.Join(parameterNames(to.Type()), ", "))
			continue
		}
		d.value(join(path, name), members[name], to.FieldByIndex(field))
	}
}

// member finds the field of an SDK's struct for a parameter; nil without.
func member(t reflect.Type, name string) []int {
	if f, ok := t.FieldByName(name); ok && f.IsExported() && name != metadata {
		return f.Index
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Name != metadata && strings.EqualFold(f.Name, name) {
			return f.Index
		}
	}
	return nil
}

// metadata is what the SDK adds to outputs.
const metadata = "ResultMetadata"

// parameterNames names the parameters of a struct as Step Functions does.
func parameterNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Name != metadata {
			names = append(names, pascal(f.Name))
		}
	}
	slices.Sort(names)
	return names
}

// time reads ISO 8601, or seconds since 1970.
func (d *decoder) time(path string, v any, to reflect.Value) {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			to.Set(reflect.ValueOf(at))
			return
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && math.Abs(f) < 1e12 {
			to.Set(reflect.ValueOf(time.UnixMilli(int64(f * 1000)).UTC()))
			return
		}
	}
	d.fail(path, "it must be a time such as 2026-11-30T14:05:00Z")
}

// textOf is what is sent where AWS wants bytes: text as it is, every other value as JSON.
func textOf(v any) []byte {
	if text, ok := v.(string); ok {
		return []byte(text)
	}
	raw, err := json.Marshal(v)
	if err != nil { // it was JSON before
		return nil
	}
	return raw
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
