package pattern_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/pattern"
)

// TestMistakes has one mistake each: where it is, and that the message says what and what to write instead.
func TestMistakes(t *testing.T) {
	tests := []struct {
		pattern, at, says string
	}{
		{``, "1:1 $", "empty"},
		{`["x"]`, "1:1 $", "JSON object"},
		{`{"a": ["x"]`, "1:12 $", "ends where"},
		{`{"a": ["x",]}`, "1:12 $", "a value"},
		{"{\n  \"é\": [\"x\"] \"b\"\n}", "2:14 $", "comma"},
		{`{"a": ["x"]} x`, "1:14 $", "more text"},
		{"{\"a\": [\"\xff\"]}", "1:9 $", "UTF-8"},
		{strings.Repeat(`{"a":`, 1001), "1:5001 $", "deeper"},

		{`{}`, "1:1 $", "says nothing"},
		{`{"a": {}}`, "1:7 $.a", "says nothing"},
		{`{"a": []}`, "1:7 $.a", "matches nothing"},
		{`{"a": "x"}`, "1:7 $.a", `write "a": ["x"]`},
		{`{"a": 5}`, "1:7 $.a", `write "a": [5]`},
		{`{"detail-type": [["x"]]}`, "1:18 $['detail-type'][0]", "found an array"},
		{`{"it's": 1}`, `1:10 $['it\'s']`, "in a list"},

		{`{"a": [{}]}`, "1:8 $.a[0]", "no match expression"},
		{`{"a": [1, {"regex": "x"}]}`, "1:12 $.a[1].regex", "no match expression"},
		{`{"a": [{"prefix": "x", "suffix": "y"}]}`, "1:24 $.a[0]", "one key"},
		{`{"a": [{"prefix": "x", "prefix": "y"}]}`, "1:24 $.a[0]", "one key"},
		{`{"a": [{"prefix": 5}]}`, "1:19 $.a[0].prefix", "found the number 5"},
		{`{"a": [{"prefix": ["x"]}]}`, "1:19 $.a[0].prefix", "found an array"},
		{`{"a": [{"suffix": {"wildcard": "x"}}]}`, "1:19 $.a[0].suffix", "equals-ignore-case"},
		{`{"a": [{"suffix": {"equals-ignore-case": ["x"]}}]}`, "1:19 $.a[0].suffix", "equals-ignore-case"},
		{`{"a": [{"equals-ignore-case": null}]}`, "1:31 $.a[0]['equals-ignore-case']", "found null"},
		{`{"a": [{"exactly": 33}]}`, "1:20 $.a[0].exactly", "takes a string"},
		{`{"a": [{"wildcard": {}}]}`, "1:21 $.a[0].wildcard", "found an empty object"},
		{`{"a": [{"wildcard": "a**b"}]}`, "1:21 $.a[0].wildcard", "two * in a row"},
		{`{"a": [{"wildcard": "a\\b"}]}`, "1:21 $.a[0].wildcard", "backslash"},
		{`{"a": [{"wildcard": "a\\"}]}`, "1:21 $.a[0].wildcard", "backslash"},
		{`{"a": [{"exists": "yes"}]}`, "1:19 $.a[0].exists", "true or false"},

		{`{"a": [{"cidr": 10}]}`, "1:17 $.a[0].cidr", "takes a string"},
		{`{"a": [{"cidr": "10.0.0.0"}]}`, "1:17 $.a[0].cidr", "not a CIDR block"},
		{`{"a": [{"cidr": "10.0.0.0/8/8"}]}`, "1:17 $.a[0].cidr", "not a CIDR block"},
		{`{"a": [{"cidr": "10.0.0/8"}]}`, "1:17 $.a[0].cidr", "not an IP address"},
		{`{"a": [{"cidr": "10.0.0.0.0/8"}]}`, "1:17 $.a[0].cidr", "not an IP address"},
		{`{"a": [{"cidr": "10.0.0.256/8"}]}`, "1:17 $.a[0].cidr", "not an IP address"},
		{`{"a": [{"cidr": "2001:db8::1%eth0/64"}]}`, "1:17 $.a[0].cidr", "not an IP address"},
		{`{"a": [{"cidr": "10.0.0.0/x"}]}`, "1:17 $.a[0].cidr", "mask bits"},
		{`{"a": [{"cidr": "10.0.0.0/32"}]}`, "1:17 $.a[0].cidr", "a single address is written as a plain string"},
		{`{"a": [{"cidr": "2001:db8::/128"}]}`, "1:17 $.a[0].cidr", "at most 127"},

		{`{"a": [{"numeric": 5}]}`, "1:20 $.a[0].numeric", "takes a list"},
		{`{"a": [{"numeric": []}]}`, "1:20 $.a[0].numeric", "found an empty array"},
		{`{"a": [{"numeric": ["="]}]}`, "1:20 $.a[0].numeric", "each with a number"},
		{`{"a": [{"numeric": [5, "="]}]}`, "1:21 $.a[0].numeric", "wants an operator"},
		{`{"a": [{"numeric": ["=", "5"]}]}`, "1:26 $.a[0].numeric[1]", "wants a number"},
		{`{"a": [{"numeric": ["==", 5]}]}`, "1:21 $.a[0].numeric", "can't stand here"},
		{`{"a": [{"numeric": ["=", 1e400]}]}`, "1:26 $.a[0].numeric[1]", "64-bit float"},
		{`{"a": [{"numeric": ["=", 0.10000000000000000001]}]}`, "1:26 $.a[0].numeric[1]", "64-bit float"},
		{`{"a": [{"numeric": ["<", 5, ">", 0]}]}`, "1:21 $.a[0].numeric", "can't stand here"},
		{`{"a": [{"numeric": [">", 5, "=", 9]}]}`, "1:29 $.a[0].numeric", "can't stand here"},
		{`{"a": [{"numeric": [">", 5, "<", 5]}]}`, "1:20 $.a[0].numeric", "range from 5 to 5 is empty"},
		{`{"a": [{"numeric": [">=", 5, "<=", 5]}]}`, "1:20 $.a[0].numeric", "is empty"},
		{`{"a": [{"numeric": [">", 1, "<", 3, "<", 2]}]}`, "1:20 $.a[0].numeric", "one or two"},

		{`{"a": [{"anything-but": null}]}`, "1:25 $.a[0]['anything-but']", "found null"},
		{`{"a": [{"anything-but": []}]}`, "1:25 $.a[0]['anything-but']", "excludes nothing"},
		{`{"a": [{"anything-but": ["x", 5]}]}`, "1:31 $.a[0]['anything-but'][1]", "mixes"},
		{`{"a": [{"anything-but": ["x", true]}]}`, "1:31 $.a[0]['anything-but'][1]", "found true"},
		{`{"a": [{"anything-but": 1e400}]}`, "1:25 $.a[0]['anything-but']", "64-bit float"},
		{`{"a": [{"anything-but": {}}]}`, "1:25 $.a[0]['anything-but']", "one key"},
		{`{"a": [{"anything-but": {"numeric": ["=", 5]}}]}`, "1:26 $.a[0]['anything-but']", "can't be combined"},
		{`{"a": [{"anything-but": {"prefix": ""}}]}`, "1:36 $.a[0]['anything-but'].prefix", "every string"},
		{`{"a": [{"anything-but": {"suffix": ["x", ""]}}]}`, "1:42 $.a[0]['anything-but'].suffix[1]", "every string"},
		{`{"a": [{"anything-but": {"prefix": []}}]}`, "1:36 $.a[0]['anything-but'].prefix", "excludes nothing"},
		{`{"a": [{"anything-but": {"wildcard": ["x", 5]}}]}`, "1:44 $.a[0]['anything-but'].wildcard[1]", "takes strings"},
		{`{"a": [{"anything-but": {"wildcard": "**"}}]}`, "1:38 $.a[0]['anything-but'].wildcard", "two *"},

		{`{"$or": []}`, "1:9 $.$or", "at least two"},
		{`{"$or": [{"a": ["x"]}]}`, "1:9 $.$or", "at least two"},
		{`{"$or": [{"a": ["x"]}, "b"]}`, "1:24 $.$or[1]", "takes objects"},
		{`{"$or": [{"a": ["x"]}, {}]}`, "1:24 $.$or[1]", "says nothing"},
		{`{"$or": [{"a": ["x"]}, {"prefix": ["y"]}]}`, "1:25 $.$or[1].prefix", "inside $or"},
		{`{"$or": [{"a": ["x"]}, {"b": {"numeric": ["y"]}}]}`, "1:31 $.$or[1].b.numeric", "inside $or"},
		{`{"$or": "x"}`, "1:9 $.$or", "in a list"},
		{`{"a": {"$or": ["x"]}, "$or": [{"a": ["x"]}, {"b": ["y"]}]}`, "1:8 $.a.$or", "alternatives elsewhere"},
		{`{` + strings.Repeat(`"$or":[{"a":[1]},{"b":[1]}],`, 1001) + `"c":[1]}`, "1:28008 $.$or", "more than 1000 $or"},
	}
	for _, tt := range tests {
		t.Run(clip(tt.pattern), func(t *testing.T) {
			p, err := pattern.Parse([]byte(tt.pattern))
			var all pattern.SyntaxErrors
			if p != nil || !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("got %v, %v, want one mistake", p, err)
			}
			e := all[0]
			if at := fmt.Sprintf("%d:%d %s", e.Line, e.Col, e.JSONPath()); at != tt.at {
				t.Errorf("mistake at %s, want %s", at, tt.at)
			}
			if !strings.Contains(e.Error(), tt.says) || e.Fix == "" {
				t.Errorf("message %q, want %q and what to write instead", e.Error(), tt.says)
			}
			if fault.CodeOf(fmt.Errorf("rule: %w", err)) != fault.Invalid {
				t.Error("the fault code is not invalid")
			}
		})
	}
}

