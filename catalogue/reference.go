package catalogue

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"riposte.dev/action"
)

//go:generate sh -c "go run ./gen >../docs/reference/actions.md.new && mv ../docs/reference/actions.md.new ../docs/reference/actions.md"

// reference is what docs/reference/actions.md says beside the actions; notes is what is to be said of an action beside its
// Spec, by name.
var (
	//go:embed reference.md
	reference string
	//go:embed notes/*.md
	notes embed.FS
)

// Reference describes the actions in Markdown: docs/reference/actions.md.
func Reference(specs []action.Spec) string {
	var table, sections strings.Builder
	table.WriteString("| action | what it does | can be undone |\n| --- | --- | --- |\n")
	for _, s := range specs {
		fmt.Fprintf(&table, "| [`%s`](#%s) | %s | %s |\n", s.Name, strings.ReplaceAll(s.Name, ".", ""), s.Title, undo(s))
		sections.WriteString("\n" + Describe(s))
	}
	text := strings.Replace(reference, "<!-- table -->\n", table.String()+"\n", 1)
	return strings.Replace(text, "\n<!-- actions -->\n", sections.String(), 1)
}

// Describe is the section of one action.
func Describe(s action.Spec) string {
	var b strings.Builder
	note := Note(s.Name)
	fmt.Fprintf(&b, "## %s\n\n%s.\n\n", s.Name, s.Title)
	if note == "" {
		fmt.Fprintf(&b, "%s\n\n", s.Description)
	}
	b.WriteString("| | |\n| --- | --- |\n")
	for i, p := range parameters(s.Parameters) {
		name := ""
		if i == 0 {
			name = "parameters"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, p)
	}
	permissions := "none"
	if len(s.Permissions) > 0 {
		permissions = "`" + strings.Join(s.Permissions, "`, `") + "`"
	}
	fmt.Fprintf(&b, "| permissions | %s |\n| undo | %s |\n", permissions, undo(s))
	switch s.Effect {
	case action.AtLeastOnce:
		b.WriteString("| after a crash | it may be done twice, [under the same id](#what-holds-for-all-of-them) |\n")
	case action.TokenKeyed:
		b.WriteString("| after a crash | it is called again with the same client token, for which the service does it once |\n")
	case action.StateChecked:
	}
	if s.Outside {
		fmt.Fprintf(&b, "| guard | allowed only where [an entry of `guard.allow` names it](guard.md#what-reaches-other-systems), such as `actions: [%s]` |\n", s.Name)
	}
	if s.Approval != "" {
		fmt.Fprintf(&b, "| approval | [always](guard.md#what-people-always-have-to-agree-to): %s |\n", s.Approval)
	}
	if s.Evidence == action.EventEvidence {
		b.WriteString("| evidence | the event alone, so it is [corroborated](guard.md#corroboration) first |\n")
	}
	if note != "" {
		b.WriteString("\n" + note)
	}
	return b.String()
}

// Note is what is to be said of an action beside its Spec, in Markdown; "" where that says all.
func Note(name string) string {
	text, err := notes.ReadFile("notes/" + name + ".md")
	if err != nil {
		return ""
	}
	return string(text)
}

func undo(s action.Spec) string {
	if s.Irreversible != "" {
		return "no: " + s.Irreversible
	}
	return "yes"
}

// parameters says a line for each parameter of a JSON Schema, required ones first.
func parameters(schema json.RawMessage) []string {
	var s struct {
		Required   []string
		Properties map[string]struct {
			Type        any
			Description string
			Enum        []any
			Default     any
		}
	}
	if err := json.Unmarshal(schema, &s); err != nil || len(s.Properties) == 0 {
		return []string{"none"}
	}
	names := slices.Sorted(maps.Keys(s.Properties))
	slices.SortStableFunc(names, func(a, b string) int { return optional(s.Required, a) - optional(s.Required, b) })
	lines := make([]string, 0, len(names))
	for _, name := range names {
		p := s.Properties[name]
		line := fmt.Sprintf("`%s`", name)
		if p.Type != nil {
			line += fmt.Sprintf(", %v", p.Type)
		}
		if optional(s.Required, name) == 1 {
			line += ", optional"
		}
		if p.Description != "" {
			line += ": " + strings.ReplaceAll(p.Description, "|", "\\|")
		}
		if len(p.Enum) > 0 {
			line += fmt.Sprintf(" (one of %v)", p.Enum)
		}
		if p.Default != nil {
			line += fmt.Sprintf(" (default %v)", p.Default)
		}
		lines = append(lines, line)
	}
	return lines
}

func optional(required []string, name string) int {
	if slices.Contains(required, name) {
		return 0
	}
	return 1
}
