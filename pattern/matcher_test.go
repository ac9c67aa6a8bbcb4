package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"riposte.dev/pattern"
)

func parse(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse([]byte(text))
	if err != nil {
		t.Fatalf("pattern %s refused: %v", text, err)
	}
	return p
}

func names(t testing.TB, m *pattern.Matcher, event string) []string {
	t.Helper()
	got, err := m.Match([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMatcher(t *testing.T) {
	m := pattern.New()
	if got := names(t, m, `{"source": "aws.ec2"}`); got != nil {
		t.Errorf("an empty matcher matched %q", got)
	}
	m.Add("z", parse(t, `{"source": ["aws.ec2", "aws.s3"]}`))
	m.Add("a", parse(t, `{"source": [{"prefix": "aws."}]}`))
	m.Add("two", parse(t, `{"source": ["aws.iam"]}`))
	m.Add("two", parse(t, `{"region": ["us-east-1"]}`))
	m.Remove("never added")

	tests := []struct{ event, want string }{
		{`{"source": "aws.ec2"}`, "a z"},
		{`{"source": ["aws.s3", "aws.ec2"]}`, "a z"},
		{`{"source": "aws.iam", "region": "us-east-1"}`, "a two"},
		{`{"region": "us-east-1"}`, "two"},
		{`{"source": "custom"}`, ""},
	}
	for _, tt := range tests {
		if got := strings.Join(names(t, m, tt.event), " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.event, got, tt.want)
		}
	}

	m.Remove("two")
	m.Remove("a")
	if got := names(t, m, `{"source": "aws.iam", "region": "us-east-1"}`); got != nil {
		t.Errorf("removed names matched: %q", got)
	}
	m.Add("two", parse(t, `{"source": ["aws.ec2"]}`))
	if got := names(t, m, `{"source": "aws.ec2", "region": "us-east-1"}`); !slices.Equal(got, []string{"two", "z"}) {
		t.Errorf("got %q, want two and z", got)
	}
}

// TestIndexedConditions has patterns that the index may look up in ways that are easy to get wrong.
func TestIndexedConditions(t *testing.T) {
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"one of the values in a list", `{"detail": {"eventName": ["A", "B"]}}`, `{"detail": {"eventName": ["C", "B"]}}`, true},
		{"the value in an element", `{"detail": {"eventName": ["A"]}}`, `{"detail": [{"eventName": "B"}, {"eventName": "A"}]}`, true},
		{"an address matches by number", `{"source": ["10.0.0.1"], "a": ["x"]}`, `{"source": "010.0.0.1", "a": "x"}`, true},
		{"a text beside an address", `{"source": ["10.0.0.1", "x"]}`, `{"source": "10.0.00.1"}`, true},
		{"a text or absent", `{"source": ["x", {"exists": false}]}`, `{}`, true},
		{"a text or a number", `{"source": ["x", 1]}`, `{"source": 1}`, true},
		{"a text or a prefix", `{"source": ["x", {"prefix": "y"}]}`, `{"source": "yy"}`, true},
		{"every branch has a value", `{"$or": [{"source": ["x"]}, {"detail-type": ["y"]}]}`, `{"detail-type": "y"}`, true},
		{"a branch has none", `{"$or": [{"source": ["x"]}, {"a": [1]}]}`, `{"a": 1}`, true},
		{"a branch is replaced as a whole", `{"$or": [{"source": ["x"]}, {"detail-type": ["y"]}], "source": ["z"]}`, `{"source": "z"}`, true},
		{"a number is no text", `{"source": ["1"]}`, `{"source": 1}`, false},
		{"null is no text", `{"source": ["null"]}`, `{"source": null}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := verdict(t, tt.pattern, tt.event); got != tt.want {
				t.Errorf("%s on %s: got %v, want %v", tt.pattern, tt.event, got, tt.want)
			}
		})
	}
}

// TestMatchWhileRulesChange: the race detector watches, and a name that is always there always matches.
func TestMatchWhileRulesChange(t *testing.T) {
	m := pattern.New()
	m.Add("always", parse(t, `{"source": ["aws.ec2"]}`))
	changing := make([]*pattern.Pattern, 20)
	for i := range changing {
		changing[i] = parse(t, fmt.Sprintf(`{"source": ["aws.ec2"], "detail": {"f%d": [{"exists": false}], "g%d": [1]}}`, i, i))
	}
	done := make(chan struct{})
	var matchers sync.WaitGroup
	for i := range 2 {
		matchers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				match := m.Append
				if i%2 == 0 {
					match = m.AppendTrusted
				}
				got, err := match(nil, []byte(`{"source": "aws.ec2", "detail": {"g3": 1, "g7": 1}}`))
				if err != nil || !slices.Contains(got, "always") {
					t.Errorf("got %q, %v", got, err)
					return
				}
			}
		})
	}
	always := parse(t, `{"source": [{"prefix": "aws."}]}`)
	for round := range 8 {
		m.Replace("always", always)
		for i, p := range changing {
			name := fmt.Sprint("changing ", i)
			if (round+i)%2 == 0 {
				m.Add(name, p)
			} else {
				m.Remove(name)
			}
		}
	}
	close(done)
	matchers.Wait()
}

func TestPatternIsSafeForConcurrentUse(t *testing.T) {
	p := parse(t, `{"a": [{"numeric": [">", 1]}]}`)
	var users sync.WaitGroup
	for i := range 8 {
		users.Go(func() {
			got, err := p.Match(fmt.Appendf(nil, `{"a": %d}`, i))
			if want := i > 1; err != nil || got != want {
				t.Errorf("%d: got %v, %v", i, got, err)
			}
		})
	}
	users.Wait()
}
