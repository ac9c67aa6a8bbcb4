package pattern_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

func TestOr(t *testing.T) {
	tests := []struct {
		name, pattern string
		matches       []string
		refuses       []string
	}{
		{"one branch is enough", `{"$or": [{"a": ["x"]}, {"b": ["y"]}]}`,
			[]string{`{"a": "x"}`, `{"b": "y"}`, `{"a": "x", "b": "z"}`}, []string{`{}`, `{"a": "y", "b": "x"}`}},
		{"and the rest", `{"s": ["1"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}`,
			[]string{`{"s": "1", "b": "y"}`}, []string{`{"s": "1"}`, `{"b": "y"}`}},
		{"a branch is an and", `{"$or": [{"a": ["x"], "b": ["y"]}, {"c": ["z"]}]}`,
			[]string{`{"a": "x", "b": "y"}`, `{"c": "z"}`}, []string{`{"a": "x"}`, `{"b": "y"}`}},
		{"inside a field", `{"d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}}`,
			[]string{`{"d": {"b": "y"}}`}, []string{`{"b": "y"}`}},
		{"nested", `{"$or": [{"a": ["x"]}, {"b": ["y"], "$or": [{"c": ["z"]}, {"d": ["z"]}]}]}`,
			[]string{`{"a": "x"}`, `{"b": "y", "d": "z"}`}, []string{`{"b": "y"}`, `{"d": "z"}`}},
		{"two side by side", `{"$or": [{"a": ["x"]}, {"b": ["y"]}], "e": {"$or": [{"c": ["z"]}, {"d": ["z"]}]}}`,
			[]string{`{"a": "x", "e": {"c": "z"}}`, `{"b": "y", "e": {"d": "z"}}`}, []string{`{"a": "x"}`, `{"e": {"c": "z"}}`}},

		{"a branch replaces an outer field", `{"n": ["a", "b"], "$or": [{"n": [{"anything-but": "a"}]}, {"c": ["x"]}]}`,
			[]string{`{"n": "c"}`, `{"n": "a", "c": "x"}`}, []string{`{"n": "a"}`, `{"n": "a", "c": "y"}`}},
		{"an outer field after it replaces the branch's", `{"$or": [{"n": ["x"]}, {"c": ["y"]}], "n": ["a"]}`,
			[]string{`{"n": "a"}`, `{"n": "a", "c": "z"}`}, []string{`{"n": "x"}`}},
		{"an inner branch replaces an outer one", `{"$or": [{"n": ["x"], "$or": [{"n": ["y"]}, {"m": ["z"]}]}, {"c": ["1"]}]}`,
			[]string{`{"n": "y"}`, `{"n": "x", "m": "z"}`, `{"c": "1"}`}, []string{`{"n": "x"}`, `{"m": "z"}`}},
		{"a later $or replaces an earlier one's field", `{"$or": [{"n": ["x"]}, {"m": ["y"]}], "$or": [{"n": ["z"]}, {"k": ["w"]}]}`,
			[]string{`{"n": "z"}`, `{"n": "x", "k": "w"}`, `{"m": "y", "k": "w"}`}, []string{`{"n": "x"}`, `{"k": "w"}`, `{"m": "y"}`}},
		{"dots and nesting name one field", `{"d": {"n": ["x"]}, "$or": [{"d.n": ["y"]}, {"c": ["z"]}]}`,
			[]string{`{"d": {"n": "y"}}`, `{"d": {"n": "x"}, "c": "z"}`}, []string{`{"d": {"n": "x"}}`}},

		{"an object is a field of that name", `{"$or": {"a": ["x"]}}`, []string{`{"$or": {"a": "x"}}`}, []string{`{"a": "x"}`}},
		{"plain values are a field of that name", `{"$or": ["x", 5]}`, []string{`{"$or": "x"}`, `{"$or": [5]}`}, []string{`{"$or": "y"}`}},
		{"match expressions are a field of that name", `{"$or": [{"prefix": "x"}, {"numeric": ["=", 5]}]}`,
			[]string{`{"$or": "xy"}`, `{"$or": 5}`}, []string{`{"prefix": "x"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, event := range tt.matches {
				if !verdict(t, tt.pattern, event) {
					t.Errorf("%s does not match %s", event, tt.pattern)
				}
			}
			for _, event := range tt.refuses {
				if verdict(t, tt.pattern, event) {
					t.Errorf("%s matches %s", event, tt.pattern)
				}
			}
		})
	}
}

// orChain is a pattern of n $or inside one another's neighbours, each with branches f<i>_0 to f<i>_<width-1>.
func orChain(n, width int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"$or": [`)
		for j := range width {
			if j > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, `{"d": {"f%d_%d": ["x"]}}`, i, j)
		}
		b.WriteString("]")
	}
	return b.String() + "}"
}

