package eventpattern

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// equalTo accepts the value itself. Numbers are equal by value.
func equalTo(want any) test {
	n, ok := want.(json.Number)
	if !ok {
		return func(v any) bool { return v == want }
	}
	return func(v any) bool { other, ok := v.(json.Number); return ok && compare(other, n) == 0 }
}

// number is a number of a pattern: one that a 64-bit float can hold.
func number(n json.Number) (float64, error) {
	f, err := n.Float64()
	mantissa, _, _ := strings.Cut(strings.ToLower(n.String()), "e")
	if err != nil || f == 0 && strings.ContainsAny(mantissa, "123456789") {
		return 0, fmt.Errorf("cannot compare number %.64s", n)
	}
	return f, nil
}

// exact is the magnitude from which floats don't tell integers apart.
const exact = 1 << 53

// compare orders numbers by value; integers that floats can't tell apart are
// equal when their digits are.
func compare(a, b json.Number) int {
	x, errX := a.Float64()
	y, errY := b.Float64()
	if errX == nil && errY == nil && (x != y || x < exact && x > -exact || !digitsOnly(a) || !digitsOnly(b)) {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

func digitsOnly(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

// numeric reads ["=", n] or a range: [">" or ">=", n, "<" or "<=", n] or one
// side of it.
func numeric(operand any) (test, error) {
	terms, ok := operand.([]any)
	if !ok || len(terms) == 0 {
		return nil, errors.New("must be an array of comparisons and numbers")
	}
	if len(terms)%2 != 0 || len(terms) > 4 {
		return nil, errors.New("want a comparison and a number, or two of each")
	}
	var all []test
	for i := 0; i < len(terms); i += 2 {
		sign, _ := terms[i].(string)
		limit, isNumber := terms[i+1].(json.Number)
		if !isNumber {
			return nil, fmt.Errorf("value of %.8q must be a number", sign)
		}
		if _, err := number(limit); err != nil {
			return nil, err
		}
		holds := comparison(sign)
		switch {
		case holds == nil:
			return nil, fmt.Errorf("unrecognized comparison %.8q", sign)
		case i == 0 && len(terms) == 4 && sign[0] != '>', i == 2 && sign[0] != '<':
			return nil, errors.New("a range has its lower bound first")
		case i == 2 && compare(terms[1].(json.Number), limit) >= 0:
			return nil, errors.New("the bottom of the range must be less than its top")
		}
		all = append(all, func(v any) bool {
			n, ok := v.(json.Number)
			return ok && holds(compare(n, limit))
		})
	}
	return func(v any) bool { return !anyOf(all, func(t test) bool { return !t(v) }) }, nil
}

func comparison(sign string) func(order int) bool {
	switch sign {
	case "=":
		return func(order int) bool { return order == 0 }
	case "<":
		return func(order int) bool { return order < 0 }
	case "<=":
		return func(order int) bool { return order <= 0 }
	case ">":
		return func(order int) bool { return order > 0 }
	case ">=":
		return func(order int) bool { return order >= 0 }
	}
	return nil
}
