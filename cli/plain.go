package cli

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain passes on what people read, without what a terminal would take for a command. Names of resources, sessions and
// files come from whoever acted in the account.
type plain struct{ io.Writer }

// Write writes the text as shown has it. Characters must not be cut in two.
func (p plain) Write(text []byte) (int, error) {
	if _, err := io.WriteString(p.Writer, shown(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// shown puts U+FFFD in place of control characters, but for line ends and tabs, and of format characters, which reorder or
// hide text.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
			return utf8.RuneError
		}
		return r
	}, text)
}