// TestIndependentOrsAreNotMultipliedOut would not end if 4^500 combinations were.
func TestIndependentOrsAreNotMultipliedOut(t *testing.T) {
	p, err := pattern.Parse([]byte(orChain(500, 4)))
	if err != nil {
		t.Fatal(err)
	}
	var plain, spread, both []string
	for i := range 500 {
		both = append(both, fmt.Sprintf(`"f%d_0": "x", "f%d_1": "x"`, i, i))
		plain = append(plain, fmt.Sprintf(`"f%d_%d": "x"`, i, i%4))
		spread = append(spread, fmt.Sprintf(`"f%d_0": "y", "f%d_3": "x"`, i, i))
	}
	for event, want := range map[string]bool{
		`{"d": {` + strings.Join(plain, ",") + `}}`:                                     true,
		`{"d": {` + strings.Join(plain[1:], ",") + `}}`:                                 false,
		`{"d": [{"k": 1}, {` + strings.Join(spread, ",") + `}]}`:                        true,  // all in one element
		`{"d": [{"f0_0": "x"}, {` + strings.Join(plain[1:], ",") + `}]}`:                false, // in two
		`{"d": [{"f499_0": "x"}, {` + strings.Join(both[:499], ",") + `}]}`:             false, // after 2^499 ways to go on
		`{"d": [{"f0_0": "x"}], "d": [[{` + strings.Join(plain[1:], ",") + `}]]}`:       true,  // in two arrays
		`{"d": [{` + strings.Join(plain[:250], ",") + `}], "d.f499_0": "x", "d": [{}]}`: false,
	} {
		if got, err := p.Match([]byte(event)); err != nil || got != want {
			t.Errorf("%.60s…: got %v, %v, want %v", event, got, err, want)
		}
	}
}

// TestEntangledOrs: each $or may replace a field of each other one, so the combinations really differ.
func TestEntangledOrs(t *testing.T) {
	entangled := func(n int) string {
		var ors []string
		for i := range n {
			ors = append(ors, fmt.Sprintf(`"$or": [{"n": ["v%d"]}, {"m%d": ["x"]}]`, i, i))
		}
		return "{" + strings.Join(ors, ", ") + "}"
	}
	p, err := pattern.Parse([]byte(entangled(8)))
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]bool{
		`{"n": "v7"}`:            true, // the last replaces all others
		`{"n": "v6"}`:            false,
		`{"n": "v6", "m7": "x"}`: true,
		`{"m0": "x", "m1": "x", "m2": "x", "m3": "x", "m4": "x", "m5": "x", "m6": "x", "m7": "x"}`: true,
	} {
		if got, err := p.Match([]byte(event)); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", event, got, err, want)
		}
	}
	var mistake *pattern.SyntaxError
	if _, err := pattern.Parse([]byte(entangled(40))); !errors.As(err, &mistake) {
		t.Errorf("2^40 combinations: got %v, want a syntax error", err)
	}
}
