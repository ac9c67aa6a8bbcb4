package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"golang.org/x/term"
)

// format reads the -o flag.
func format(cmd *cobra.Command) (string, error) {
	name, err := cmd.Flags().GetString("output")
	if err != nil {
		return "", err
	}
	switch name {
	case "table", "json", "ndjson", "yaml":
		return name, nil
	default:
		return "", &usageError{fmt.Errorf("there is no output format %q; use table, json, ndjson or yaml", name)}
	}
}

// printValue writes v as JSON or YAML, or calls human for the table format.
func printValue(cmd *cobra.Command, v any, human func(io.Writer) error) error {
	name, err := format(cmd)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	switch name {
	case "table":
		return human(plain{out})
	case "yaml":
		return writeYAML(out, v)
	case "ndjson":
		return writeLines(out, v)
	default:
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
}

// writeLines writes a list one element a line, anything else on one line.
func writeLines(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice {
		return enc.Encode(v)
	}
	for i := range list.Len() {
		if err := enc.Encode(list.Index(i).Interface()); err != nil {
			return err
		}
	}
	return nil
}

// writeYAML writes v with the names of its JSON form.
func writeYAML(out io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var plain any
	if err := dec.Decode(&plain); err != nil {
		return err
	}
	enc := yaml.NewEncoder(out)
	enc.SetIndent(2)
	if err := enc.Encode(numbers(plain)); err != nil {
		return err
	}
	return enc.Close()
}

// numbers replaces the numbers in v, which YAML would take for texts, by plain scalars with the same digits.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}

// newTable returns a plain table that writes to out, as wide as the terminal.
func newTable(out io.Writer, columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	screen := out
	if p, ok := out.(plain); ok {
		screen = p.Writer
	}
	if f, ok := screen.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			t.Style().Size.WidthMax = width
		}
	}
	t.AppendHeader(table.Row(columns))
	return t
}

// isTerminal reports whether w is a person's terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
