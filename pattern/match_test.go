package pattern_test

import (
	"errors"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/pattern"
)

// verdict parses and matches, and fails the test on any error.
func verdict(t *testing.T, patternText, event string) bool {
	t.Helper()
	p, err := pattern.Parse([]byte(patternText))
	if err != nil {
		t.Fatalf("pattern %s refused: %v", patternText, err)
	}
	matched, err := p.Match([]byte(event))
	if err != nil {
		t.Fatalf("event %s refused: %v", event, err)
	}
	return matched
}

// TestAlternatives looks at each kind of alternative for one field: which values it takes and which not.
func TestAlternatives(t *testing.T) {
	tests := []struct {
		name, list, takes, refuses string // lists of JSON values, taken one by one, separated by blanks
	}{
		{"text", `["run"]`, `"run" "\u0072un"`, `"Run" "running" "" true null 1`},
		{"several", `["a", 1, true, null]`, `"a" 1 1.0 true null`, `"1" "true" "null" false 0`},
		{"many texts", `["a","b","c","d","e","f","g","h","i","j"]`, `"a" "j"`, `"k" "" 1`},
		{"empty text", `[""]`, `""`, `" " null {} []`},
		{"null", `[null]`, `null`, `"null" "" 0 false {} []`},
		{"plain list", `["x"]`, `["a","x"] [["x"]]`, `[] [{"v":"x"}] {"x":"x"}`},

		{"number", `[300]`, `300 300.0 3e2 3.0E+2 [1,300]`, `"300" 300.1 -300 3e3`},
		{"zero", `[0]`, `0 -0 0.00 0e9`, `1 "0"`},
		{"long number", `[9007199254740993]`, `9007199254740993`, `9007199254740992 9007199254740993.0`},
		{"long fraction", `[27.5000000000000000001]`, `27.5000000000000000001`, `27.5`},
		{"account", `[123456789012]`, `123456789012 1.23456789012e11`, `"123456789012"`},
		{"beyond float64", `[1e400]`, `1e400`, `1E400 10e399 1e401`},

		{"equals", `[{"numeric": ["=", 5]}]`, `5 5.0 0.5e1`, `5.1 "5" true`},
		{"below", `[{"numeric": ["<", 5]}]`, `4.9 -1e300`, `5 6 "4" 1e400 -1e400`},
		{"up to", `[{"numeric": ["<=", 5]}]`, `5 -5`, `5.000001`},
		{"above", `[{"numeric": [">", -5]}]`, `0 5e9 6e9`, `-5 -6`},
		{"from", `[{"numeric": [">=", 0.1]}]`, `0.1 1e-1 1`, `0.09 0.10000000000000000001`},
		{"range", `[{"numeric": [">", 0, "<=", 5]}]`, `0.1 5`, `0 5.1`},
		{"half open", `[{"numeric": [">=", 0, "<", 5]}]`, `0 4.99`, `5 -0.1`},

		{"prefix", `[{"prefix": "us-"}]`, `"us-" "us-east-1" ["eu","us-1"]`, `"us" "eu-us-" 1 null`},
		{"empty prefix", `[{"prefix": ""}]`, `"" "a"`, `1 true null`},
		{"suffix", `[{"suffix": ".png"}]`, `".png" "a.png"`, `"png" ".png " null`},
		{"empty suffix", `[{"suffix": ""}]`, `"" "a"`, `1 true null`},
		{"prefix, any case", `[{"prefix": {"equals-ignore-case": "Us-"}}]`, `"us-east" "US-" "uS-1"`, `"us" "-us-"`},
		{"suffix, any case", `[{"suffix": {"equals-ignore-case": ".PnG"}}]`, `"a.png" ".PNG"`, `"a.pngx" "png"`},
		{"any case", `[{"equals-ignore-case": "Alice"}]`, `"alice" "ALICE" "aLiCe"`, `"alicia" "alic" "" 1`},
		{"any case, empty", `[{"equals-ignore-case": ""}]`, `""`, `"a" null`},
		{"any case, longer in upper case", `[{"equals-ignore-case": "straße"}]`, `"STRASSE" "straße"`, `"strasse" "STRASE"`},
		{"any case, Greek", `[{"equals-ignore-case": "Σίγμα"}]`, `"σίγμα" "ΣΊΓΜΑ"`, `"ςίγμα"`},
		{"any case, pattern mapped only", `[{"equals-ignore-case": "k"}]`, `"k" "K"`, `"\u212a"`},
		{"any case, outside the first plane", `[{"equals-ignore-case": "𐐀"}]`, `"𐐀" "𐐨"`, `"𐐁" "??"`},
		{"suffix, longer in upper case", `[{"suffix": {"equals-ignore-case": "ß"}}]`, `"ß" "GROSS" "groß"`, `"gros" "grosS" "S"`},

		{"wildcard", `[{"wildcard": "a*c"}]`, `"ac" "abc" "aXXc" "acc"`, `"a" "abcd" "xabc" 1`},
		{"wildcard ends", `[{"wildcard": "*b*"}]`, `"b" "abc" "bb"`, `"" "ac"`},
		{"wildcard repeated piece", `[{"wildcard": "*ab*ab*"}]`, `"abab" "xabyabz"`, `"ab" "aab"`},
		{"wildcard overlap", `[{"wildcard": "ab*bc"}]`, `"abbc" "abxbc"`, `"abc"`},
		{"wildcard alone", `[{"wildcard": "*"}]`, `"" "any"`, `1 null`},
		{"wildcard without star", `[{"wildcard": "abc"}]`, `"abc"`, `"abcd" "ab"`},
		{"wildcard escapes", `[{"wildcard": "a\\*b\\\\*"}]`, `"a*b\\" "a*b\\x"`, `"axb\\" "a*b"`},

		{"anything but", `[{"anything-but": "a"}]`, `"b" "" 1 null true ["a","b"]`, `"a" [] {} ["a"]`},
		{"anything but a list", `[{"anything-but": ["a","b"]}]`, `"c" 5`, `"a" "b"`},
		{"anything but a number", `[{"anything-but": 5}]`, `4 "5" null 1e400`, `5 5.0`},
		{"anything but numbers", `[{"anything-but": [5, 1e1]}]`, `4 "x"`, `5 10 1.0e1`},
		{"anything but a prefix", `[{"anything-but": {"prefix": "a"}}]`, `"b" "" 1 null`, `"a" "ab"`},
		{"anything but prefixes", `[{"anything-but": {"prefix": ["a","b"]}}]`, `"c" 1`, `"ax" "bx"`},
		{"anything but suffixes", `[{"anything-but": {"suffix": ["x","y"]}}]`, `"xz" 1`, `"ax" "y"`},
		{"anything but in any case", `[{"anything-but": {"equals-ignore-case": ["Yes","no"]}}]`, `"maybe" 1`, `"YES" "No"`},
		{"anything but a wildcard", `[{"anything-but": {"wildcard": "*/bin/*"}}]`, `"/usr" 1 null`, `"/usr/bin/x"`},
		{"anything but wildcards", `[{"anything-but": {"wildcard": ["a*","*z"]}}]`, `"m"`, `"ab" "xz"`},
		{"anything but an address", `[{"anything-but": "10.0.0.1"}]`, `"10.0.0.2" "010.0.0.1"`, `"10.0.0.1"`},

		{"block", `[{"cidr": "10.0.0.0/24"}]`, `"10.0.0.0" "10.0.0.255" "010.000.0.1"`, `"10.0.1.0" "10.0.0" "10.0.0.256" "10.0.0.1/32" 10`},
		{"block, host bits set", `[{"cidr": "10.0.0.77/24"}]`, `"10.0.0.0" "10.0.0.255"`, `"10.0.1.0"`},
		{"block of all", `[{"cidr": "0.0.0.0/0"}]`, `"255.255.255.255"`, `"::" "x"`},
		{"block, IPv6", `[{"cidr": "2001:db8::/32"}]`, `"2001:db8::1" "2001:DB8:0:0::"`, `"2001:db9::" "10.0.0.1" "2001:db8::1%eth0"`},
		{"block, mapped IPv4", `[{"cidr": "10.0.0.0/8"}]`, `"::ffff:a00:1"`, `"::ffff:10.0.0.1"`},
		{"address", `["10.0.0.1"]`, `"10.0.0.1" "010.0.0.01"`, `"10.0.0.2" "10.0.0.10"`},
		{"address, IPv6", `["::1"]`, `"::1" "0:0:0:0:0:0:0:1" "0::0001"`, `"::2" "1"`},
		{"no address", `["::g"]`, `"::g"`, `"::"`},

		{"exists", `[{"exists": true}]`, `"" null 0 false [1] [[1]]`, `{} [] {"x":1} [{}]`},
		{"exists not", `[{"exists": false}]`, `{} [] {"x":1} [{}]`, `"" null 0 false [1]`},
		{"exists not, or a value", `[{"exists": false}, "x"]`, `"x" []`, `"y" null`},
		{"exactly", `[{"exactly": "10.0.0.1"}]`, `"10.0.0.1"`, `"010.0.0.1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, want := range []bool{true, false} {
				values := tt.takes
				if !want {
					values = tt.refuses
				}
				for _, value := range splitValues(values) {
					if got := verdict(t, `{"f": `+tt.list+`}`, `{"f": `+value+`}`); got != want {
						t.Errorf("%s on %s: got %v, want %v", tt.list, value, got, want)
					}
				}
			}
		})
	}
}

// splitValues splits at blanks outside strings.
func splitValues(text string) []string {
	var values []string
	inside, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"' && (i == 0 || text[i-1] != '\\' || strings.HasSuffix(text[:i], `\\`)):
			inside = !inside
		case text[i] == ' ' && !inside:
			values = append(values, text[start:i])
			start = i + 1
		}
	}
	return append(values, text[start:])
}

func TestFields(t *testing.T) {
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"all fields must match", `{"a": ["x"], "b": ["y"]}`, `{"a": "x", "b": "z"}`, false},
		{"other fields don't matter", `{"a": ["x"]}`, `{"z": {"a": "y"}, "a": "x"}`, true},
		{"nested", `{"d": {"a": {"b": ["x"]}}}`, `{"d": {"a": {"b": "x"}}}`, true},
		{"wrong place", `{"d": {"a": ["x"]}}`, `{"a": "x"}`, false},
		{"dots in the pattern", `{"d.a.b": ["x"]}`, `{"d": {"a": {"b": "x"}}}`, true},
		{"dots in the event", `{"d": {"a": {"b": ["x"]}}}`, `{"d": {"a.b": "x"}}`, true},
		{"dots in both, elsewhere", `{"d.a": {"b": ["x"]}}`, `{"d": {"a.b": "x"}}`, true},
		{"dots: no field", `{"d.a": ["x"]}`, `{"d.a.b": "x", "d": "x"}`, false},
		{"empty names", `{"": {"": ["x"]}}`, `{"": {"": "x"}}`, true},
		{"empty names and dots", `{".": ["x"]}`, `{"": {"": "x"}}`, true},
		{"an empty name is not the root", `{"": ["x"]}`, `{"a": "x"}`, false},
		{"escaped names", `{"\u0061": ["x"]}`, `{"a": "x"}`, true},
		{"escaped names in the event", `{"a": ["x"]}`, `{"\u0061": "x"}`, true},
		{"a name twice in the event: any value", `{"a": ["x"]}`, `{"a": "x", "a": "y"}`, true},
		{"a name twice in the event, as value and object", `{"a": ["x"], "a": {"b": ["y"]}}`, `{"a": "x", "a": {"b": "y"}}`, true},
		{"a name twice in the pattern: the last", `{"a": ["x"], "a": ["y"]}`, `{"a": "x"}`, false},
		{"a name twice in the pattern: the last matches", `{"a": ["x"], "a": ["y"]}`, `{"a": "y"}`, true},
		{"the same field by dots: the last", `{"a": {"b": ["x"]}, "a.b": ["y"]}`, `{"a": {"b": "x"}}`, false},
		{"invalid UTF-8 is compared by bytes", `{"a": [{"prefix": "x"}]}`, "{\"a\": \"x\xff\"}", true},
		{"a lone surrogate reads as U+FFFD", `{"a": ["\ufffd"]}`, `{"a": "\ud800"}`, true},
		{"a surrogate pair", `{"a": ["😀"]}`, `{"a": "\ud83d\ude00"}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := verdict(t, tt.pattern, tt.event); got != tt.want {
				t.Errorf("%s on %s: got %v, want %v", tt.pattern, tt.event, got, tt.want)
			}
		})
	}
}

