package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// why says whether a condition holds, regarded alone, and what made it so.
func (x *explainer) why(i int32, holds bool) string {
	c, list := &x.conditions[i], x.lists[i]
	s, hits := x.seen.spots[c.name], x.seen.hits[i]
	switch {
	case len(hits) > 0:
		text := "is " + hits[0].json() + ", as wanted"
		if w := wanted(list); w != hits[0].json() {
			text += ": " + w
		}
		return text
	case holds && s.count == 0:
		return "is absent, as wanted"
	case holds:
		return "may be absent, as wanted: its values lie in elements of an array, and another element may lack it"
	case s.count == 0:
		return x.absent(s) + "; wanted " + wanted(list)
	}
	text := "is " + s.leaves[0].json()
	if s.count > 1 {
		text += fmt.Sprintf(" (and %d other %s)", s.count-1, plural(s.count-1, "value", "values"))
	}
	if c.absent && len(list.items) == 1 {
		return text + ", and the pattern wants it to be absent"
	}
	text += "; wanted " + wanted(list)
	for _, l := range s.leaves[:min(len(s.leaves), maxShown)] {
		if hint := misses(list, l); hint != "" {
			return text + "; " + hint
		}
	}
	return text
}

// absent says what the event has in place of a field without values.
func (x *explainer) absent(s *spot) string {
	if s.what != "" {
		text := "is " + s.what + ", and a condition looks at plain values only"
		if s.what == "an empty array" {
			text = "is an empty array, which is no value"
		}
		return text
	}
	text := "is absent"
	if len(s.name) <= longestName {
		for above := range parents(s.name) { // nearest first
			if a := x.seen.spots[above]; a.what != "" {
				if a.what != "an object" && a.what != "an array" {
					text += ", for " + above + " is " + a.what
				}
				break
			}
		}
	}
	if len(s.elsewhere) == 0 {
		return text
	}
	nearest := s.elsewhere[0]
	switch nearest.rank {
	case otherCase:
		return text + "; the event has " + quoted(nearest.path) + ", and the case of names counts"
	case deeper:
		above := strings.TrimSuffix(nearest.path, "."+s.name)
		return text + "; the event has " + clipped(nearest.path) + ": put the field inside " + quoted(above) + ": {…}"
	case shallower:
		return text + "; the event has " + clipped(nearest.path) + " at its top: is it a bare record without its envelope?"
	default:
		return text + "; the event has " + clipped(nearest.path)
	}
}

// misses says by what a value misses the list, if it is something that people overlook.
func misses(list *node, l *leaf) string {
	hints := []func(*node, *leaf) string{otherKind, otherCaseOf, aStar, blanks, noAddress, longNumber, excludedBy}
	for _, hint := range hints {
		for _, item := range list.items {
			if text := hint(item, l); text != "" {
				return text
			}
		}
	}
	return nearestText(list, l)
}

// otherKind: 80 and "80", true and "true".
func otherKind(n *node, l *leaf) string {
	text := string(l.value.text)
	switch {
	case l.value.kind == stringKind && (n.kind == numberKind || n.kind == literalKind) && n.text == text:
		return "it is a string, and the pattern wants " + n.describe() + ": " + l.json() + " isn't " + clipped(n.text)
	case l.value.kind != stringKind && n.kind == stringKind && n.text == text:
		return "it is " + kindName(l) + ", and the pattern compares strings: " + l.json() + " isn't " + quoted(n.text)
	case n.kind != objectKind:
		return ""
	}
	switch m := n.members[0]; m.key {
	case numericName:
		if _, err := jsonNumber(text); err == nil && l.value.kind == stringKind {
			return "it is a string, and numeric compares numbers only"
		}
	case prefixName, suffixName, foldName, wildcardName, cidrName, exactlyName:
		if l.value.kind != stringKind {
			return "it is " + kindName(l) + ", and " + m.key + " looks at strings only"
		}
	}
	return ""
}

func kindName(l *leaf) string {
	if l.value.kind == numberKind {
		return "a number"
	}
	return "the value " + string(l.value.text)
}

