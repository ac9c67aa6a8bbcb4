package asl

import (
	"encoding/json"
	"strings"
)

// filter is the condition of [?(…)] in a path.
type filter interface {
	holds(v any, c *scope) bool
}

type (
	anyOf   []filter
	allOf   []filter
	negated struct{ filter }
	// comparison compares two operands; with no operator it asks whether the left one is there.
	comparison struct {
		left, right operand
		operator    string
	}
	// operand is a path from the candidate (@) or the roots, or a literal.
	operand struct {
		path      *Path
		candidate bool
		literal   any
	}
)

func (f anyOf) holds(v any, c *scope) bool {
	for _, one := range f {
		if one.holds(v, c) {
			return true
		}
	}
	return false
}

func (f allOf) holds(v any, c *scope) bool {
	for _, one := range f {
		if !one.holds(v, c) {
			return false
		}
	}
	return true
}

func (f negated) holds(v any, c *scope) bool { return !f.filter.holds(v, c) }

func (f comparison) holds(v any, c *scope) bool {
	left, thereLeft := f.left.value(v, c)
	if f.operator == "" {
		return thereLeft
	}
	right, thereRight := f.right.value(v, c)
	switch f.operator {
	case "==":
		return thereLeft && thereRight && equal(left, right)
	case "!=":
		return thereLeft != thereRight || !equal(left, right)
	}
	if !thereLeft || !thereRight {
		return false
	}
	order, comparable := compare(left, right)
	switch f.operator {
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	case ">":
		return comparable && order > 0
	default:
		return comparable && order >= 0
	}
}

// compare orders two numbers or two strings.
func compare(a, b any) (int, bool) {
	if x, ok := number(a); ok {
		y, ok := number(b)
		switch {
		case x < y:
			return -1, ok
		case x > y:
			return 1, ok
		}
		return 0, ok
	}
	x, okX := a.(string)
	y, okY := b.(string)
	return strings.Compare(x, y), okX && okY
}

func (o operand) value(v any, c *scope) (any, bool) {
	if o.path == nil {
		return o.literal, true
	}
	if o.candidate {
		inner := *c
		inner.input = v
		c = &inner
	}
	found, err := o.path.find(c)
	if list, ok := found.([]any); ok && !o.path.definite() && len(list) == 0 {
		return nil, false
	}
	return found, err == nil
}

// maxNesting bounds parentheses and functions inside one another.
const maxNesting = 32

// or reads a condition: || binds weaker than &&, which binds weaker than !.
func (s *scanner) or() (filter, error) {
	if s.depth++; s.depth > maxNesting {
		return nil, s.errorf("too many parentheses")
	}
	defer func() { s.depth-- }()
	var alternatives anyOf
	for more := true; more; more = s.take("||") {
		one, err := s.and()
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, one)
		s.space()
	}
	return alternatives, nil
}

func (s *scanner) and() (filter, error) {
	var terms allOf
	for more := true; more; more = s.take("&&") {
		one, err := s.term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, one)
		s.space()
	}
	return terms, nil
}

func (s *scanner) term() (filter, error) {
	s.space()
	not := s.take("!")
	s.space()
	var f filter
	var err error
	if s.take("(") {
		if f, err = s.or(); err == nil && !s.take(")") {
			err = s.errorf("a ) is missing")
		}
	} else {
		f, err = s.comparison()
	}
	if not {
		f = negated{f}
	}
	return f, err
}

func (s *scanner) comparison() (filter, error) {
	var f comparison
	var err error
	if f.left, err = s.operand(); err != nil {
		return nil, err
	}
	s.space()
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if s.take(operator) {
			f.operator = operator
			s.space()
			f.right, err = s.operand()
			return f, err
		}
	}
	if f.left.path == nil {
		return nil, s.errorf("an operator is missing")
	}
	return f, nil
}

func (s *scanner) operand() (operand, error) {
	switch rest := s.rest(); {
	case s.take("@"):
		start, p := s.at-1, &Path{}
		err := s.segments(p)
		p.text = s.text[start:s.at]
		return operand{path: p, candidate: true}, err
	case strings.HasPrefix(rest, "$"):
		p, err := s.path()
		return operand{path: p}, err
	case strings.HasPrefix(rest, "'") || strings.HasPrefix(rest, `"`):
		text, err := s.quoted()
		return operand{literal: text}, err
	}
	literal, err := s.word()
	return operand{literal: literal}, err
}

// word reads true, false, null or a number.
func (s *scanner) word() (any, error) {
	n := strings.IndexAny(s.rest(), " \t\r\n,)]=<>!&|")
	if n < 0 {
		n = len(s.rest())
	}
	word := s.rest()[:n]
	switch word {
	case "true", "false":
		s.at += n
		return word == "true", nil
	case "null":
		s.at += n
		return nil, nil
	}
	if v, err := parseValue([]byte(word)); err == nil {
		if literal, ok := v.(json.Number); ok {
			s.at += n
			return literal, nil
		}
	}
	return nil, s.errorf("%q is neither a path nor a number, text in quotes, true, false or null", word)
}
