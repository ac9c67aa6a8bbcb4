package slack

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"riposte.dev/notify"
)

// Bounds of Block Kit (https://docs.slack.dev/reference/block-kit/blocks), in characters and blocks.
const (
	maxText   = 3000
	maxHeader = 150
	maxBlocks = 50
)

const cut = "… [cut; `riposte executions` has it all]"

var signs = map[string]string{"CRITICAL": "🔴", "HIGH": "🟠", "MEDIUM": "🟡", "LOW": "🔵", "INFORMATIONAL": "⚪"}

// message lays m out: severity and subject, the sentence, the facts by section, the commands to type next.
func message(m notify.Message) *slack.WebhookMessage {
	title := strings.TrimSpace(signs[m.Severity] + " " + m.Severity + ": " + m.Subject)
	header := slack.NewTextBlockObject(slack.PlainTextType, shorten(oneLine(title), maxHeader, "…"), false, false)
	blocks := []slack.Block{slack.NewHeaderBlock(header)}
	if m.Summary != "" {
		blocks = append(blocks, section(escape(m.Summary)))
	}
	for _, s := range m.Sections {
		blocks = append(blocks, section(facts(s)))
	}
	if len(m.Next) > 0 {
		blocks = append(blocks, section(next(m.Next)))
	}
	const footer = 1
	if len(blocks)+footer > maxBlocks {
		// The last one stays: it has the commands.
		last := blocks[len(blocks)-1]
		blocks = append(blocks[:maxBlocks-footer-2], section(cut), last)
	}
	blocks = append(blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, shorten(escape(about(m)), maxText, cut), false, true)))
	no := false
	return &slack.WebhookMessage{
		// Shown by notifications and screen readers instead of the blocks; Slack parses it as mrkdwn.
		Text:        shorten(escape(oneLine(title)), maxText, "…"),
		Parse:       "none", // no names into mentions
		Blocks:      &slack.Blocks{BlockSet: blocks},
		UnfurlLinks: &no, UnfurlMedia: &no,
	}
}

// section is verbatim, so that Slack makes no links and mentions out of names and addresses.
func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, shorten(text, maxText, cut), false, true), nil, nil)
}

func facts(s notify.Section) string {
	var b strings.Builder
	if s.Title != "" {
		b.WriteString("*" + escape(oneLine(s.Title)) + "*")
	}
	for _, f := range s.Facts {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if f.Label != "" {
			b.WriteString(escape(oneLine(f.Label)) + ": ")
		}
		b.WriteString(escape(f.Value))
	}
	return orDash(b.String())
}

// next shows the commands as code. A command that does not fit is left out as a whole: half a command is a trap.
func next(commands []string) string {
	const open, end = "*What to type next*\n```", "```"
	var b strings.Builder
	for _, c := range commands {
		line := strings.ReplaceAll(escape(oneLine(c)), "```", "'''") + "\n"
		if utf8.RuneCountInString(open+b.String()+line+end+cut) > maxText {
			return open + strings.TrimSuffix(b.String(), "\n") + end + "\n" + cut
		}
		b.WriteString(line)
	}
	return open + strings.TrimSuffix(b.String(), "\n") + end
}

func about(m notify.Message) string {
	parts := []string{m.Time.UTC().Format("2006-01-02 15:04:05 UTC")}
	for _, p := range []struct{ name, value string }{{"rule", m.Rule}, {"execution", m.Execution}, {"message", m.ID}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+oneLine(p.value))
		}
	}
	return strings.Join(parts, " · ")
}

// escape makes text plain in mrkdwn (https://docs.slack.dev/messaging/formatting-message-text): without a "<" there is no
// mention of people or channels (<!channel>, <@U…>) and no link. Signs of emphasis stay; they change looks only.
func escape(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func orDash(text string) string {
	if text == "" {
		return "–" // Slack refuses an empty text
	}
	return text
}

// shorten cuts text to most characters, note included, and never within an escaped character.
func shorten(text string, most int, note string) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)[:most-utf8.RuneCountInString(note)]
	for i := len(runes) - 1; i >= 0 && i > len(runes)-len("&amp;"); i-- {
		if runes[i] == ';' {
			break
		}
		if runes[i] == '&' {
			runes = runes[:i]
			break
		}
	}
	return string(runes) + note
}