func clip(text string) string { return text[:min(len(text), 60)] }

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := pattern.Parse([]byte(`{
  "source": "aws.ec2",
  "detail": {
    "state": [{"prefix": 5}, {"cidr": "x"}],
    "$or": [{"exist": true}, 7]
  }
}`))
	var all pattern.SyntaxErrors
	if !errors.As(err, &all) {
		t.Fatalf("got %v", err)
	}
	var at []string
	for _, e := range all {
		at = append(at, fmt.Sprintf("%d %s", e.Line, e.JSONPath()))
	}
	want := []string{"2 $.source", "4 $.detail.state[0].prefix", "4 $.detail.state[1].cidr",
		"5 $.detail.$or[0].exist", "5 $.detail.$or[1]"}
	if !slices.Equal(at, want) {
		t.Errorf("mistakes at %q, want %q", at, want)
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != len(want) {
		t.Errorf("the text has %d lines, want one a mistake:\n%v", lines, err)
	}
	var first *pattern.SyntaxError
	if !errors.As(err, &first) || first != all[0] {
		t.Error("errors.As does not find the first mistake")
	}
	if got := all[1].Path; !slices.Equal(got, []string{"detail", "state", "0", "prefix"}) {
		t.Errorf("path %q", got)
	}
}

func TestLongTextIsClippedInMessages(t *testing.T) {
	_, err := pattern.Parse([]byte(`{"a": [{"cidr": "` + strings.Repeat("é", 10_000) + `"}]}`))
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("message of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestPatternSizeLimit(t *testing.T) {
	for _, over := range []int{0, 1} {
		text := `{"a": ["` + strings.Repeat("x", pattern.MaxPatternBytes-len(`{"a": [""]}`)+over) + `"]}`
		if _, err := pattern.Parse([]byte(text)); (err != nil) != (over > 0) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}
