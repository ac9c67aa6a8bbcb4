package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiff(t *testing.T) {
	tests := []struct {
		name, before, after string
		want                []string
	}{
		{"same value, other spelling", `{"a":1,"b":2}`, `{"b":2, "a":1}`, nil},
		{"both absent", ``, ``, nil},
		{"a value", `{"logging":false,"name":"main"}`, `{"logging":true,"name":"main"}`, []string{
			`- logging: false`,
			`+ logging: true`,
			`  name: main`,
		}},
		{"created", ``, `true`, []string{`+ true`}},
		{"deleted", `{"a":1}`, ``, []string{`- a: 1`}},
		{"far lines are left out", `[0,1,2,3,4,5,6,7,8]`, `[0,1,2,3,5,6,7,8]`, []string{
			`  …`, `  1`, `  2`, `  3`, `- 4`, `  5`, `  6`, `  7`, `  …`,
		}},
		{"a list loses its last element", `{"rules":[{"port":22,"cidr":"::/0"},{"port":80,"note":"a, b"}]}`, `{"rules":[{"port":22,"cidr":"::/0"}]}`, []string{
			`  rules:`, `    {cidr: ::/0, port: 22}`, `-   {note: "a, b", port: 80}`,
		}},
		{"not JSON", "<a>\n<b>", "<a>\n<c>", []string{"  <a>", "- <b>", "+ <c>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Diff(json.RawMessage(tt.before), json.RawMessage(tt.after))
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// Whatever the texts: without the added lines the middle is the first, without the removed ones the second.
func TestDiffLeadsFromOneToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "{", ""}), 0, 12)
		a, b := lines.Draw(t, "a"), lines.Draw(t, "b")
		var before, after []string
		for _, line := range diffMiddle(a, b) {
			if line[0] != '+' {
				before = append(before, line[2:])
			}
			if line[0] != '-' {
				after = append(after, line[2:])
			}
		}
		if strings.Join(before, "\n") != strings.Join(a, "\n") || strings.Join(after, "\n") != strings.Join(b, "\n") {
			t.Fatalf("diff of %q and %q leads from %q to %q", a, b, before, after)
		}
	})
}

func TestDiffOfHugeStatesIsBounded(t *testing.T) {
	list := func(n, from int) json.RawMessage {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprint(i + from)
		}
		return json.RawMessage("[" + strings.Join(values, ",") + "]")
	}
	const n = 20_000 // the table of both would have 400 million cells
	got := Diff(list(n, 0), list(n, n))
	if want := 2 * n; len(got) != want {
		t.Errorf("%d lines, want %d", len(got), want)
	}
}
