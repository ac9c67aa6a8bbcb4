package conf

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// scalar fills text, booleans, numbers and any.
func (d *decoder) scalar(n *Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		if d.is(n, String, path) {
			v.SetString(n.Text)
		}
	case reflect.Bool:
		if n.Kind == String {
			hint := "write true or false"
			switch strings.ToLower(n.Text) {
			case "yes", "on", "y", "true":
				hint = "write true, without quotes"
			case "no", "off", "n", "false":
				hint = "write false, without quotes"
			}
			d.fail(n.Position, path, hint, "%s must be a boolean, not %s", label(path), describe(n))
		} else if d.is(n, Bool, path) {
			v.SetBool(n.Text == "true")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if d.is(n, Number, path) {
			i, err := strconv.ParseInt(n.Text, 10, v.Type().Bits())
			if err != nil {
				d.fail(n.Position, path, "", "%s must be a whole number within %d bits, not %s", label(path), v.Type().Bits(), n.Text)
			}
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if d.is(n, Number, path) {
			u, err := strconv.ParseUint(n.Text, 10, v.Type().Bits())
			if err != nil {
				d.fail(n.Position, path, "", "%s must be a whole number from 0, within %d bits, not %s", label(path), v.Type().Bits(), n.Text)
			}
			v.SetUint(u)
		}
	case reflect.Float32, reflect.Float64:
		if d.is(n, Number, path) {
			f, err := strconv.ParseFloat(n.Text, v.Type().Bits())
			if err != nil {
				d.fail(n.Position, path, "", "%s must be a number within %d bits, not %s", label(path), v.Type().Bits(), n.Text)
			}
			v.SetFloat(f)
		}
	case reflect.Interface:
		if value := n.Any(); value != nil && reflect.TypeOf(value).AssignableTo(v.Type()) {
			v.Set(reflect.ValueOf(value))
		}
	default:
		d.fail(n.Position, path, "", "conf: cannot decode into %s", v.Type())
	}
}

// when fills a duration or a time.
func (d *decoder) when(n *Node, v reflect.Value, path string) {
	if v.Type() == durationType {
		duration, err := time.ParseDuration(n.Text)
		if n.Kind != String || err != nil || duration < 0 {
			d.fail(n.Position, path, `write a number and a unit: "30s", "5m", "1h30m"`, "%s must be a duration, not %s", label(path), describe(n))
			return
		}
		v.SetInt(int64(duration))
		return
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, n.Text); err == nil && n.Kind == String {
			v.Set(reflect.ValueOf(at))
			return
		}
	}
	d.fail(n.Position, path, `write 2006-01-02T15:04:05Z or 2006-01-02`, "%s must be a time, not %s", label(path), describe(n))
}

// Any returns the value as plain Go: map[string]any, []any, string, bool, nil, and int64 where a number is whole and fits,
// else float64. Of a doubled key the last one counts.
func (n *Node) Any() any {
	switch n.Kind {
	case Bool:
		return n.Text == "true"
	case Number:
		if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil {
			return i
		}
		f, _ := strconv.ParseFloat(n.Text, 64) // ±Inf where it does not fit, as near as a float64 comes
		return f
	case String:
		return n.Text
	case List:
		items := make([]any, len(n.Items))
		for i, item := range n.Items {
			items[i] = item.Any()
		}
		return items
	case Object:
		object := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			object[f.Name] = f.Value.Any()
		}
		return object
	default:
		return nil
	}
}
