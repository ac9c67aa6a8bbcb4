package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/guard"
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
matches it whether a response would start, what it would do, and what of that the guard would let pass: a line for each stage of
the guard, whether it passed, refused or was not asked, and why. Nothing is started, changed, stored or counted.`,
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
	fmt.Fprintf(w, "%s: %s\n\nevent: %s\n", x.Rule, x.Title, x.Outcome)
	printSteps(w, x.Stages)
	for _, p := range x.Plans {
		fmt.Fprintf(w, "\n%s of %s: mode %s", p.Action, x.Playbook, p.Mode)
		if p.Approvers > 0 {
			fmt.Fprintf(w, ", to be approved by %d", p.Approvers)
		}
		fmt.Fprintln(w)
		for _, item := range p.Items {
			fmt.Fprintf(w, "  %s\n", item)
		}
		printSteps(w, p.Stages)
	}
	if x.Error != "" {
		fmt.Fprintf(w, "\nno plan of %s: %s\n", x.Playbook, x.Error)
	}
}

// printSteps writes a table that is as wide as its longest sentence: none is cut off.
func printSteps(w io.Writer, steps []guard.Step) {
	const row = "  %-13s  %-9s  %s\n"
	fmt.Fprintf(w, row, "STAGE", "ANSWER", "WHY")
	for _, s := range steps {
		fmt.Fprintf(w, row, s.Stage, s.Answer, s.Why)
	}
}
