package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/web"
)

func newGuardCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "guard", Short: "Ask the guard what it would decide"}
	cmd.AddCommand(newGuardExplain())
	return cmd
}

// maxExplained bounds an event, in bytes.
const maxExplained = 1 << 20

func newGuardExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain EVENT",
		Short: "Say what would be decided about an event now, and why",
		Long: `Takes an event (an EventBridge envelope or a CloudTrail record, in a file or - for standard input) and says for each rule that
matches it whether a response would start, what it would do, and what of that the guard would let pass. Nothing is started,
changed, stored or counted.`,
		Example: `  riposte guard explain event.json
  riposte guard explain - -o json <event.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, done, err := openInput(cmd, args[0])
			if err != nil {
				return err
			}
			defer done()
			raw, err := io.ReadAll(io.LimitReader(in, maxExplained+1))
			if err != nil {
				return err
			}
			if len(raw) > maxExplained || !json.Valid(raw) {
				return fault.New(fault.Invalid, "%s is not one JSON object of at most %d bytes", args[0], maxExplained)
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var list []web.Explanation
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/guard/explain", nil, json.RawMessage(raw), &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "rules match, and none of them responds")
				}
				for _, x := range list {
					printVerdict(w, x)
				}
				return nil
			})
		},
	}
}

func printVerdict(w io.Writer, x web.Explanation) {
	fmt.Fprintf(w, "%s: %s\n  event: %s\n", x.Rule, x.Title, x.Outcome)
	for _, reason := range x.Reasons {
		fmt.Fprintf(w, "    %s\n", reason)
	}
	if x.Error != "" {
		fmt.Fprintf(w, "  no plan of %s: %s\n", x.Playbook, x.Error)
	}
	if x.Mode != "" {
		fmt.Fprintf(w, "  plan of %s, in mode %s:\n", x.Playbook, x.Mode)
	}
	for _, item := range x.Items {
		fmt.Fprintf(w, "    %s\n", item)
	}
	for _, reason := range x.Plan {
		fmt.Fprintf(w, "    guard: %s\n", reason)
	}
}
