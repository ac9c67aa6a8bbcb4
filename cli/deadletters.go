package cli

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newDeadLettersCommand() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List what could not be handled, and why",
		Long: `Events that cannot be read, notifications that no retry delivered and work that failed for good are kept, with the
reason, until somebody has looked at them.`,
		Example: "  riposte dead-letters --source intake -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var list []web.DeadLetter
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/dead-letters", query.values(time.Now()), nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "no dead letters")
					return nil
				}
				t := newTable(w, "SEQ", "TIME", "SOURCE", "REASON", "KEY")
				for _, l := range list {
					t.AppendRow([]any{l.Seq, l.Time.Format(time.RFC3339), l.Source, l.Reason, l.Key})
				}
				t.Render()
				return nil
			})
		},
	}
	query.flags(cmd, "source")
	return cmd
}
