package notify

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"riposte.dev/fault"
)

//go:embed templates/message.html
var templates embed.FS

// page is the HTML form. It stands on its own: no images, links, scripts or fonts from elsewhere, so that opening it
// tells nobody anything.
var page = template.Must(template.ParseFS(templates, "templates/message.html"))

// maxShort is what an SNS text message holds in one part of ASCII
// (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
const maxShort = 140

// render lays out the messages before they are queued: what is sent is what was decided on, whatever version sends it.
type render struct{}

// Exec renders each message.
func (render) Exec(_ context.Context, in []Delivery) ([]Delivery, error) {
	for i := range in {
		if i > 0 && in[i].Message.ID == in[i-1].Message.ID { // one notice's deliveries differ only in where they go
			in[i].Body = in[i-1].Body
			continue
		}
		body, err := Render(in[i].Message)
		if err != nil {
			return nil, err
		}
		in[i].Body = body
	}
	return in, nil
}

// Render lays m out as plain text, HTML and a short line. It escapes everything but neither redacts nor bounds; Notify
// does both before.
func Render(m Message) (Body, error) {
	var html bytes.Buffer
	err := page.Execute(&html, struct {
		Message
		When   string
		Origin []Fact
	}{m, when(m), origin(m)})
	if err != nil {
		return Body{}, fault.New(fault.Internal, "render message %s: %w", m.ID, err)
	}
	return Body{Text: text(m), HTML: html.String(), Short: short(m)}, nil
}

// text is the plain form: narrow enough to need no table, with nothing at the line's start but what riposte wrote, so
// that no value can pass for a heading.
func text(m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", m.Severity, m.Subject)
	if m.Summary != "" {
		fmt.Fprintf(&b, "\n%s\n", m.Summary)
	}
	for _, s := range m.Sections {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(s.Title))
		for _, f := range s.Facts {
			b.WriteString("  ")
			if f.Label != "" {
				b.WriteString(f.Label + ": ")
			}
			b.WriteString(strings.ReplaceAll(f.Value, "\n", "\n      ") + "\n")
		}
	}
	if len(m.Next) > 0 {
		b.WriteString("\nWHAT TO TYPE NEXT\n")
		for _, n := range m.Next {
			b.WriteString("  " + n + "\n")
		}
	}
	b.WriteString("\n--\n" + when(m) + "\n")
	for _, f := range origin(m) {
		fmt.Fprintf(&b, "%s %s\n", f.Label, f.Value)
	}
	return b.String()
}

// short is the form for text messages: the severity and as much of what happened as fits.
func short(m Message) string {
	line := ASCII(m.Severity + ": " + m.Subject)
	if summary := ASCII(m.Summary); summary != "" && len(line) < maxShort-20 {
		line += " - " + summary
	}
	if len(line) <= maxShort {
		return line
	}
	line = line[:maxShort-3]
	if space := strings.LastIndexByte(line, ' '); space > maxShort*2/3 {
		line = line[:space]
	}
	return strings.TrimRight(line, " -.,;:") + "..."
}

func when(m Message) string { return m.Time.UTC().Format("2006-01-02 15:04:05 UTC") }

// origin are the names under which riposte finds the matter again.
func origin(m Message) []Fact {
	var facts []Fact
	for _, f := range []Fact{{"Rule", m.Rule}, {"Execution", m.Execution}, {"Finding", m.Finding}, {"Message", oneLine(m.ID)}} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// ASCII returns s on one line in printable ASCII: accents are dropped, typographic signs become plain ones, what has no
// counterpart becomes a question mark. Subjects of SNS and text messages allow no more.
func ASCII(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Pd, r):
			b.WriteByte('-')
		case r == '‘' || r == '’':
			b.WriteByte('\'')
		case r == '“' || r == '”':
			b.WriteByte('"')
		case r == 'ß':
			b.WriteString("ss")
		case r == '→':
			b.WriteString("->")
		case unicode.IsControl(r):
		default:
			b.WriteByte('?')
		}
	}
	return strings.TrimSpace(b.String())
}
