package conf

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"riposte.dev/fault"
)

// Unmarshaler is implemented by types that read themselves, such as "one name or a list of names". A Problems error is
// taken with its places, its paths relative to the node; any other is reported at the node.
type Unmarshaler interface {
	UnmarshalConf(n *Node) error
}

// Decode fills v, a pointer, from the document. See Node.Decode.
func (d *Document) Decode(v any) error { return d.Root.Decode(v) }

// Decode fills v, a pointer, from the node. Struct fields are named by the tag `yaml:"name"`; `conf:"required"` makes one
// mandatory; a field of type Position tagged `conf:"position"` receives where its object stands. Supported are structs
// (embedded ones are inlined), pointers, slices, arrays' element types, maps with text keys, text, booleans, integers,
// floats, any, time.Duration ("1h30m"), time.Time (RFC 3339 or a date), Raw, *Node, json.RawMessage,
// encoding.TextUnmarshaler and Unmarshaler.
//
// It is strict: an unknown or doubled key, a value of another type, a number out of range and a missing required field are
// errors. All of them come in one Problems; v is then filled as far as possible and not to be used.
func (n *Node) Decode(v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fault.New(fault.Internal, "conf: Decode into %T, want a pointer", v)
	}
	d := &decoder{problems: n.Duplicates()}
	d.value(n, target.Elem(), "")
	return d.problems.Err()
}

type decoder struct {
	problems Problems
}

func (d *decoder) fail(at Position, path, hint, format string, args ...any) {
	d.problems = append(d.problems, Problem{Position: at, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

var (
	rawType      = reflect.TypeFor[Raw]()
	nodeType     = reflect.TypeFor[*Node]()
	jsonType     = reflect.TypeFor[json.RawMessage]()
	positionType = reflect.TypeFor[Position]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
)

func (d *decoder) value(n *Node, v reflect.Value, path string) {
	switch v.Type() {
	case rawType:
		v.Set(reflect.ValueOf(RawOf(n)))
		return
	case nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case jsonType:
		v.SetBytes(n.JSON())
		return
	case durationType, timeType:
		d.when(n, v, path)
		return
	}
	if v.CanAddr() && d.custom(n, v.Addr().Interface(), path) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if n.Kind == Null {
			v.SetZero()
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		if n.Kind == Null {
			v.SetZero()
		} else if d.is(n, List, path) {
			v.Set(reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items)))
			for i, item := range n.Items {
				d.value(item, v.Index(i), IndexPath(path, i))
			}
		}
	case reflect.Map:
		d.mapping(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// custom lets a type read itself.
func (d *decoder) custom(n *Node, v any, path string) bool {
	var err error
	switch u := v.(type) {
	case Unmarshaler:
		err = u.UnmarshalConf(n)
	case encoding.TextUnmarshaler:
		if !d.is(n, String, path) {
			return true
		}
		err = u.UnmarshalText([]byte(n.Text))
	default:
		return false
	}
	var problems Problems
	if errors.As(err, &problems) {
		d.problems = append(d.problems, problems.In(path)...)
	} else if err != nil {
		d.fail(n.Position, path, fault.Hint(err), "%s", fault.Message(err))
	}
	return true
}

func (d *decoder) is(n *Node, want NodeKind, path string) bool {
	if n.Kind == want {
		return true
	}
	hint := ""
	if want == String && (n.Kind == Number || n.Kind == Bool) {
		hint = fmt.Sprintf("put it in quotes: %q", n.Text)
	}
	if want == List && n.Kind == String {
		hint = fmt.Sprintf("write [%s]", n.Text)
	}
	article := "a"
	if want == Object {
		article = "an"
	}
	d.fail(n.Position, path, hint, "%s must be %s %s, not %s", label(path), article, want, describe(n))
	return false
}

func label(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

// describe names a value for a message, short.
func describe(n *Node) string {
	switch n.Kind {
	case Bool, Number:
		return "the " + string(n.Kind) + " " + n.Text
	case String:
		text := n.Text
		if len(text) > 40 {
			text = strings.ToValidUTF8(text[:40], "") + "…"
		}
		return fmt.Sprintf("the string %q", text)
	case Null:
		return "empty"
	case Object:
		return "an object"
	default:
		return "a list"
	}
}

func (d *decoder) mapping(n *Node, v reflect.Value, path string) {
	if n.Kind == Null {
		v.SetZero()
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		d.fail(n.Position, path, "", "conf: cannot decode into %s", v.Type())
		return
	}
	if !d.is(n, Object, path) {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Fields)))
	for _, f := range n.Fields {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, item, FieldPath(path, f.Name))
		v.SetMapIndex(reflect.ValueOf(f.Name).Convert(v.Type().Key()), item)
	}
}
