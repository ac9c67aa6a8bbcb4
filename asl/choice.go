package asl

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// rule is a choice rule (https://states-language.net/#choice-state): a comparison, or a combination of rules.
type rule struct {
	next    string // of a top-level rule
	assign  *template
	produce *template // Output

	condition *template // Condition; in JSONata a rule has nothing else

	combine string // And, Or, Not; "" for a comparison
	inner   []*rule

	variable *Path
	operator operator
	operand  any   // string, json.Number, bool or time.Time
	path     *Path // where the operand is, for the operators that end in Path
}

// operator compares a variable with an operand. Values of other types than its own do not match.
type operator struct {
	family string // String, Numeric, Timestamp, Boolean, StringMatches, or Is
	test   string // of Is: Null, Present, …; of the others how they compare: Equals, LessThan, …
}

// operators is every comparison of the language by its name. Every field of every state is looked up in it.
var operators = sync.OnceValue(func() map[string]operator {
	known := map[string]operator{"StringMatches": {"StringMatches", ""}}
	add := func(family, test string) {
		known[family+test] = operator{family, test}
		known[family+test+"Path"] = operator{family, test}
	}
	for _, family := range []string{"String", "Numeric", "Timestamp"} {
		for _, test := range []string{"Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"} {
			add(family, test)
		}
	}
	add("Boolean", "Equals")
	for _, test := range []string{"Null", "Present", "Numeric", "String", "Boolean", "Timestamp"} {
		known["Is"+test] = operator{"Is", test}
	}
	return known
})

// timestamp reads a time in the language's profile of RFC 3339 (https://states-language.net/#timestamps).
func timestamp(v any) (time.Time, bool) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

// holds evaluates the rule. It fails where its variable or operand is not there (but for IsPresent).
func (r *rule) holds(c *scope) (bool, error) {
	if r.condition != nil {
		return r.condition.holds(c)
	}
	switch r.combine {
	case "And", "Or":
		for _, inner := range r.inner {
			holds, err := inner.holds(c)
			if err != nil || holds == (r.combine == "Or") {
				return holds, err
			}
		}
		return r.combine == "And", nil
	case "Not":
		holds, err := r.inner[0].holds(c)
		return !holds, err
	}
	value, err := r.variable.find(c)
	if r.operator == (operator{"Is", "Present"}) {
		return (err == nil) == (r.operand == true), nil
	}
	if err != nil {
		return false, &invalidVariable{r.variable}
	}
	operand := r.operand
	if r.path != nil {
		if operand, err = r.path.find(c); err != nil {
			return false, &invalidVariable{r.path}
		}
	}
	return r.operator.compare(value, operand), nil
}

// invalidVariable says in AWS's words that a rule's path leads nowhere.
type invalidVariable struct{ path *Path }

func (e *invalidVariable) Error() string {
	return "Invalid path '" + e.path.text + "': The choice state's condition path references an invalid value."
}

func (o operator) compare(value, operand any) bool {
	var order int
	switch o.family {
	case "Is":
		return isOf(o.test, value) == (operand == true)
	case "StringMatches":
		text, ok := value.(string)
		pattern, okPattern := operand.(string)
		return ok && okPattern && matchWildcard(pattern, text)
	case "Boolean":
		b, ok := value.(bool)
		return ok && operand == b
	case "String":
		a, ok := value.(string)
		b, okOperand := operand.(string)
		if !ok || !okOperand {
			return false
		}
		order = strings.Compare(a, b)
	case "Numeric":
		_, ok := value.(json.Number)
		_, okOperand := operand.(json.Number)
		if !ok || !okOperand {
			return false
		}
		order, _ = compare(value, operand)
	case "Timestamp":
		a, ok := timestamp(value)
		b, okOperand := operand.(time.Time)
		if !okOperand {
			b, okOperand = timestamp(operand)
		}
		if !ok || !okOperand {
			return false
		}
		order = a.Compare(b)
	}
	switch o.test {
	case "Equals":
		return order == 0
	case "LessThan":
		return order < 0
	case "GreaterThan":
		return order > 0
	case "LessThanEquals":
		return order <= 0
	default:
		return order >= 0
	}
}

func isOf(test string, v any) bool {
	var ok bool
	switch test {
	case "Null":
		ok = v == nil
	case "Numeric":
		_, ok = v.(json.Number)
	case "String":
		_, ok = v.(string)
	case "Boolean":
		_, ok = v.(bool)
	case "Timestamp":
		_, ok = timestamp(v)
	}
	return ok
}

// matchWildcard matches * in the pattern with any text; \* is a star and \\ a backslash. It takes linear memory and
// at most len(pattern)·len(text) steps.
func matchWildcard(pattern, text string) bool {
	type token struct {
		char byte
		star bool
	}
	var tokens []token
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			tokens = append(tokens, token{char: pattern[i]})
		default:
			tokens = append(tokens, token{char: pattern[i], star: pattern[i] == '*'})
		}
	}
	star, mark := -1, 0
	i := 0
	for j := 0; j < len(text); {
		switch {
		case i < len(tokens) && tokens[i].star:
			star, mark = i, j
			i++
		case i < len(tokens) && tokens[i].char == text[j]:
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(tokens) && tokens[i].star {
		i++
	}
	return i == len(tokens)
}
