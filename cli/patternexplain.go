package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/pattern"
)

func newPatternExplain() *cobra.Command {
	var patternArg, eventArg string
	cmd := &cobra.Command{
		Use:   "explain --pattern P --event E",
		Short: "Say why an event matches a pattern or does not; exit 1 if it does not",
		Long: `Compares an event with a pattern field by field: what the event has, what the pattern wants, whether that holds, and what
decided. Each of P and E is a file, JSON text itself (it begins with a brace), or - for standard input. Lines and columns are
those of the pattern. The exit code is 0 if the event matches, else 1.`,
		Example: `  riposte pattern explain --pattern stop-logging.json --event event.json
  riposte pattern explain --pattern '{"detail": {"eventName": ["StopLogging"]}}' --event - -o json <event.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if patternArg == "" || eventArg == "" {
				return &usageError{errors.New("explain needs --pattern and --event; see `riposte pattern explain --help`")}
			}
			if patternArg == "-" && eventArg == "-" {
				return &usageError{errors.New("--pattern and --event can't both be standard input")}
			}
			return explainPattern(cmd, patternArg, eventArg)
		},
	}
	cmd.Flags().StringVar(&patternArg, "pattern", "", `the pattern: a file, JSON text, or "-"`)
	cmd.Flags().StringVar(&eventArg, "event", "", `the event: a file, JSON text, or "-"`)
	return cmd
}

func explainPattern(cmd *cobra.Command, patternArg, eventArg string) error {
	text, name, err := textOrFile(cmd, patternArg, "pattern", pattern.MaxPatternBytes)
	if err != nil {
		return err
	}
	p, err := pattern.Parse(text)
	if err != nil {
		return fmt.Errorf("%s is no pattern:\n%w", name, err)
	}
	event, from, err := textOrFile(cmd, eventArg, "event", pattern.MaxEventBytes)
	if err != nil {
		return err
	}
	x, err := p.Explain(event)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := printValue(cmd, x, func(w io.Writer) error { return printExplanation(w, name, x) }); err != nil {
		return err
	}
	if !x.Matches {
		return errFailed
	}
	return nil
}

// textOrFile returns the JSON text that an argument is or names, and what to call it.
func textOrFile(cmd *cobra.Command, arg, what string, limit int64) (text []byte, name string, err error) {
	if inline := bytes.TrimLeft([]byte(arg), " \t\r\n"); bytes.HasPrefix(inline, []byte("{")) {
		return []byte(arg), what, nil
	}
	if arg == "-" {
		name = what
	} else {
		name = arg
	}
	text, err = readFile(cmd, arg, limit)
	return text, name, err
}

// printExplanation prints a table of the fields, the $or, and the reason as its last line.
func printExplanation(w io.Writer, name string, x *pattern.Explanation) error {
	t := newTable(w, "AT", "FIELD", "HOLDS", "WHY")
	for _, f := range x.Fields {
		t.AppendRow([]any{fmt.Sprintf("%d:%d", f.Line, f.Col), f.Field, yesOrNo(f.Holds, f.Decides), f.Why})
		if len(f.Found) > 1 || len(f.Found) == 1 && strings.Contains(f.Found[0].Path, "[") {
			for _, v := range f.Found {
				t.AppendRow([]any{"", "", yesOrNo(v.Holds, false), v.Path + ": " + v.Value})
			}
			if f.More > 0 {
				t.AppendRow([]any{"", "", "", fmt.Sprintf("and %d more values", f.More)})
			}
		}
	}
	t.Render()
	for _, c := range x.Choices {
		fmt.Fprintf(w, "%d:%d $or: ", c.Line, c.Col)
		b := c.Branches[c.Nearest]
		if c.Holds {
			fmt.Fprintf(w, "branch %d of %d at %d:%d holds\n", c.Nearest+1, len(c.Branches), b.Line, b.Col)
		} else {
			fmt.Fprintf(w, "no branch holds; the nearest of %d is branch %d at %d:%d, which lacks %s\n",
				len(c.Branches), c.Nearest+1, b.Line, b.Col, strings.Join(b.Lacks, ", "))
		}
	}
	verdict := "matches: "
	if !x.Matches {
		verdict = "does not match: "
	}
	_, err := fmt.Fprintf(w, "\n%s: %s%s\n", name, verdict, x.Because)
	return err
}

// yesOrNo marks what decided.
func yesOrNo(holds, decides bool) string {
	switch {
	case holds && decides:
		return "yes, but"
	case holds:
		return "yes"
	default:
		return "no"
	}
}
