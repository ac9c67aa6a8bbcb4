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

// TestHostileEvents has events that would take minutes or gigabytes if any part of a match grew faster than the event.
func TestHostileEvents(t *testing.T) {
	m := pattern.New()
	for name, text := range map[string]string{
		"source":   `{"source": ["aws.ec2"]}`,
		"name":     `{"source": ["aws.ec2"], "detail": {"eventName": ["RunInstances"]}}`,
		"number":   `{"detail": {"n": [{"numeric": [">", 0]}]}}`,
		"digits":   `{"detail": {"n": [` + strings.Repeat("7", 10_000) + `]}}`,
		"wildcard": `{"detail": {"s": [{"wildcard": "*needle*hay*"}]}}`,
		"suffix":   `{"detail": {"s": [{"suffix": "end"}]}}`,
		"absent":   `{"source": ["aws.ec2"], "detail": {"gone": [{"exists": false}]}}`,
		"bytes":    "{\"detail\": {\"b\": [{\"prefix\": \"x\"}]}}",
		"deep":     `{"detail": {"d": {"d": {"d": [1]}}}}`,
	} {
		m.Add(name, parse(t, text))
	}
	long := strings.Repeat("needle ", 5<<20/7)
	var flood strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&flood, `"eventNam%d": %d, `, i, i)
	}
	ec2 := `{"source": "aws.ec2", "detail": %s}`
	tests := []struct {
		name, event, want string
		invalid           bool
	}{
		{"nested 10,000 deep", fmt.Sprintf(ec2, strings.Repeat(`{"d":`, 10_000)+"1"+strings.Repeat("}", 10_000)), "", true},
		{"lists 10,000 deep", fmt.Sprintf(ec2, `{"d": `+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+"}"), "", true},
		{"lists 990 deep", fmt.Sprintf(ec2, `{"d": `+strings.Repeat("[", 990)+`{"d": {"d": 1}}`+strings.Repeat("]", 990)+"}"), "absent deep source", false},
		{"nothing but brackets", strings.Repeat("[", 1<<20), "", true},
		{"never closed", strings.Repeat(`{"detail":`, 900), "", true},
		{"a string of 5 MB", fmt.Sprintf(ec2, `{"s": "`+long+`end"}`), "absent source suffix", false},
		{"a string of 5 MB, at last", fmt.Sprintf(ec2, `{"s": "`+long+`hay"}`), "absent source wildcard", false},
		{"a string of escapes", fmt.Sprintf(ec2, `{"s": "`+strings.Repeat(`\u0065`, 500_000)+`nd"}`), "absent source suffix", false},
		{"a number of 10,000 digits", fmt.Sprintf(ec2, `{"n": `+strings.Repeat("7", 10_000)+"}"), "absent digits source", false},
		{"an exponent of 10,000 digits", fmt.Sprintf(ec2, `{"n": 1e`+strings.Repeat("7", 10_000)+"}"), "absent source", false},
		{"invalid UTF-8", fmt.Sprintf(ec2, "{\"b\": \"x\xff\xc0\x80\", \"\xfe\": 1}"), "absent bytes source", false},
		{"many names before source", `{"detail": {` + flood.String() + `"eventName": "RunInstances"}, "source": "aws.ec2"}`, "absent name source", false},
		{"a name 100,000 times", `{"source": "aws.ec2", "detail": {` + strings.Repeat(`"eventName": "x", `, 100_000) + `"eventName": "RunInstances"}}`, "absent name source", false},
		{"a list of 100,000 sources", `{"source": [` + strings.Repeat(`"aws.s3", `, 100_000) + `"aws.ec2"], "detail": {}}`, "absent source", false},
	}
	for round := range 2 { // the second time the reader knows what it saw
		for _, tt := range tests {
			t.Run(fmt.Sprint(tt.name, round), func(t *testing.T) {
				got, err := m.Match([]byte(tt.event))
				var coded *fault.Error
				if tt.invalid != errors.As(err, &coded) {
					t.Fatalf("got error %v", err)
				}
				if err == nil && strings.Join(got, " ") != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// TestManyFieldsAndValues adds lists of 200 values on two fields each; combined they would be millions.
func TestManyFieldsAndValues(t *testing.T) {
	m := pattern.New()
	for i := range 100 {
		list := func(letter string) string {
			values := make([]string, 200)
			for j := range values {
				values[j] = fmt.Sprintf(`"%s%d"`, letter, i*100+j)
			}
			return strings.Join(values, ",")
		}
		m.Add(fmt.Sprint(i), parse(t, `{"detail": {"a": [`+list("a")+`], "b": [`+list("b")+`]}}`))
	}
	if got := names(t, m, `{"detail": {"a": "a150", "b": "b199"}}`); !slices.Equal(got, []string{"0", "1"}) {
		t.Errorf("got %q", got)
	}
	if got := names(t, m, `{"detail": {"a": "a150", "b": "b200"}}`); !slices.Equal(got, []string{"1"}) {
		t.Errorf("got %q", got)
	}
}
