package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"riposte.dev/asl/jsonata"
)

// query is a JSONata expression of a field.
type query struct {
	program *jsonata.Program
	field   string // as Step Functions names the place: Output/result
}

// queryError is why States.QueryEvaluationError ends a state, in AWS's words.
type queryError struct{ expression, field, what string }

func (e *queryError) Error() string {
	return fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' %s", e.expression, e.field, e.what)
}

func (q *query) failed(format string, args ...any) error {
	text := q.program.String()
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "…"
	}
	return &queryError{expression: text, field: q.field, what: fmt.Sprintf(format, args...)}
}

func (q *query) eval(c *scope) (any, error) {
	if v, found, plain := q.follow(c); plain {
		if !found {
			return nil, q.failed("returned nothing (undefined).")
		}
		return v, nil
	}
	out, err := q.program.Eval(context.Background(), q.bindings(c), jsonata.Env{Now: c.now, Random: c.random})
	switch {
	case errors.Is(err, jsonata.ErrUnsupported):
		return nil, q.failed("returned an unsupported result type.")
	case err != nil:
		return nil, q.failed("threw an error during evaluation. %v", err)
	case out == nil:
		return nil, q.failed("returned nothing (undefined).")
	}
	v, err := parseValue(out)
	if err != nil {
		return nil, q.failed("returned data that can't be used: %v", err)
	}
	return v, nil
}

// follow evaluates an expression that is nothing but a path of names, where it leads through objects only. So most that is
// written takes no engine, and numbers stay as they are spelt.
func (q *query) follow(c *scope) (v any, found, plain bool) {
	path := q.program.Path
	if len(path) == 0 {
		return nil, false, false
	}
	if path[0] == "states" {
		v = c.states("input", "result", "errorOutput", "context")
		if len(path) > 1 {
			v = c.states(path[1])
		}
	} else if v, found = c.variables.get(path[0]); !found {
		return nil, false, false // perhaps a function
	}
	for _, name := range path[1:] {
		if _, list := v.([]any); list {
			return nil, false, false // JSONata goes through the items
		}
		o, ok := v.(*object)
		if !ok {
			return nil, false, true
		}
		if v, found = o.values[name]; !found {
			return nil, false, true
		}
	}
	return v, true, true
}

// states is $states with those of the fields that there are
// (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#transforming-data-reserved-variable-states).
func (c *scope) states(fields ...string) *object {
	o := newObject(len(fields))
	for _, name := range fields {
		switch {
		case name == "input":
			o.set(name, c.input)
		case name == "context":
			o.set(name, c.context())
		case name == "result" && c.result != nil:
			o.set(name, *c.result)
		case name == "errorOutput" && c.failure != nil:
			o.set(name, c.failure)
		}
	}
	return o
}

// bindings are the variables that the expression may read.
func (q *query) bindings(c *scope) map[string]json.RawMessage {
	b := map[string]json.RawMessage{}
	for _, name := range q.program.Variables {
		if v, ok := c.variables.get(name); ok {
			b[name] = encode(v)
		}
	}
	if slices.Contains(q.program.Variables, "states") {
		b["states"] = encode(c.states("input", "result", "errorOutput", "context"))
	} else if len(q.program.States) > 0 {
		b["states"] = encode(c.states(q.program.States...))
	}
	return b
}

// unexpected is the failure of a field whose expression gave a value of a type that it can't take.
func (t *template) unexpected(want string, v any) error {
	return t.query.failed("returned an unexpected result type. Expected '%s', but was '%s' for value: %s", want, jsonType(v), brief(v))
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// holds evaluates a Condition.
func (t *template) holds(c *scope) (bool, error) {
	v, err := t.eval(c)
	if err != nil {
		return false, err
	}
	holds, ok := v.(bool)
	if !ok {
		return false, t.unexpected("boolean", v)
	}
	return holds, nil
}

// produced evaluates Output; without one it is the fallback.
func (a *advance) produced(f *Frame, t *template, data *scope, fallback any) (any, error) {
	if t == nil {
		return fallback, nil
	}
	return a.evaluate(f, t, data)
}

// queryNumber evaluates a number of a field. All but percentages are whole.
func (a *advance) queryNumber(f *Frame, t *template, data *scope, most float64) (float64, error) {
	v, err := a.evaluate(f, t, data)
	if err != nil {
		return 0, err
	}
	n, ok := number(v)
	if !ok {
		return 0, asFailure(f, t.unexpected("number", v))
	}
	if n < 0 || n > most || most > 100 && n != math.Trunc(n) {
		return 0, asFailure(f, t.query.failed("returned a value that is not a whole number from 0 to %v: %s", int(most), brief(v)))
	}
	return n, nil
}

// queryTime evaluates the Timestamp of a Wait.
func (a *advance) queryTime(f *Frame, t *template, data *scope) (time.Time, error) {
	text, err := a.queryText(f, t, data)
	if err != nil {
		return time.Time{}, err
	}
	at, ok := timestamp(text)
	if !ok {
		return time.Time{}, asFailure(f, t.query.failed("returned a value that is not a timestamp: %s", brief(text)))
	}
	return at, nil
}

// queryText evaluates text of a field.
func (a *advance) queryText(f *Frame, t *template, data *scope) (string, error) {
	v, err := a.evaluate(f, t, data)
	if err != nil {
		return "", err
	}
	text, ok := v.(string)
	if !ok {
		return "", asFailure(f, t.unexpected("string", v))
	}
	return text, nil
}
