package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newDeadLettersCommand() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List what could not be handled, and why, the oldest first",
		Long: `Events that cannot be read, notifications that no retry delivered and work that failed for good are kept, with the
reason; they stay.`,
		Example: "  riposte dead-letters\n  riposte dead-letters --source intake --since 24h -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			list, next, err := pages(&query, time.Now(), func(v url.Values) (list []web.DeadLetter, last string, err error) {
				if err = c.Call(cmd.Context(), http.MethodGet, "/api/v1/dead-letters", v, nil, &list); err == nil && len(list) > 0 {
					last = strconv.FormatUint(list[len(list)-1].Seq, 10)
				}
				return list, last, err
			})
			if err != nil {
				return err
			}
			defer sayMore(cmd, next)
			return printValue(cmd, some(list), func(w io.Writer) error {
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
	query.flags(cmd, listFilter{name: "source", usage: "only from this source, such as intake"})
	return cmd
}
