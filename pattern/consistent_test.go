package pattern_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

func TestArrayConsistency(t *testing.T) {
	const ports = `{"items": [{"port": 22, "from": "10.0.0.0/8"}, {"port": 443, "from": "0.0.0.0/0"}]}`
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"fields of one element", `{"items": {"port": [443], "from": ["0.0.0.0/0"]}}`, ports, true},
		{"fields of two elements", `{"items": {"port": [22], "from": ["0.0.0.0/0"]}}`, ports, false},
		{"one field only", `{"items": {"port": [22]}}`, ports, true},
		{"plain items don't exclude one another", `{"a": ["x"], "b": ["y"]}`, `{"a": ["x", "y"], "b": ["x", "y"]}`, true},
		{"plain items beside an element", `{"a": ["x"], "a.b": ["y"]}`, `{"a": ["x", {"b": "y"}]}`, true},
		{"plain items of a list in a list", `{"a": ["x"], "a.b": ["y"]}`, `{"a": [["x"], {"b": "y"}]}`, false},
		{"two arrays don't exclude one another", `{"a": {"v": [1]}, "b": {"v": [2]}}`, `{"a": [{"v": 1}], "b": [{"v": 3}, {"v": 2}]}`, true},
		{"inner arrays of one element", `{"a": {"b": {"v": [1], "w": [2]}}}`, `{"a": [{"b": [{"v": 1}, {"v": 1, "w": 2}]}]}`, true},
		{"inner arrays of two elements", `{"a": {"b": {"v": [1]}, "c": {"w": [2]}}}`, `{"a": [{"b": [{"v": 1}]}, {"c": [{"w": 2}]}]}`, false},
		{"inner arrays side by side", `{"a": {"b": {"v": [1]}, "c": {"w": [2]}}}`, `{"a": [{"b": [{"v": 1}], "c": [{"w": 3}, {"w": 2}]}]}`, true},
		{"array of arrays", `{"a": {"v": [1], "w": [2]}}`, `{"a": [[{"v": 1}, {"w": 2}], [{"v": 1, "w": 2}]]}`, true},
		{"array of arrays, apart", `{"a": {"v": [1], "w": [2]}}`, `{"a": [[{"v": 1}], [{"w": 2}]]}`, false},
		{"a name twice: two arrays", `{"a": {"v": [1], "w": [2]}}`, `{"a": [{"v": 1}], "a": [{"w": 2}]}`, true},
		{"later element", `{"a": {"v": [1], "w": [2], "x": [3]}}`, `{"a": [{"v": 1, "w": 2}, {"v": 1, "x": 3}, {"v": 1, "w": 2, "x": 3}]}`, true},
		{"plain item after an element", `{"a": ["s"], "a.v": [1], "a.w": [2]}`, `{"a": [{"v": 1}, "s", {"v": 1, "w": 2}]}`, true},
		{"$or looks into one element", `{"a": {"v": [1], "$or": [{"w": [2]}, {"x": [3]}]}}`, `{"a": [{"v": 1}, {"w": 2, "x": 3}]}`, false},
		{"$or looks into one element, found", `{"a": {"v": [1], "$or": [{"w": [2]}, {"x": [3]}]}}`, `{"a": [{"w": 2}, {"v": 1, "x": 3}]}`, true},

		{"absent in the chosen element", `{"a": {"v": [1], "w": [{"exists": false}]}}`, `{"a": [{"v": 1}, {"v": 2, "w": 3}]}`, true},
		{"present in the chosen element", `{"a": {"v": [1], "w": [{"exists": false}]}}`, `{"a": [{"v": 1, "w": 3}, {"v": 2}]}`, false},
		{"absent in one of those that may be chosen", `{"a": {"v": [1], "w": [{"exists": false}]}}`, `{"a": [{"v": 1, "w": 3}, {"v": 1}]}`, true},
		{"absent: only fields before it choose", `{"a": {"b": [{"exists": false}], "v": [1]}}`, `{"a": [{"v": 1}, {"b": 3}]}`, false},
		{"absent: nothing chosen", `{"a": {"w": [{"exists": false}]}}`, `{"a": [{"v": 1}, {"w": 3}]}`, false},
		{"absent: a plain item is in no element", `{"a.v": [1], "a.w": [{"exists": false}]}`, `{"a": [{"v": 1}], "a.w": "x"}`, false},
		{"absent, by the branch taken", `{"a": {"w": [{"exists": false}]}, "$or": [{"a.c": [1]}, {"r": [1]}]}`, `{"r": 1, "a": [{"c": 1}, {"w": 1}]}`, true},
		{"absent, not by a branch that fails", `{"a": {"w": [{"exists": false}]}, "$or": [{"a.c": [2]}, {"r": [1]}]}`, `{"r": 1, "a": [{"c": 1}, {"w": 1}]}`, false},
		{"exists looks at leaves", `{"a": [{"exists": true}]}`, `{"a": {"b": 1}}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := verdict(t, tt.pattern, tt.event); got != tt.want {
				t.Errorf("%s on %s: got %v, want %v", tt.pattern, tt.event, got, tt.want)
			}
			if want, err := refMatch([]byte(tt.pattern), []byte(tt.event)); err != nil || want != tt.want {
				t.Errorf("the reference says %v, %v", want, err)
			}
		})
	}
}

// objects is a list of n objects made by each.
func objects(n int, each func(i int) string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = each(i)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// TestLargeArrays would take minutes if work grew with the square of the array.
func TestLargeArrays(t *testing.T) {
	const n = 20_000
	last := func(i int, yes, no string) string {
		if i == n-1 {
			return yes
		}
		return no
	}
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"only the last fits", `{"a": {"x": [1], "y": [1], "z": [1]}}`,
			`{"a": ` + objects(n, func(i int) string { return `{"x": 1, "y": 1, "z": ` + last(i, "1", "0") + `}` }) + `}`, true},
		{"none fits", `{"a": {"x": [1], "y": [1], "z": [1]}}`,
			`{"a": ` + objects(n, func(i int) string { return fmt.Sprintf(`{"x": 1, "y": %d, "z": %d}`, i%2, 1-i%2) }) + `}`, false},
		{"two arrays and nothing in a third", `{"a": {"x": [1]}, "b": {"x": [1], "y": [2]}, "c": {"x": [1], "y": [1]}}`,
			`{"a": ` + objects(n, func(int) string { return `{"x": 1}` }) +
				`, "b": ` + objects(n, func(int) string { return `{"x": 1, "y": 2}` }) +
				`, "c": [{"x": 1}, {"y": 1}]}`, false},
		{"two arrays, nothing in the second", `{"a.1": [1], "a.3": [1], "b.2": [1], "b.4": [2]}`,
			`{"a": ` + objects(n, func(int) string { return `{"1": 1, "3": 1}` }) +
				`, "b": ` + objects(n, func(int) string { return `{"2": 1, "4": 1}` }) + `}`, false},
		{"absent in the last", `{"a": {"x": [1], "y": [{"exists": false}]}}`,
			`{"a": ` + objects(n, func(i int) string { return `{"x": 1` + last(i, "", `, "y": 1`) + `}` }) + `}`, true},
		{"many plain items in each", `{"a": {"t": ["v"], "x": [1]}}`,
			`{"a": ` + objects(50, func(int) string { return `{"t": ` + objects(400, func(int) string { return `"v"` }) + `}` }) + `}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := verdict(t, tt.pattern, tt.event); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestTooComplex asks a question that has no quick answer: a name that is written many times makes each of its arrays a
// choice of its own, and there is one field more than there are arrays to find it in.
func TestTooComplex(t *testing.T) {
	const n = 25
	arrays, fields := make([]string, n), make([]string, n+1)
	for i := range arrays {
		arrays[i] = `"a": ` + objects(n+1, func(j int) string { return fmt.Sprintf(`{"f%02d": 1}`, (i+j)%(n+1)) })
	}
	for i := range fields {
		fields[i] = fmt.Sprintf(`"f%02d": [1]`, i)
	}
	m := pattern.New()
	for name, text := range map[string]string{"easy": `{"z": ["x"]}`, "hard": `{"a": {` + strings.Join(fields, ", ") + `}}`} {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m.Add(name, p)
	}
	names, err := m.Match([]byte(`{"z": "x", ` + strings.Join(arrays, ", ") + `}`))
	if len(names) != 1 || names[0] != "easy" {
		t.Errorf("matched %q, want easy", names)
	}
	if !errors.Is(err, pattern.ErrTooComplex) || !strings.Contains(err.Error(), `"hard"`) {
		t.Errorf("got %v, want that hard is too complex", err)
	}
}
