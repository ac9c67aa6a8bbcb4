package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"riposte.dev/fault"
)

// Bounds on a message, in characters and in number. What is over is cut, and the message says so.
const (
	maxID       = 512
	maxSubject  = 99
	maxSummary  = 1000
	maxLabel    = 60
	maxValue    = 2000
	maxSections = 30
	maxFacts    = 60 // a section
	maxNext     = 20
	maxTo       = 50
	maxTotal    = 48 << 10 // bytes of all labels and values; laid out twice it still fits a queue's item
)

// clean makes texts that may stem from an attacker (user names, user agents, tags) safe to lay out as plain text:
// without control characters, without characters that reorder or hide text, and within bounds.
type clean struct{}

// Exec cleans the messages.
func (clean) Exec(_ context.Context, in []Delivery) ([]Delivery, error) {
	for i := range in {
		m := &in[i].Message
		if m.ID == "" || len(m.ID) > maxID {
			return nil, fault.New(fault.Invalid, "a message needs an id of 1 to %d bytes, this has %d", maxID, len(m.ID))
		}
		cleanMessage(m)
	}
	return in, nil
}

func cleanMessage(m *Message) {
	m.Severity = clip(oneLine(m.Severity), maxLabel)
	m.Subject = clip(oneLine(m.Subject), maxSubject)
	m.Summary = clip(oneLine(m.Summary), maxSummary)
	m.Rule, m.Execution, m.Finding = oneLine(m.Rule), oneLine(m.Execution), oneLine(m.Finding)
	m.Sections = cleanSections(m.Sections)
	next := make([]string, 0, min(len(m.Next), maxNext))
	for _, n := range m.Next[:min(len(m.Next), maxNext)] {
		// a second line in a command would be a second command for whoever pastes it
		next = append(next, clip(oneLine(n), maxValue))
	}
	m.Next = next
	m.To = slices.Clone(m.To[:min(len(m.To), maxTo)])
}

func cleanSections(in []Section) []Section {
	out := make([]Section, 0, min(len(in), maxSections)+1)
	left := maxTotal
	for _, s := range in[:min(len(in), maxSections)] {
		if len(s.Facts) == 0 {
			continue
		}
		cleaned := Section{Title: clip(oneLine(s.Title), maxLabel)}
		for i, f := range s.Facts {
			f = Fact{Label: clip(oneLine(f.Label), maxLabel), Value: clip(lines(f.Value), maxValue)}
			if left -= len(f.Label) + len(f.Value); i == maxFacts || left < 0 {
				cleaned.Facts = append(cleaned.Facts, Fact{Value: fmt.Sprintf("… and %d more", len(s.Facts)-i)})
				break
			}
			cleaned.Facts = append(cleaned.Facts, f)
		}
		out = append(out, cleaned)
	}
	if more := len(in) - maxSections; more > 0 {
		out = append(out, Section{Title: "Left out", Facts: []Fact{{Value: fmt.Sprintf("%d more sections", more)}}})
	}
	return out
}

// oneLine replaces what could hide or forge text, line ends included, and trims.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return visible(r)
	}, s))
}

// lines is oneLine that keeps line ends.
func lines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case '\n':
			return r
		case '\t':
			return ' '
		}
		return visible(r)
	}, s))
}

// visible returns r, or U+FFFD for control characters and for format characters, which reorder text (bidi overrides),
// hide it (zero width) or tag it.
func visible(r rune) rune {
	if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
		return utf8.RuneError
	}
	return r
}

// clip shortens s to at most n characters, the last of them an ellipsis where something was cut.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:n-1])) + "…"
}
