package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOperators(t *testing.T) {
	const input = `{"s":"b","n":2,"b":true,"z":null,"t":"2026-01-02T03:04:05Z","later":"2026-01-02T05:04:05+01:00","list":[1],"other":"b","two":2.0,"star":"a*b"}`
	for rule, want := range map[string]bool{
		`{"Variable":"$.s","StringEquals":"b"}`:                                                           true,
		`{"Variable":"$.s","StringLessThan":"c"}`:                                                         true,
		`{"Variable":"$.s","StringGreaterThan":"b"}`:                                                      false,
		`{"Variable":"$.s","StringGreaterThanEquals":"b"}`:                                                true,
		`{"Variable":"$.s","StringLessThanEqualsPath":"$.other"}`:                                         true,
		`{"Variable":"$.n","StringEquals":"2"}`:                                                           false,
		`{"Variable":"$.n","NumericEquals":2.0}`:                                                          true,
		`{"Variable":"$.n","NumericLessThan":2}`:                                                          false,
		`{"Variable":"$.n","NumericGreaterThanEqualsPath":"$.two"}`:                                       true,
		`{"Variable":"$.s","NumericLessThan":5}`:                                                          false,
		`{"Variable":"$.b","BooleanEquals":true}`:                                                         true,
		`{"Variable":"$.n","BooleanEqualsPath":"$.b"}`:                                                    false,
		`{"Variable":"$.t","TimestampEquals":"2026-01-02T03:04:05.000Z"}`:                                 true,
		`{"Variable":"$.t","TimestampLessThanPath":"$.later"}`:                                            true,
		`{"Variable":"$.s","TimestampLessThan":"2030-01-01T00:00:00Z"}`:                                   false,
		`{"Variable":"$.star","StringMatches":"a\\*b"}`:                                                   true,
		`{"Variable":"$.star","StringMatches":"*b"}`:                                                      true,
		`{"Variable":"$.star","StringMatches":"*c"}`:                                                      false,
		`{"Variable":"$.n","StringMatches":"*"}`:                                                          false,
		`{"Variable":"$.z","IsNull":true}`:                                                                true,
		`{"Variable":"$.s","IsNull":false}`:                                                               true,
		`{"Variable":"$.missing","IsPresent":false}`:                                                      true,
		`{"Variable":"$.z","IsPresent":true}`:                                                             true,
		`{"Variable":"$.n","IsNumeric":true}`:                                                             true,
		`{"Variable":"$.s","IsString":true}`:                                                              true,
		`{"Variable":"$.b","IsBoolean":true}`:                                                             true,
		`{"Variable":"$.t","IsTimestamp":true}`:                                                           true,
		`{"Variable":"$.s","IsTimestamp":true}`:                                                           false,
		`{"And":[{"Variable":"$.n","IsNumeric":true},{"Variable":"$.s","IsNumeric":true}]}`:               false,
		`{"Or":[{"Variable":"$.n","IsString":true},{"Variable":"$.s","IsString":true}]}`:                  true,
		`{"Not":{"Variable":"$.s","StringEquals":"b"}}`:                                                   false,
		`{"And":[{"Variable":"$.missing","IsPresent":true},{"Variable":"$.missing","StringEquals":"x"}]}`: false,
		`{"Variable":"$$.Execution.Id","StringMatches":"*"}`:                                              true,
	} {
		rule = rule[:len(rule)-1] + `,"Next":"Yes"}`
		m := parse(t, fmt.Sprintf(`{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[%s],"Default":"No"},"Yes":{"Type":"Pass","Result":true,"End":true},"No":{"Type":"Pass","Result":false,"End":true}}}`, rule))
		x, _ := m.Simulate(json.RawMessage(input), nil, Env{Now: time.Unix(0, 0)})
		if got := string(x.Output); got != fmt.Sprint(want) {
			t.Errorf("%s is %s (%s %s), want %v", rule, got, x.Error, x.Cause, want)
		}
	}
}

func TestChoiceFailures(t *testing.T) {
	for rule, want := range map[string]string{
		`{"Variable":"$.missing","StringEquals":"x","Next":"Yes"}`:       "States.Runtime: An error occurred while executing the state 'C' (entered at the event id #2). Invalid path '$.missing'",
		`{"Variable":"$.a","StringEqualsPath":"$.missing","Next":"Yes"}`: "Invalid path '$.missing'",
		`{"Variable":"$.a","IsNull":true,"Next":"Yes"}`:                  "States.NoChoiceMatched",
	} {
		m := parse(t, fmt.Sprintf(`{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[%s]},"Yes":{"Type":"Succeed"}}}`, rule))
		x, _ := m.Simulate(json.RawMessage(`{"a":1}`), nil, Env{Now: time.Unix(0, 0)})
		if got := x.Error + ": " + x.Cause; x.Status != Failed || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func TestWildcards(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a*", "abc", true}, {"*bc", "abc", true}, {"a*c*e", "abcde", true},
		{"a*c", "abcd", false}, {`\*`, "*", true}, {`\*`, "x", false}, {`\\`, `\`, true}, {"**a", "xxa", true}, {"*aab", "aaaab", true},
	} {
		if got := matchWildcard(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
}
