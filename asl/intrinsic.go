package asl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"riposte.dev/conf"
)

// expression is what stands in the value of a name that ends in ".$": a path or an intrinsic function
// (https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
type expression interface {
	eval(c *scope) (any, error)
	String() string
}

func (p *Path) eval(c *scope) (any, error) { return p.find(c) }

// text is a text literal of a function's argument, escapes as written: States.Format tells \{ from {.
type text string

func (t text) eval(*scope) (any, error) { return unescape(string(t)), nil }
func (t text) String() string           { return string(t) }

// constant is a number, boolean or null argument.
type constant struct{ value any }

func (k constant) eval(*scope) (any, error) { return k.value, nil }
func (k constant) String() string           { return string(encode(k.value)) }

// call is an intrinsic function with its arguments.
type call struct {
	source    string
	name      string
	function  function
	arguments []expression
}

func (f *call) String() string { return f.source }

// errIntrinsic is in the chain of an error that a function returned.
var errIntrinsic = errors.New("intrinsic function failed")

func (f *call) eval(c *scope) (any, error) {
	values := make([]any, len(f.arguments))
	for i, argument := range f.arguments {
		if literal, ok := argument.(text); ok && i == 0 && f.name == "States.Format" {
			values[i] = string(literal)
			continue
		}
		v, err := argument.eval(c)
		if err != nil {
			return nil, at(argument, err)
		}
		if s, ok := v.(string); ok && i == 0 && f.name == "States.Format" {
			v = escapeBackslashes(s)
		}
		values[i] = v
	}
	result, err := f.function.apply(values, c.random)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errIntrinsic, f.source, err)
	}
	return result, nil
}

// pathError is a path that led nowhere, inside a function or not.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// at says which path an error is about.
func at(e expression, err error) error {
	if p, ok := e.(*Path); ok {
		return &pathError{path: p.text, err: err}
	}
	return err
}

// parseExpression reads a path or a function.
func parseExpression(source string) (expression, error) {
	s := &scanner{text: source}
	var e expression
	var err error
	if strings.HasPrefix(source, "$") {
		e, err = s.path()
	} else if strings.HasPrefix(source, "States.") {
		e, err = s.call()
	} else {
		return nil, fmt.Errorf("%q is neither a path (it would begin with $) nor an intrinsic function (States.…)", source)
	}
	if err == nil && s.rest() != "" {
		err = s.errorf("unexpected %q", s.rest())
	}
	return e, err
}

func (s *scanner) call() (expression, error) {
	if s.depth++; s.depth > maxNesting {
		return nil, s.errorf("functions nested deeper than %d", maxNesting)
	}
	defer func() { s.depth-- }()
	start := s.at
	n := strings.IndexByte(s.rest(), '(')
	if n < 0 {
		return nil, s.errorf("a ( is missing")
	}
	name := s.rest()[:n]
	known := functions()
	f, ok := known[name]
	if !ok {
		return nil, fmt.Errorf("there is no intrinsic function %q: %s", name, conf.Suggest(name, slices.Collect(maps.Keys(known))))
	}
	s.at += n + 1
	var arguments []expression
	for s.space(); !s.take(")"); s.space() {
		if len(arguments) > 0 && !s.comma() {
			return nil, s.errorf("a , or ) is missing")
		}
		argument, err := s.argument()
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
	}
	if len(arguments) < f.least || len(arguments) > f.most {
		return nil, fmt.Errorf("%s takes %s, not %d", name, f.arity(), len(arguments))
	}
	return &call{source: s.text[start:s.at], name: name, function: f, arguments: arguments}, nil
}

func (s *scanner) argument() (expression, error) {
	switch rest := s.rest(); {
	case strings.HasPrefix(rest, "$"):
		return s.path()
	case strings.HasPrefix(rest, "States."):
		return s.call()
	case strings.HasPrefix(rest, "'"):
		return s.literal()
	}
	value, err := s.word()
	return constant{value}, err
}

// literal reads text in single quotes; only \' \\ \{ \} are escapes.
func (s *scanner) literal() (expression, error) {
	for i := s.at + 1; i < len(s.text); i++ {
		switch s.text[i] {
		case '\'':
			t := text(s.text[s.at+1 : i])
			s.at = i + 1
			return t, nil
		case '\\':
			if i+1 == len(s.text) || strings.IndexByte(`'\{}`, s.text[i+1]) < 0 {
				s.at = i
				return nil, s.errorf(`a backslash may only stand before ', \, { and }`)
			}
			i++
		}
	}
	return nil, s.errorf("the closing ' is missing")
}

func unescape(s string) string {
	return strings.NewReplacer(`\'`, `'`, `\\`, `\`, `\{`, `{`, `\}`, `}`).Replace(s)
}

// escapeBackslashes makes data that serves as a template of States.Format mean itself, but for its {}.
func escapeBackslashes(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

// validVariable holds for a Unicode identifier of at most 80 characters.
func validVariable(name string) bool {
	for i, r := range name {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != "" && len(name) <= 80
}
