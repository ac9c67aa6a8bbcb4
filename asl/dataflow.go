package asl

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// scope is what expressions of the frame's state see, with its input as $.
func (a *advance) scope(f *Frame) (*scope, error) {
	v, err := f.input()
	if err != nil {
		return nil, err
	}
	return &scope{input: v, variables: f.variables, random: a.env.Random, now: a.env.Now, context: func() any { return a.context(f) }}, nil
}

// effective is the scope after InputPath.
func (a *advance) effective(f *Frame, s *State) (*scope, error) {
	data, err := a.scope(f)
	if err == nil {
		data.input, err = narrow(f, s.input, data)
	}
	return data, err
}

// narrow applies InputPath or OutputPath.
func narrow(f *Frame, o pathOption, data *scope) (any, error) {
	switch {
	case o.null:
		return newObject(0), nil
	case o.path == nil:
		return data.input, nil
	}
	v, err := o.path.find(data)
	if errors.Is(err, errNotFound) {
		return nil, runtimeFailure(f, "Invalid path '%s' : No results for path: %s", o.path, o.path.bracketed())
	} else if err != nil {
		return nil, runtimeFailure(f, "Invalid path '%s' : %v", o.path, err)
	}
	return v, nil
}

// evaluate fills a payload template.
func (a *advance) evaluate(f *Frame, t *template, data *scope) (any, error) {
	v, err := t.eval(data)
	var missing *pathError
	var field *fieldError
	if errors.Is(err, errNotFound) && errors.As(err, &missing) && errors.As(err, &field) {
		return nil, notFoundIn(f, missing.path, field.field, data.input)
	}
	if err != nil {
		return nil, asFailure(f, err)
	}
	return v, nil
}

func (a *advance) assigned(f *Frame, t *template, data *scope) (map[string]json.RawMessage, error) {
	if t == nil {
		return nil, nil
	}
	v, err := a.evaluate(f, t, data)
	if err != nil {
		return nil, err
	}
	assign, size := map[string]json.RawMessage{}, 0
	for name, value := range v.(*object).values {
		assign[name] = encode(value)
		size += len(assign[name])
	}
	if size > MaxData {
		return nil, failed(ErrDataLimitExceeded, "The state '%s' assigns variables of %d bytes, over the limit of %d.", f.State, size, MaxData)
	}
	return assign, nil
}

// place applies ResultPath: the result in the state's raw input.
func place(f *Frame, o pathOption, raw, result any) (any, error) {
	switch {
	case o.null:
		return raw, nil
	case o.path == nil:
		return result, nil
	}
	v, ok := o.path.put(raw, result)
	if !ok {
		return nil, failed(ErrResultPathMatchFailure, "An error occurred while executing the state '%s' (entered at the event id #%d). Unable to apply ReferencePath %s to input %s",
			f.State, f.event, o.path, brief(raw))
	}
	return v, nil
}

// move leaves the state: for the next one, or, where there is none, for the end of the branch.
func (a *advance) move(f *Frame, s *State, next string, output any, assign map[string]json.RawMessage) error {
	encoded := encode(output)
	if len(encoded) > MaxData {
		return failed(ErrDataLimitExceeded, "The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", s.Name)
	}
	if next == "" {
		a.emit(Record{Kind: Ended, Path: f.Path, Status: Succeeded, Output: encoded})
		return nil
	}
	a.enter(f, next, encoded, assign)
	return nil
}

// leave applies OutputPath or Output and moves on.
func (a *advance) leave(f *Frame, s *State, data *scope, next string, output any, assign map[string]json.RawMessage) error {
	if s.query {
		output, err := a.produced(f, s.produce, data, output)
		if err != nil {
			return err
		}
		return a.move(f, s, next, output, assign)
	}
	outer := *data
	outer.input = output
	output, err := narrow(f, s.output, &outer)
	if err != nil {
		return err
	}
	return a.move(f, s, next, output, assign)
}

// notFound is the failure of a path that leads nowhere, in AWS's words.
func notFound(f *Frame, path, field string) error {
	input, _ := f.input()
	return notFoundIn(f, path, field, input)
}

func notFoundIn(f *Frame, path, field string, input any) error {
	return runtimeFailure(f, "The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", path, field, brief(input))
}

// brief is a value for a message: causes are stored, shown and mailed, so they hold no whole event.
func brief(v any) string {
	text := string(encode(v))
	if len(text) > 500 {
		return strings.ToValidUTF8(text[:500], "") + "…"
	}
	return text
}

// bracketed writes the path as Jayway does in its messages: $['a'][0].
func (p *Path) bracketed() string {
	var b strings.Builder
	b.WriteString(p.text[:len(p.text)-len(strings.TrimLeft(p.text, "$"))] + p.variable)
	for _, s := range p.segments {
		switch {
		case s.kind == byName && !s.deep:
			b.WriteString("['" + strings.Join(s.names, "','") + "']")
		case s.kind == byIndex && len(s.indexes) == 1 && !s.deep:
			b.WriteString("[" + strconv.Itoa(s.indexes[0]) + "]")
		default:
			return p.text
		}
	}
	return b.String()
}
