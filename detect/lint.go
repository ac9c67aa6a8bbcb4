package detect

import (
	"fmt"

	"riposte.dev/conf"
	"riposte.dev/pattern"
)

// lint warns of patterns that are legal and cannot do what they seem to.
func (c *checker) lint(path string, p *pattern.Pattern, raw conf.Raw) {
	for _, w := range p.Lint() {
		c.warnings = append(c.warnings, conf.Problem{Position: placeOf(raw.Node, w.Path), Path: path, Hint: w.Fix,
			Message: fmt.Sprintf("in the pattern, at %s: %s", jsonPath(w.Path), w.Msg)})
	}
	if raw.Node.Get("detail-type") == nil && raw.Node.Get("$or") == nil {
		c.warn(path, "add detail-type: [AWS API Call via CloudTrail], or the list of those that you mean",
			"the pattern names no detail-type, so every kind of event is compared")
	}
}

// jsonPath writes a pattern's path for a message.
func jsonPath(path []string) string {
	return (&pattern.SyntaxError{Path: path}).JSONPath()
}
