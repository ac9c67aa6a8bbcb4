package integration

import (
	"regexp"
	"strings"
	"sync"
)

// Step Functions names members as the AWS SDK for Java does: words begin with a capital and go on in small letters, so that
// SSEKMSKeyId is SsekmsKeyId and DBInstances is DbInstances. The steps are those by which that SDK finds words.
var (
	standsBeforeVersion = regexp.MustCompile(`([^a-z]{2,})v([0-9]+)`)
	endsBeforeVersion   = regexp.MustCompile(`([^A-Z]{2,})V([0-9]+)`)
	acronymThenWord     = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`)
	digitThenLetter     = regexp.MustCompile(`([0-9])([a-zA-Z])`)
)

var pascalNames sync.Map // name → its spelling, because outputs repeat names

// pascal returns a member's name as Step Functions spells it.
func pascal(name string) string {
	if known, ok := pascalNames.Load(name); ok {
		return known.(string)
	}
	s := standsBeforeVersion.ReplaceAllString(name, "$1 v$2 ")
	s = endsBeforeVersion.ReplaceAllString(s, "$1 V$2 ")
	s = cutCamel(s)
	s = acronymThenWord.ReplaceAllString(s, "$1 $2")
	s = digitThenLetter.ReplaceAllString(s, "$1 $2")
	var b strings.Builder
	for _, word := range strings.Fields(s) {
		b.WriteString(strings.ToUpper(word[:1]) + strings.ToLower(word[1:]))
	}
	pascalNames.Store(name, b.String())
	return b.String()
}

// cutCamel puts a space before a capital that follows a small letter and begins a word.
func cutCamel(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && i+1 < len(s) && isIn(s[i-1], 'a', 'z') && isIn(s[i], 'A', 'Z') && (isIn(s[i+1]|0x20, 'a', 'z') || isIn(s[i+1], '0', '9')) {
			b.WriteByte(' ')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isIn(c, from, to byte) bool { return c >= from && c <= to }
