package guard

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"?", "", false}, {"?", "a", true},
		{"a*c", "abbc", true}, {"a*c", "abbd", false}, {"*b*", "abc", true}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"*ab", "aab", true}, {"*.b", "a.b", true}, {"*.b", "a+b", false}, {"a", "A", false},
		{"arn:aws:s3:::*", "arn:aws:s3:::bucket/key", true},
	}
	for _, tt := range tests {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v, want %v", tt.pattern, tt.s, got, tt.want)
		}
	}
}

// A wildcard pattern means what the same regular expression means.
func TestGlobIsTheRegularExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab.*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab.]{0,10}`).Draw(t, "s")
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		if got, want := glob(pattern, s), regexp.MustCompile("^"+quoted+"$").MatchString(s); got != want {
			t.Fatalf("glob(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > maxField || len(s) > maxField {
			return
		}
		if !strings.ContainsAny(pattern, "*?") && glob(pattern, s) != (pattern == s) {
			t.Errorf("without wildcards, glob(%q, %q) is not equality", pattern, s)
		}
		if !glob("*"+s, s) || !glob(s+"*", s) {
			t.Errorf("%q with a * at either end does not match itself", s)
		}
	})
}
