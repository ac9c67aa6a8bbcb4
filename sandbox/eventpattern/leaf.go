package eventpattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// operator reads what stands behind an operator; nil when there is none of that
// name. exists, which speaks of absence too, is read with its field.
func operator(name string) func(operand any) (test, error) {
	switch name {
	case "prefix":
		return affix(strings.HasPrefix)
	case "suffix":
		return affix(strings.HasSuffix)
	case "equals-ignore-case":
		return func(operand any) (test, error) { return parseText(operand, strings.EqualFold) }
	case "wildcard":
		return wildcard
	case "anything-but":
		return anythingBut
	case "numeric":
		return numeric
	case "cidr":
		return cidr
	}
	return nil
}

var errNotText = errors.New("must be a string")

// parseText reads a string that strings of events are compared to.
func parseText(operand any, holds func(value, want string) bool) (test, error) {
	want, ok := operand.(string)
	if !ok {
		return nil, errNotText
	}
	return func(v any) bool { s, ok := v.(string); return ok && holds(s, want) }, nil
}

// affix reads {"prefix": "x"} and {"prefix": {"equals-ignore-case": "x"}}, or
// the same of suffixes.
func affix(holds func(value, want string) bool) func(any) (test, error) {
	return func(operand any) (test, error) {
		o, ok := operand.(map[string]any)
		if !ok {
			return parseText(operand, holds)
		}
		name, inner, err := only(o)
		if err != nil {
			return nil, err
		}
		if name != "equals-ignore-case" {
			return nil, fmt.Errorf("unsupported pattern %s", name)
		}
		return parseText(inner, func(value, want string) bool { return holds(strings.ToLower(value), strings.ToLower(want)) })
	}
}

// anythingBut reads values, or one of the operators on strings with one operand
// or more; it accepts what none of them accepts.
func anythingBut(operand any) (test, error) {
	refuse, err := exactly(operand)
	if o, ok := operand.(map[string]any); ok {
		refuse, err = anyOperand(o)
	}
	if err != nil {
		return nil, err
	}
	return func(v any) bool { return !anyOf(refuse, func(t test) bool { return t(v) }) }, nil
}

// exactly reads a value, or a list of strings or of numbers.
func exactly(operand any) ([]test, error) {
	list, ok := operand.([]any)
	if !ok {
		list = []any{operand}
	}
	if len(list) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	var out []test
	numbers := 0
	for _, e := range list {
		switch x := e.(type) {
		case json.Number:
			if _, err := number(x); err != nil {
				return nil, err
			}
			numbers++
		case string:
		default:
			return nil, errors.New("want a string, a number, or a list of either")
		}
		out = append(out, equalTo(e))
	}
	if numbers != 0 && numbers != len(list) {
		return nil, errors.New("strings and numbers can't be mixed in a list")
	}
	return out, nil
}

// anyOperand reads {"prefix": "x"} or {"prefix": ["x", "y"]} behind anything-but.
func anyOperand(o map[string]any) ([]test, error) {
	name, operand, err := only(o)
	if err != nil {
		return nil, err
	}
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard":
	default:
		return nil, fmt.Errorf("unsupported pattern %s", name)
	}
	list, ok := operand.([]any)
	if !ok {
		list = []any{operand}
	}
	if len(list) == 0 {
		return nil, errors.New("empty arrays are not allowed")
	}
	var out []test
	for _, e := range list {
		if e == "" && strings.HasSuffix(name, "fix") {
			return nil, fmt.Errorf("%s: an empty string is not allowed", name)
		}
		t, err := operator(name)(e)
		if _, isText := e.(string); !isText {
			err = errNotText
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// cidr accepts addresses of a network.
func cidr(operand any) (test, error) {
	text, ok := operand.(string)
	if !ok {
		return nil, errNotText
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("%.64q is not an address, a slash and a number of bits", text)
	}
	network = network.Masked()
	return func(v any) bool {
		s, _ := v.(string)
		a, err := netip.ParseAddr(s)
		return err == nil && network.Contains(a)
	}, nil
}
