package cli

import (
	_ "embed" // the beginning and the end of the reference
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:generate sh -c "go run riposte.dev/cmd/riposte reference >../docs/reference/cli.md.new && mv ../docs/reference/cli.md.new ../docs/reference/cli.md"

// referenceText is what docs/reference/cli.md says beside the commands, which take the place of referenceMark.
//
//go:embed reference.md
var referenceText string

const referenceMark = "<!-- commands -->\n"

func newReferenceCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "reference", Short: "Write the reference of every command in Markdown", Hidden: true,
		Example: "  riposte reference >docs/reference/cli.md",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeReference(cmd.OutOrStdout(), root)
		},
	}
}

// writeReference describes every command that help shows, group by group.
func writeReference(w io.Writer, root *cobra.Command) error {
	before, after, _ := strings.Cut(referenceText, referenceMark)
	var b strings.Builder
	b.WriteString(before)
	for _, group := range append(root.Groups(), &cobra.Group{Title: "More:"}) {
		fmt.Fprintf(&b, "## %s\n\n", strings.TrimSuffix(group.Title, ":"))
		for _, cmd := range root.Commands() {
			if cmd.GroupID == group.ID {
				walk(cmd, func(cmd *cobra.Command) { describe(&b, cmd) })
			}
		}
	}
	b.WriteString(after)
	_, err := io.WriteString(w, b.String())
	return err
}

// describe writes the section of one command.
func describe(b *strings.Builder, cmd *cobra.Command) {
	if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
		return
	}
	fmt.Fprintf(b, "### `%s`\n\n%s.\n\n", strings.TrimPrefix(cmd.CommandPath(), "riposte "), cmd.Short)
	if cmd.Long != "" {
		fmt.Fprintf(b, "%s\n\n", fence(cmd.Long))
	}
	if cmd.HasAvailableSubCommands() && !cmd.HasExample() {
		return
	}
	fmt.Fprintf(b, "```\n%s\n```\n\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(b, "Also called: `%s`.\n\n", strings.Join(cmd.Aliases, "`, `"))
	}
	if flags := cmd.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		b.WriteString("| flag | meaning |\n| --- | --- |\n")
		flags.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" {
				fmt.Fprintf(b, "| %s | %s |\n", flagName(f), flagMeaning(f))
			}
		})
		b.WriteString("\n")
	}
	if cmd.HasExample() {
		fmt.Fprintf(b, "```sh\n%s\n```\n\n", outdent(cmd.Example))
	}
}

// flagName is a flag as it is typed, with what its value is.
func flagName(f *pflag.Flag) string {
	name := "`--" + f.Name
	if f.Shorthand != "" {
		name = "`-" + f.Shorthand + "`, " + name
	}
	if f.Value.Type() != "bool" {
		kind := strings.TrimSuffix(strings.TrimSuffix(f.Value.Type(), "Array"), "Slice")
		if kind == "strings" {
			kind = "string"
		}
		name += " " + kind
	}
	return name + "`"
}

// flagMeaning is a flag's help with its default, as a cell of a table.
func flagMeaning(f *pflag.Flag) string {
	text := f.Usage
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
	default:
		text += " (default `" + strings.Trim(f.DefValue, "[]") + "`)"
	}
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

// fence puts lines that are indented, by two spaces or a tab, into fences.
func fence(text string) string {
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		code := strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
		if code != fenced && strings.TrimSpace(line) != "" {
			b.WriteString("```\n")
			fenced = code
		}
		b.WriteString(line)
	}
	if fenced {
		b.WriteString("```\n")
	}
	return strings.TrimSpace(b.String())
}

// outdent takes away the two spaces with which every line of an example begins.
func outdent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
