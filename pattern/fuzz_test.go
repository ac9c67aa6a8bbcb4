package pattern_test

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"riposte.dev/pattern"
)

var fuzzPatterns = []string{
	`{"source": ["aws.ec2", "10.0.0.1", 1, null, true]}`,
	`{"a": [{"prefix": "x"}, {"suffix": {"equals-ignore-case": "Y"}}], "b": {"c": [{"exists": false}]}}`,
	`{"a": {"b": [{"wildcard": "*x*\\*"}], "c": [{"anything-but": {"wildcard": ["*y", "z*"]}}]}}`,
	`{"a.b": [{"numeric": [">", -1, "<=", 3.5e2]}], "$or": [{"a": {"b": [1]}}, {"c": [{"cidr": "2001:db8::/32"}], "d": ["x"]}]}`,
	`{"$or": [{"a": {"x": [1]}}, {"a": {"y": [{"anything-but": [1, 2]}]}}], "a": {"z": [{"exists": true}]}}`,
	`{"$or": {"a": ["x"]}, "\u00e9": [""]}`,
}

var fuzzEvents = []string{
	`{"source": "aws.ec2", "a": {"b": 1, "c": [1, 2.5, "x"]}}`,
	`{"a": [{"x": 1}, {"y": 2, "z": null}, [{"b": "\u0078*"}]], "a": {"z": "10.0.0.1"}}`,
	`{"a.b": 3e1, "c": "2001:db8::1", "d": ["x"], "é": ""}`,
	`{"$or": {"a": "x"}, "z": [[[[{}]]]]}`,
}

// FuzzParse: whatever the text, Parse returns a pattern or mistakes that lie inside the text; a pattern is JSON.
func FuzzParse(f *testing.F) {
	for _, text := range fuzzPatterns {
		f.Add(text)
	}
	for _, text := range []string{`{"a": [{"numeric": ["<", 1e999]}]}`, `{"a":[`, "{\"\xff\": 1}", `{"$or": [{"prefix": []}, {}]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pattern.Parse([]byte(text))
		var mistakes pattern.SyntaxErrors
		switch {
		case err == nil && !json.Valid([]byte(text)):
			t.Fatalf("accepted what is not JSON: %q", text)
		case err == nil:
			p.Lint()
			for _, event := range fuzzEvents {
				if _, err := p.Match([]byte(event)); err != nil && !errors.Is(err, pattern.ErrTooComplex) {
					t.Fatal(err)
				}
			}
		case !errors.As(err, &mistakes) || len(mistakes) == 0:
			t.Fatalf("error of type %T", err)
		default:
			for _, m := range mistakes {
				if m.Line < 1 || m.Col < 1 || m.Col > len(text)+1 || m.Msg == "" || !utf8.ValidString(m.Error()) {
					t.Fatalf("odd mistake %+v of %q", m, text)
				}
			}
		}
	})
}

// FuzzMatch: an event is refused exactly if it is no JSON object, and the answer is the reference's.
func FuzzMatch(f *testing.F) {
	for i, text := range fuzzPatterns {
		f.Add(text, fuzzEvents[i%len(fuzzEvents)])
	}
	f.Add(`{"a": ["x"]}`, "{\"a\": \"\xff\"}")
	f.Fuzz(func(t *testing.T, text, event string) {
		if len(text) > 1000 || len(event) > 2000 {
			return // the reference is slow
		}
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			return
		}
		got, err := p.Match([]byte(event))
		if errors.Is(err, pattern.ErrTooComplex) {
			return // too complex for the reference too
		}
		if !utf8.ValidString(event) {
			return // encoding/json, which the reference reads with, replaces invalid UTF-8
		}
		want, refErr := refMatch([]byte(text), []byte(event))
		if (err == nil) != (refErr == nil) || got != want {
			t.Fatalf("got %v, %v, want %v, %v\npattern %s\nevent   %s", got, err, want, refErr, text, event)
		}
	})
}
