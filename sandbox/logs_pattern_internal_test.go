package sandbox

import "testing"

// FuzzLogsPattern looks for patterns that crash, or that match what they exclude.
func FuzzLogsPattern(f *testing.F) {
	for _, s := range []string{"", "a b", `"a b" -c`, "?x ?y", `"\"q\""`, "{ $.a = 1 }", `-"`} {
		f.Add(s, "a b q")
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, err := parseLogsPattern(text)
		if err != nil {
			return
		}
		p.none = append(p.none, message)
		if p.matches(message) {
			t.Errorf("%q matches %q, which it excludes", text, message)
		}
	})
}