// jsonNumber reads a text that is a number as JSON has it.
func jsonNumber(text string) ([]byte, error) {
	s := scanner{src: []byte(text)}
	if text == "" {
		return nil, s.unexpected("a digit")
	}
	spelling, err := s.number()
	if err == nil {
		err = s.end()
	}
	return spelling, err
}

// stringOperand returns the text that an alternative compares, where it is one about strings.
func stringOperand(n *node) (text string, ok bool) {
	switch {
	case n.kind == stringKind:
		return n.text, true
	case n.kind != objectKind:
		return "", false
	}
	switch m := n.members[0]; m.key {
	case exactlyName, prefixName, suffixName:
		return m.value.text, m.value.kind == stringKind
	}
	return "", false
}

func otherCaseOf(n *node, l *leaf) string {
	want, ok := stringOperand(n)
	got := string(l.value.text)
	if !ok || l.value.kind != stringKind || len(got) < len(want) || want == "" {
		return ""
	}
	same, fix := strings.EqualFold(got, want), `{"equals-ignore-case": `+quoted(want)+`}`
	if n.kind == objectKind {
		switch n.members[0].key {
		case prefixName:
			same = strings.EqualFold(got[:len(want)], want)
			fix = `{"prefix": ` + fix + `}`
		case suffixName:
			same = strings.EqualFold(got[len(got)-len(want):], want)
			fix = `{"suffix": ` + fix + `}`
		}
	}
	if !same {
		return ""
	}
	return "only the case differs from " + quoted(want) + "; " + fix + " would take it"
}

// aStar: a * outside wildcard.
func aStar(n *node, l *leaf) string {
	if n.kind != stringKind || l.value.kind != stringKind || !strings.Contains(n.text, "*") {
		return ""
	}
	if w, what, _ := parseWildcard(n.text); what != "" || !w.holds(&l.value) {
		return ""
	}
	return "a * in a plain string is only a star; {\"wildcard\": " + quoted(n.text) + "} would take it"
}

func blanks(n *node, l *leaf) string {
	want, ok := stringOperand(n)
	if !ok || l.value.kind != stringKind || strings.TrimSpace(want) != strings.TrimSpace(string(l.value.text)) {
		return ""
	}
	return "only blanks around it differ from " + quoted(want)
}

func noAddress(n *node, l *leaf) string {
	if n.kind != objectKind || n.members[0].key != cidrName || l.value.kind != stringKind {
		return ""
	}
	if _, ok := l.value.asAddress(); !ok {
		return "it is not an IP address"
	}
	return ""
}

// longNumber: a number that a float would change.
func longNumber(n *node, l *leaf) string {
	numeric := n.kind == numberKind || n.kind == objectKind && n.members[0].key == numericName
	if !numeric || l.value.kind != numberKind {
		return ""
	}
	if _, ok := l.value.asNumber(); !ok {
		return "the number does not fit a 64-bit float, so it can't be compared"
	}
	return ""
}

// excludedBy: what an anything-but excludes.
func excludedBy(n *node, l *leaf) string {
	if n.kind == objectKind && n.members[0].key == anythingButKey {
		return "anything-but excludes it"
	}
	return ""
}

// Bounds on the search for the nearest string.
const (
	nearestLength  = 100
	nearestStrings = 2000
)

// nearestText names the plain string of a long list, or a short one with a slip in it, that is most like the value.
func nearestText(list *node, l *leaf) string {
	got := string(l.value.text)
	if l.value.kind != stringKind || len(got) > nearestLength {
		return ""
	}
	best, least := "", utf8.RuneCountInString(got)/3+1
	for _, item := range list.items[:min(len(list.items), nearestStrings)] {
		if item.kind != stringKind || len(item.text) > nearestLength {
			continue
		}
		if d := edits(got, item.text); d < least {
			best, least = item.text, d
		}
	}
	if best == "" {
		return ""
	}
	return "nearest: " + quoted(best)
}

// edits counts the characters to put in, leave out or replace between two short texts.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, other := range to {
			step := diagonal
			if r != other {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
