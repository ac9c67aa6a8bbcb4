package cli

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newAccountsCommand() *cobra.Command {
	var failing bool
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "List the AWS accounts that riposte looks after, and whether it can reach them",
		Long: `Lists the accounts of the configuration and those that AWS Organizations named, with the role that is assumed in each and
what is wrong where that fails. Each is checked every few minutes.`,
		Example: `  riposte accounts
  riposte accounts --failing -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var all []web.Account
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/accounts", nil, nil, &all); err != nil {
				return err
			}
			list := []web.Account{}
			for _, a := range all {
				if !failing || a.Status == "failing" {
					list = append(list, a)
				}
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "no accounts beside riposte's own")
					return nil
				}
				t := newTable(w, "ACCOUNT", "NAME", "STATUS", "CHECKED", "PROBLEM")
				for _, a := range list {
					checked, problem := "", a.Problem
					if !a.Checked.IsZero() {
						checked = a.Checked.Local().Format(time.DateTime)
					}
					if a.Hint != "" {
						problem += "; next: " + a.Hint
					}
					t.AppendRow([]any{a.ID, a.Name, a.Status, checked, problem})
				}
				t.Render()
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&failing, "failing", false, "only accounts that cannot be reached")
	return cmd
}