func TestBadEvents(t *testing.T) {
	p, err := pattern.Parse([]byte(`{"a": {"b": ["x"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	tests := []struct {
		name, event, says string
	}{
		{"nothing", ``, "line 1, col 1"},
		{"white space", "\n ", "line 2, col 2"},
		{"no object", `["x"]`, "brace"},
		{"cut off", `{"a": {"b": "x"`, "ends where a comma or a closing brace"},
		{"cut off in a string", `{"a": "x`, "closing quote"},
		{"more than one", `{} {}`, "more text"},
		{"trailing comma", `{"a": 1,}`, "name in double quotes"},
		{"trailing comma in a list", `{"a": [1,]}`, "a value"},
		{"no colon", `{"a" 1}`, "colon"},
		{"single quotes", `{'a': 1}`, "name in double quotes"},
		{"leading zero", `{"z": 01}`, "comma or a closing brace"},
		{"no digits", `{"z": -}`, "a digit"},
		{"no fraction", `{"z": 1.}`, "decimal point"},
		{"no exponent", `{"z": 1e+}`, "exponent"},
		{"word", `{"z": nul}`, "a value"},
		{"not a number", `{"z": NaN}`, "a value"},
		{"control character", "{\"z\": \"\n\"}", "control character"},
		{"bad escape", `{"z": "\x"}`, "escape"},
		{"bad unicode escape", `{"z": "\u12g4"}`, "escape"},
		{"control character after an escape", "{\"z\": \"\\n\x01\"}", "control character"},
		{"cut off after an escape", `{"z": "\n`, "closing quote"},
		{"too deep where no field lies", strings.ReplaceAll(deep, `"a"`, `"z"`), "deeper"},
		{"too deep where fields lie", deep, "deeper"},
		{"lists too deep", `{"a": ` + strings.Repeat("[", 10_000), "deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			matched, err := p.Match([]byte(tt.event))
			if matched || fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, %v; want an invalid event that says %q", matched, err, tt.says)
			}
		})
	}
}

func TestLargeEvents(t *testing.T) {
	p, err := pattern.Parse([]byte(`{"a": ["x"]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("over the limit", func(t *testing.T) {
		if _, err := p.Match(make([]byte, pattern.MaxEventBytes+1)); fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("got %v, want too large", err)
		}
	})
	for name, event := range map[string]string{
		"a string of 5 MB":         `{"z": "` + strings.Repeat("y", 5<<20) + `", "a": "x"}`,
		"a string of 5 MB escapes": `{"z": "` + strings.Repeat(`\n`, 5<<19) + `", "a": "x"}`,
		"a number of 10,000":       `{"a": ` + strings.Repeat("9", 10_000) + `, "a": "x"}`,
		"100,000 values":           `{"a": [` + strings.Repeat(`"y",`, 100_000) + `"x"]}`,
		"as deep as allowed":       strings.Repeat(`{"z":`, 999) + "1" + strings.Repeat("}", 998) + `,"a":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // working memory is used again
				if matched, err := p.Match([]byte(event)); !matched || err != nil {
					t.Errorf("got %v, %v, want a match", matched, err)
				}
			}
		})
	}
}

func TestFromValue(t *testing.T) {
	p, err := pattern.FromValue(map[string]any{
		"name": []any{"outer"},
		"n":    []any{map[string]any{"numeric": []any{"<", 5}}},
		"$or": []any{
			map[string]any{"name": []any{"inner"}},
			map[string]any{"kind": []any{"<b>", true, nil, 1.5, uint64(7)}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]bool{
		`{"n": 1, "name": "inner"}`:                true, // the branch replaces the outer field
		`{"n": 1, "name": "outer"}`:                false,
		`{"n": 1, "name": "outer", "kind": "<b>"}`: true,
		`{"n": 5, "name": "inner"}`:                false,
	} {
		if got, err := p.Match([]byte(event)); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", event, got, err, want)
		}
	}
	loop := map[string]any{}
	loop["a"] = loop
	for name, bad := range map[string]any{"a function": map[string]any{"a": []any{func() {}}}, "a cycle": loop, "a list": []any{"x"}} {
		var mistake *pattern.SyntaxError
		if _, err := pattern.FromValue(bad); !errors.As(err, &mistake) {
			t.Errorf("%s: got %v, want a syntax error", name, err)
		}
	}
}
