package pattern_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	var combinations strings.Builder
	for i := range 10 {
		fmt.Fprintf(&combinations, `"$or": [{"detail": {"a%d": [1]}}, {"detail": {"b%d": [1]}}], `, i, i)
	}
	tests := []struct {
		name, pattern string
		want          []string // line:col path says
	}{
		{"nothing odd", `{"source": ["aws.s3"], "resources": ["arn"], "detail": {"a": [1, {"wildcard": "a*"}, {"anything-but": ["x"]}]}}`, nil},
		{"star in a string", `{"detail": {"a": ["x*"]}}`, []string{`1:19 $.detail.a[0] "x*"`}},
		{"star in a prefix", `{"detail": {"a": [{"prefix": "x*"}, {"suffix": {"equals-ignore-case": "*"}}]}}`,
			[]string{`1:30 $.detail.a[0].prefix star`, `1:71 $.detail.a[1].suffix['equals-ignore-case'] star`}},
		{"star inside anything-but", `{"detail": {"a": [{"anything-but": ["x", "y*"]}]}}`, []string{`1:42 $.detail.a[0]['anything-but'][1] star`}},
		{"two anything-but", `{"detail": {"a": [{"anything-but": "x"}, {"anything-but": "y"}]}}`, []string{`1:18 $.detail.a everything`}},
		{"field outside detail", "{\"source\": [\"s\"],\n \"eventName\": [\"x\"]}", []string{`2:2 $.eventName "eventName"`}},
		{"field by dots", `{"detail.eventName": ["x"], "detail.x": {"y": [1]}}`, nil},
		{"number in an envelope field", `{"account": [111122223333]}`, []string{`1:14 $.account "111122223333"`}},
		{"far number", `{"detail": {"a": [{"numeric": ["<", 6e9]}, {"anything-but": -6e9}, 6e9]}}`,
			[]string{`1:37 $.detail.a[0].numeric[1] 5.0e9`, `1:61 $.detail.a[1]['anything-but'] 5.0e9`}},
		{"exactly", `{"detail": {"a": [{"exactly": "x"}]}}`, []string{`1:20 $.detail.a[0].exactly document`}},
		{"replaced", `{"detail": {"a": ["x"], "a": ["y"]}}`, []string{`1:18 $.detail.a later list`}},
		{"replaced in all branches", `{"detail": {"$or": [{"a": ["x"]}, {"b": ["y"]}], "a": ["z"]}}`, []string{`1:27 $.detail.$or[0].a later list`}},
		{"replaced in some branches only", `{"detail": {"a": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}}`, nil},
		{"value and field inside", `{"detail": {"a": [{"exists": true}]}, "detail.a": {"b": {"c": [1]}}}`, []string{`1:63 $['detail.a'].b.c "detail.a"`}},
		{"$or as a name", `{"detail": {"$or": ["x"]}}`, []string{`1:13 $.detail.$or name of a field`}},
		{"long", `{"detail": {"a": ["` + strings.Repeat("é", 2048) + `"]}}`, []string{`1:1 $ 2071 characters`}},
		{"combinations", `{` + combinations.String() + `"source": ["s"]}`, []string{`1:1 $ 1000 combinations`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.pattern).Lint()
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %q", got, tt.want)
			}
			for i, w := range got {
				at, says, _ := strings.Cut(tt.want[i], " $")
				path, says, _ := strings.Cut("$"+says, " ")
				if fmt.Sprintf("%d:%d", w.Line, w.Col) != at || !strings.Contains(w.String(), path+": ") || !strings.Contains(w.String(), says) {
					t.Errorf("got %q, want it at %s %s to say %q", w, at, path, says)
				}
			}
		})
	}
}
