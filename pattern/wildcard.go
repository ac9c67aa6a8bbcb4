package pattern

import (
	"bytes"
	"strings"
)

// wildcard is {"wildcard": …}: * stands for any characters, none too. It is kept as the literal pieces between the stars;
// taking the first place for each piece in turn is enough, so a match reads the text once.
type wildcard struct {
	head   string   // before the first star
	middle [][]byte // between stars
	tail   string   // after the last star
	star   bool     // false: no star, head is everything
}

// parseWildcard reads the text of a wildcard; what and fix say what is wrong with it, "" if nothing is.
func parseWildcard(text string) (w wildcard, what, fix string) {
	var pieces []string
	var piece strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*' && i+1 < len(text) && text[i+1] == '*':
			return w, "two * in a row", `one * already stands for any text; a literal star is \\* in JSON`
		case c == '*':
			pieces = append(pieces, piece.String())
			piece.Reset()
		case c == '\\' && i+1 < len(text) && (text[i+1] == '*' || text[i+1] == '\\'):
			i++
			piece.WriteByte(text[i])
		case c == '\\':
			return w, `a backslash stands before something else than * or \`,
				`a literal star is \\* and a literal backslash \\\\ in JSON`
		default:
			piece.WriteByte(c)
		}
	}
	if len(pieces) == 0 {
		return wildcard{head: piece.String()}, "", ""
	}
	w = wildcard{head: pieces[0], tail: piece.String(), star: true}
	for _, middle := range pieces[1:] {
		w.middle = append(w.middle, []byte(middle))
	}
	return w, "", ""
}

func (t wildcard) holds(v *value) bool {
	text := v.text
	switch {
	case v.kind != stringKind || len(text) < len(t.head)+len(t.tail):
		return false
	case !t.star:
		return string(text) == t.head
	case string(text[:len(t.head)]) != t.head || string(text[len(text)-len(t.tail):]) != t.tail:
		return false
	}
	text = text[len(t.head) : len(text)-len(t.tail)]
	for _, piece := range t.middle {
		at := bytes.Index(text, piece)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
	return true
}
