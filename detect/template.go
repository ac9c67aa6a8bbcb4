package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"riposte.dev/fault"
)

// maxValue bounds what one placeholder adds to a text: events are written by strangers.
const maxValue = 256

// missing stands where a template's value is not in the event.
const missing = "(unknown)"

// Template is text with ${path} placeholders, such as "${who} stopped ${detail.requestParameters.name}". Write $${ for a
// literal ${.
type Template struct {
	text  string
	parts []templatePart
}

type templatePart struct {
	literal string
	ref     *reference
}

// ParseTemplate reads a template. The error says which placeholder is wrong.
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	rest := text
	for {
		at := strings.Index(rest, "${")
		if at < 0 {
			t.add(rest)
			return t, nil
		}
		if at > 0 && rest[at-1] == '$' {
			t.add(rest[:at] + "{")
			rest = rest[at+2:]
			continue
		}
		t.add(rest[:at])
		body, after, ok := cutPlaceholder(rest[at+2:])
		if !ok {
			return Template{}, fault.New(fault.Invalid, "the placeholder %q is not closed", rest[at:]).WithHint("close it with }, or write $${ for a literal ${")
		}
		ref, err := parseReference(body)
		if err != nil {
			return Template{}, err
		}
		t.parts = append(t.parts, templatePart{ref: &ref})
		rest = after
	}
}

func (t *Template) add(literal string) {
	if literal != "" {
		t.parts = append(t.parts, templatePart{literal: literal})
	}
}

// cutPlaceholder finds the closing brace, not counting one inside quotes.
func cutPlaceholder(s string) (body, after string, ok bool) {
	inQuotes := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && inQuotes:
			i++
		case s[i] == '"':
			inQuotes = !inQuotes
		case s[i] == '}' && !inQuotes:
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// String returns the template as it was written.
func (t Template) String() string { return t.text }

// expand fills the placeholders for a person to read. Values come from the event, so each is put on one line and cut to
// maxValue characters; one that is not there reads "(unknown)".
func (t Template) expand(s *scope) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.ref == nil {
			b.WriteString(p.literal)
			continue
		}
		value, ok := p.ref.lookup(s)
		if !ok {
			b.WriteString(missing)
			continue
		}
		b.WriteString(oneLine(render(value), maxValue))
	}
	return b.String()
}

// exact fills the placeholders for a machine: values stay as they are, and one that is not there is returned as absent.
func (t Template) exact(s *scope) (text, absent string) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.ref == nil {
			b.WriteString(p.literal)
			continue
		}
		value, ok := p.ref.lookup(s)
		if !ok {
			return "", p.ref.text
		}
		b.WriteString(render(value))
	}
	return b.String(), ""
}

// arn is exact for a template of an ARN: where the last placeholder's value is an ARN already, that is it, because
// trails, keys and others are named either way in requests.
func (t Template) arn(s *scope) (text, absent string) {
	if n := len(t.parts); n > 0 && t.parts[n-1].ref != nil {
		if value, ok := t.parts[n-1].ref.lookup(s); ok {
			if text := render(value); strings.HasPrefix(text, "arn:") {
				return text, ""
			}
		}
	}
	return t.exact(s)
}

// oneLine replaces control characters and cuts at a rune's border, marking the cut.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
