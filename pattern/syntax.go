package pattern

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"riposte.dev/fault"
)

// SyntaxError is one mistake in a pattern.
type SyntaxError struct {
	// Line and Col are where the mistake is in the text given to Parse; both count from 1, Col in characters.
	Line, Col int
	// Path is the way to the value in the JSON document: object keys as written, array positions in decimal. A caller
	// that made the JSON from something else (YAML) finds its own position by it and may overwrite Line and Col.
	Path []string
	// Msg is what is wrong, Fix what to write instead.
	Msg, Fix string
}

// Error returns "line 3, col 14, $.detail.state[0]: what is wrong; what to write instead".
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("line %d, col %d, %s: %s", e.Line, e.Col, e.JSONPath(), e.Msg)
	if e.Fix != "" {
		text += "; " + e.Fix
	}
	return text
}

// JSONPath returns Path as RFC 9535 writes it: $.detail['detail-type'][0].
func (e *SyntaxError) JSONPath() string { return jsonPath(e.Path) }

// SyntaxErrors are all mistakes of one pattern, in the order of the text; never empty. Parse returns it. errors.As finds
// the first *SyntaxError in it, and a *fault.Error of code Invalid.
type SyntaxErrors []*SyntaxError

// Error returns one mistake a line.
func (e SyntaxErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single mistakes.
func (e SyntaxErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, one := range e {
		errs[i] = one
	}
	return errs
}

// As lets the edge, which knows only fault codes, see a mistake in a pattern as invalid input.
func (e SyntaxErrors) As(target any) bool {
	coded, ok := target.(**fault.Error)
	if ok {
		*coded = fault.New(fault.Invalid, "%s", e.Error())
	}
	return ok
}

// position returns line and column of the byte offset pos, both from 1.
func position(src []byte, pos int) (line, col int) {
	pos = min(pos, len(src))
	before := src[:pos]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1
}

func jsonPath(steps []string) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, step := range steps {
		switch {
		case isIndex(step):
			b.WriteString("[" + step + "]")
		case isName(step):
			b.WriteString("." + clipped(step))
		default:
			b.WriteString("['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(clipped(step)) + "']")
		}
	}
	return b.String()
}

func isIndex(step string) bool {
	_, err := strconv.ParseUint(step, 10, 32)
	return err == nil
}

func isName(step string) bool {
	for i, r := range step {
		letter := r == '_' || r == '$' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return step != ""
}

// clipped shortens text that came from a pattern, so that a message stays a message.
func clipped(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

func quoted(text string) string { return strconv.Quote(clipped(text)) }
