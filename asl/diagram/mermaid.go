// Package diagram draws state machines: as Mermaid, which wikis and chats show, and as SVG.
package diagram

import (
	"fmt"
	"io"
	"strings"

	"riposte.dev/asl"
)

// Mermaid writes the machine as a flowchart (https://mermaid.js.org/syntax/flowchart.html).
func Mermaid(w io.Writer, m *asl.Machine) error {
	c := chart{ids: map[string]string{}}
	c.line(0, "flowchart TD")
	c.flow(1, &m.Flow, "start", "done")
	_, err := io.WriteString(w, c.text.String())
	return err
}

type chart struct {
	text strings.Builder
	ids  map[string]string // by state: names may have any characters, ids may not
	ends int
}

func (c *chart) line(depth int, format string, args ...any) {
	c.text.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&c.text, format+"\n", args...)
}

func (c *chart) id(state string) string {
	if c.ids[state] == "" {
		c.ids[state] = fmt.Sprintf("s%d", len(c.ids)+1)
	}
	return c.ids[state]
}

// flow writes the states of a flow between its own start and end.
func (c *chart) flow(depth int, f *asl.Flow, start, end string) {
	c.line(depth, "%s((\" \")) --> %s", start, c.id(f.StartAt))
	ends := false
	for _, name := range f.Order {
		s := f.States[name]
		c.state(depth, s)
		for _, t := range s.Transitions() {
			to := c.id(t.To)
			if t.To == "" {
				to, ends = end, true
			}
			c.line(depth, "%s %s%s %s", c.id(name), arrow(t), label(t.Label), to)
		}
	}
	if ends {
		c.line(depth, "%s(((\" \")))", end)
	}
}

func arrow(t asl.Transition) string {
	if t.Error {
		return "-.->"
	}
	return "-->"
}

func label(text string) string {
	if text == "" {
		return ""
	}
	return "|" + quoted(text) + "|"
}

// state writes one state, with what is inside.
func (c *chart) state(depth int, s *asl.State) {
	id, text := c.id(s.Name), quoted(s.Name)
	switch {
	case len(s.Branches) > 0:
		c.line(depth, "subgraph %s[%s]", id, quoted(s.Name+" ("+string(s.Type)+")"))
		for _, b := range s.Branches {
			c.ends++
			c.flow(depth+1, b, fmt.Sprintf("start%d", c.ends), fmt.Sprintf("done%d", c.ends))
		}
		c.line(depth, "end")
	case s.Type == asl.Choice:
		c.line(depth, "%s{%s}", id, text)
	case s.Type == asl.Task:
		c.line(depth, "%s[%s]", id, quoted(s.Name+"\n"+s.Resource))
	case s.Type == asl.Succeed || s.Type == asl.Fail:
		c.line(depth, "%s([%s])", id, quoted(s.Name+" ("+string(s.Type)+")"))
	default:
		c.line(depth, "%s(%s)", id, quoted(s.Name))
	}
}

// quoted is text in quotes, with what means something to Mermaid or HTML as entities.
func quoted(text string) string {
	escape := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "\n", "<br>", "`", "#96;")
	return `"` + escape.Replace(text) + `"`
}
