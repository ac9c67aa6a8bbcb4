package aws

import (
	"encoding/json"
	"strings"
	"unicode"
)

// plain is an input for people: a JSON text without its quotes.
func plain(input []byte) string {
	var lines []string
	for line := range strings.Lines(string(input)) {
		var text string
		if json.Unmarshal([]byte(line), &text) != nil {
			return string(input)
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// clean bounds a text and takes out the characters that SQS refuses in an attribute.
func clean(s string) string {
	const most = 1024
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' {
			return ' '
		}
		return r
	}, s)
}
