package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

// TestTrustedEvents has events in which what decides comes late, or seems to be missing. Both modes must agree.
func TestTrustedEvents(t *testing.T) {
	branches := make([]string, 40) // so many are not written out as clauses
	for i := range branches {
		branches[i] = fmt.Sprintf(`{"x%d": [1]}`, i)
	}
	m := pattern.New()
	for name, text := range map[string]string{
		"ways":   `{"source": ["aws.ec2"], "detail": {"eventName": ["W"], "$or": [` + strings.Join(branches, ",") + `]}}`,
		"error":  `{"detail": {"errorCode": ["E"]}}`,
		"or":     `{"$or": [{"detail": {"eventName": ["A"]}}, {"detail": {"user": {"name": ["n"]}}}]}`,
		"none":   `{"source": ["aws.ec2"], "detail": {"eventName": ["A"], "errorCode": [{"exists": false}]}}`,
		"button": `{"detail": {"eventName": ["A"], "region": [{"anything-but": "x"}]}}`,
		"quote":  `{"source": ["aws.ec2"], "detail": {"a\"b": [1]}}`,
	} {
		m.Add(name, parse(t, text))
	}
	start := `{"source": "aws.ec2", "detail": {"eventName": "A"`
	tests := []struct{ name, event, want string }{
		{"nothing more", start + `}}`, "none or"},
		{"one of many branches", `{"source": "aws.ec2", "detail": {"eventName": "W", "x5": 1}}`, "ways"},
		{"none of many branches", `{"source": "aws.ec2", "detail": {"eventName": "W", "x5": 2}}`, ""},
		{"the field is there", start + `, "errorCode": "E"}}`, "error or"},
		{"with an escape in its name", start + `, "error\u0043ode": "E"}}`, "error or"},
		{"with another value", start + `, "errorCode": null}}`, "or"},
		{"with no value", start + `, "errorCode": []}}`, "none or"},
		{"further down", start + `, "responseElements": {"errorCode": "E"}}}`, "none or"},
		{"in a text", start + `, "message": "errorCode: E"}}`, "none or"},
		{"behind a dot", `{"source": "aws.ec2", "detail.eventName": "B", "detail.errorCode": "E"}`, "error"},
		{"two steps behind a dot", `{"source": "aws.ec2", "detail": {"eventName": "B", "user.name": "n"}}`, "or"},
		{"in a list", `{"source": "aws.ec2", "detail": {"eventName": "B", "user": [{"name": "m"}, {"name": "n"}]}}`, "or"},
		{"excluded value", start + `, "region": "x"}}`, "none or"},
		{"not excluded", start + `, "region": "y"}}`, "button none or"},
		{"a name that needs an escape", start + `, "a\"b": 1}}`, "none or quote"},
		{"source comes last", `{"detail": {"errorCode": "E", "eventName": "A"}, "source": "aws.ec2"}`, "error or"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for mode, match := range map[string]func([]string, []byte) ([]string, error){"strict": m.Append, "trusted": m.AppendTrusted} {
				got, err := match(nil, []byte(tt.event))
				slices.Sort(got)
				if err != nil || strings.Join(got, " ") != tt.want {
					t.Errorf("%s: got %q, %v, want %q", mode, got, err, tt.want)
				}
			}
		})
	}
}

// TestTrustedStopsEarly: what comes after the answer is not read, so that it may even be no JSON.
func TestTrustedStopsEarly(t *testing.T) {
	m := pattern.New()
	m.Add("one", parse(t, `{"source": ["aws.ec2"], "detail": {"eventName": ["A", "B"], "errorCode": [{"exists": false}]}}`))
	m.Add("two", parse(t, `{"$or": [{"detail": {"eventName": ["C"]}}, {"detail": {"errorCode": ["E"]}}]}`))
	tests := []struct{ event, want string }{
		{`{"source": "aws.s3", "detail": {"eventName": "X" oh`, ""},
		{`{"source": "aws.ec2", "detail": {"eventName": "X" oh`, ""},
		{`{"source": "aws.ec2", "detail": {"eventName": "A" oh`, "one"},
		{`{"source": "aws.s3", "detail": {"eventName": "C" oh`, "two"},
	}
	for _, tt := range tests {
		got, err := m.AppendTrusted(nil, []byte(tt.event))
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.event, got, err, tt.want)
		}
	}
}
