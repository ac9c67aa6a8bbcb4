package sandbox

import (
	"errors"
	"slices"
	"strings"
)

// logsPattern is a filter pattern for unstructured events
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html):
// terms that all must occur, ?terms of which one must, and -terms that must not.
type logsPattern struct{ all, some, none []string }

// parseLogsPattern reads a pattern; an empty one matches everything. The
// sandbox has no patterns for JSON and space-delimited events.
func parseLogsPattern(text string) (logsPattern, error) {
	var p logsPattern
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return p, errors.New("the sandbox has no patterns of JSON or space-delimited events: use terms")
	}
	for text != "" {
		mark := text[0]
		if mark == '-' || mark == '?' {
			text = text[1:]
		}
		term, rest, err := logsTerm(text)
		if err != nil {
			return p, err
		}
		switch mark {
		case '-':
			p.none = append(p.none, term)
		case '?':
			p.some = append(p.some, term)
		default:
			p.all = append(p.all, term)
		}
		text = strings.TrimLeft(rest, " \t")
	}
	return p, nil
}

// logsTerm takes the first term off a text: a word, or words in quotes.
func logsTerm(text string) (term, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		if end == 0 || strings.ContainsAny(text[:end], `"`) {
			return "", "", errors.New("a term is a word, or words in quotes")
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			return b.String(), text[i+1:], nil
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", errors.New("a quote is not closed")
}

// matches looks at the message of an event. As at AWS, ?terms count only
// where there are no others.
func (p logsPattern) matches(message string) bool {
	has := func(term string) bool { return strings.Contains(message, term) }
	if slices.ContainsFunc(p.none, has) {
		return false
	}
	for _, term := range p.all {
		if !has(term) {
			return false
		}
	}
	return len(p.some) == 0 || len(p.all) > 0 || slices.ContainsFunc(p.some, has)
}
