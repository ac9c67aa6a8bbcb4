package pattern

import (
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// folded is a string that matches without regard to case: every character of it stands for its spellings in lower and
// upper case, which may differ in length (ß is SS). Only the pattern's characters are mapped, never the event's, as in
// event-ruler: "k" is not the Kelvin sign.
type folded [][]string

func newFolded(text string) folded {
	lower, upper := cases.Lower(language.Und), cases.Upper(language.Und)
	f := make(folded, 0, len(text))
	for _, r := range text {
		char := string(r)
		f = append(f, spellings(char, lower.String(char), upper.String(char)))
	}
	return f
}

func spellings(own, lower, upper string) []string {
	all := []string{own}
	for _, other := range [...]string{lower, upper} {
		if other != own && (len(all) == 1 || other != all[1]) {
			all = append(all, other)
		}
	}
	return all
}

// prefixLen returns how many bytes at the start of text f stands for; -1 if text begins otherwise. No spelling of a
// character begins with another spelling of it, so the first that fits is the only one.
func (f folded) prefixLen(text []byte) int {
	rest := text
next:
	for _, char := range f {
		for _, spelling := range char {
			if len(rest) >= len(spelling) && string(rest[:len(spelling)]) == spelling {
				rest = rest[len(spelling):]
				continue next
			}
		}
		return -1
	}
	return len(text) - len(rest)
}

// isSuffix reports whether text ends with f.
func (f folded) isSuffix(text []byte) bool {
next:
	for i := len(f) - 1; i >= 0; i-- {
		for _, spelling := range f[i] {
			if cut := len(text) - len(spelling); cut >= 0 && string(text[cut:]) == spelling {
				text = text[:cut]
				continue next
			}
		}
		return false
	}
	return true
}

// equalFold is {"equals-ignore-case": …}, prefixFold and suffixFold the same inside prefix and suffix.
type (
	equalFold  folded
	prefixFold folded
	suffixFold folded
)

func (t equalFold) holds(v *value) bool {
	// A spelling is at most utf8.UTFMax*3 bytes (a character in upper case is up to three): cheap refusal of long text.
	if v.kind != stringKind || len(v.text) > len(t)*3*utf8.UTFMax {
		return false
	}
	return folded(t).prefixLen(v.text) == len(v.text)
}

func (t prefixFold) holds(v *value) bool {
	return v.kind == stringKind && folded(t).prefixLen(v.text) >= 0
}

func (t suffixFold) holds(v *value) bool {
	return v.kind == stringKind && folded(t).isSuffix(v.text)
}
