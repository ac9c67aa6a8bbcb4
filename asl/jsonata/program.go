package jsonata

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxExpression bounds the length of an expression in bytes.
const MaxExpression = 64 << 10

// Program is a compiled expression. It is read-only and safe for concurrent use.
type Program struct {
	text string
	Uses
}

// Uses is what an expression may read.
type Uses struct {
	Variables []string // without $; may hold names that the expression binds itself
	States    []string // fields of $states that are read by name; where Variables has states, any may be read
	// Path is set where the expression is nothing but a path of names from a variable, such as $states.input.trail: where no
	// value on the way is an array, its value is what the path leads to, and there is nothing to evaluate.
	Path []string
}

// Compile reads an expression, without {% and %}. Its error is an *Error, or ErrNoScript.
func Compile(expression string) (*Program, error) {
	if len(expression) > MaxExpression {
		return nil, exceeded("the expression has %d bytes, over the limit of %d", len(expression), MaxExpression)
	}
	if p := known.get(expression); p != nil {
		return p, nil
	}
	var p *Program
	err := withVM(context.Background(), func(v *vm) error {
		compiled, err := v.compiled(expression)
		if err != nil {
			return err
		}
		uses, err := v.inspect(compiled, expression)
		p = &Program{text: expression, Uses: uses}
		return err
	})
	if err != nil {
		return nil, err
	}
	known.put(expression, p)
	return p, nil
}

// String returns the expression.
func (p *Program) String() string { return p.text }

// Env is what an evaluation sees beside its bindings.
type Env struct {
	Now    time.Time     // of $now and $millis
	Random func() uint64 // of $random, $uuid and $shuffle; must be set
}

// Eval evaluates the program. Bindings are the variables, without $, as JSON; only those that Uses names are looked at. It
// returns nil for "undefined". Its error is an *Error, ErrUnsupported, or ErrNoScript; where ctx ends first, the context's.
func (p *Program) Eval(ctx context.Context, bindings map[string]json.RawMessage, env Env) (json.RawMessage, error) {
	input, err := p.bindings(bindings)
	if err != nil {
		return nil, err
	}
	var result json.RawMessage
	err = withVM(ctx, func(v *vm) error {
		v.env = env
		var err error
		result, err = v.evaluate(p.text, input)
		return err
	})
	return result, err
}

// bindings writes those that the program may read as one JSON object.
func (p *Program) bindings(values map[string]json.RawMessage) (string, error) {
	names := p.Variables
	if len(p.States) > 0 && !slices.Contains(names, "states") {
		names = append(slices.Clone(names), "states")
	}
	var b strings.Builder
	b.WriteByte('{')
	for _, name := range names {
		value, ok := values[name]
		if !ok {
			continue
		}
		safe, err := guarded(value)
		if err != nil {
			return "", exceeded("$%s is not JSON: %v", name, err)
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(name) + ":")
		b.Write(safe)
	}
	b.WriteByte('}')
	return b.String(), nil
}

// Names that begin so are JSONata's marks on functions. Data that has them would be taken for functions: that of an event
// could hide parts of itself. They are renamed on the way in and back on the way out.
var (
	marked  = []byte(`"_jsonata_`)
	renamed = []byte(`"\u0000_jsonata_`)
)

// guarded returns JSON text that is well-formed, not too deep, and without JSONata's marks.
func guarded(text []byte) ([]byte, error) {
	if err := checkDepth(text); err != nil {
		return nil, err
	}
	if bytes.Contains(text, []byte(`\u`)) { // a mark may be spelt with escapes
		v := jsontext.Value(bytes.Clone(text))
		if err := v.Format(jsontext.PreserveRawStrings(false)); err != nil {
			return nil, err
		}
		text = v
	}
	return bytes.ReplaceAll(text, marked, renamed), nil
}
