package jsonata

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/grafana/sobek"
)

// encode writes a value of the VM as compact JSON, nil for undefined. What JSON.stringify would leave out or write as null, a
// function or a number that is not finite, is ErrUnsupported.
func encode(runtime *sobek.Runtime, value sobek.Value) (json.RawMessage, error) {
	if sobek.IsUndefined(value) {
		return nil, nil
	}
	e := &encoder{runtime: runtime}
	if err := e.value(value, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	runtime *sobek.Runtime
	out     []byte
}

func (e *encoder) value(value sobek.Value, depth int) error {
	if len(e.out) > MaxResult {
		return exceeded("the result has more than %d bytes", MaxResult)
	}
	if depth > maxDepth {
		return exceeded("the result is nested deeper than %d levels", maxDepth)
	}
	if o, ok := value.(*sobek.Object); ok {
		return e.object(o, depth)
	}
	switch v := value.Export().(type) {
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ErrUnsupported
		}
		if v == 0 {
			v = 0 // not -0
		}
		number, _ := json.Marshal(v) // as ECMAScript writes it
		e.out = append(e.out, number...)
	case string:
		e.text(v)
	case nil: // null; undefined within an array
		e.out = append(e.out, "null"...)
	default:
		return ErrUnsupported
	}
	return nil
}

func (e *encoder) object(o *sobek.Object, depth int) error {
	if isFunction(o) {
		return ErrUnsupported
	}
	if o.ClassName() == "Array" {
		return e.array(o, depth)
	}
	e.out = append(e.out, '{')
	for _, name := range o.Keys() {
		item := o.Get(name)
		if sobek.IsUndefined(item) {
			continue
		}
		e.comma('{')
		e.text(name)
		e.out = append(e.out, ':')
		if err := e.value(item, depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) array(o *sobek.Object, depth int) error {
	e.out = append(e.out, '[')
	for i := range int(o.Get("length").ToInteger()) {
		e.comma('[')
		item := o.Get(strconv.Itoa(i))
		if item == nil { // a hole
			item = sobek.Null()
		}
		if err := e.value(item, depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

// comma separates an item from the one before; after open there is none.
func (e *encoder) comma(open byte) {
	if e.out[len(e.out)-1] != open {
		e.out = append(e.out, ',')
	}
}

// text writes a string, with its own name where guarded has renamed it.
func (e *encoder) text(s string) {
	if rest, ok := strings.CutPrefix(s, "\x00_jsonata_"); ok {
		s = "_jsonata_" + rest
	}
	e.out, _ = jsontext.AppendQuote(e.out, s) // what is not UTF-8 becomes U+FFFD
}

// isFunction recognises the script's functions and lambdas, and the engine's functions.
func isFunction(o *sobek.Object) bool {
	if _, ok := sobek.AssertFunction(o); ok {
		return true
	}
	for _, mark := range []string{"_jsonata_function", "_jsonata_lambda"} {
		if v := o.Get(mark); v != nil && v.ToBoolean() {
			return true
		}
	}
	return false
}
