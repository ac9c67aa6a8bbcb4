package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/guard"
)

func newExceptionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exceptions",
		Short: "Leave a resource alone: with an owner, a reason and an end",
		Long: `An exception makes riposte leave a resource alone and report that it did. It names who answers for it and
why, and it ends: at its expiry the rule is enforced again.`,
	}
	cmd.AddCommand(newExceptionsAdd(), newExceptionsList(), newExceptionsRemove())
	return cmd
}

func newExceptionsAdd() *cobra.Command {
	var e guard.Exception
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "add --resource ARN --owner WHO --reason WHY --for DURATION",
		Short: "Add an exception",
		Example: `  riposte exceptions add --resource 'arn:aws:cloudtrail:*:111122223333:trail/migration' \
      --owner platform@example.com --reason 'trail is being replaced' --ticket OPS-42 --for 48h`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			if lasts > 0 {
				e.Expires = time.Now().Add(lasts).UTC().Truncate(time.Second)
			}
			var added guard.Exception
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/exceptions", nil, e, &added); err != nil {
				return err
			}
			return printValue(cmd, added, func(w io.Writer) error {
				fmt.Fprintf(w, "exception %s: %s is left alone until %s\n", added.ID, added.Resource, added.Expires.Format(time.RFC3339))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.Resource, "resource", "", "ARN of the resource; * and ? are wildcards")
	f.StringVar(&e.Owner, "owner", "", "who answers for it")
	f.StringVar(&e.Reason, "reason", "", "why")
	f.StringVar(&e.Ticket, "ticket", "", "where it was agreed")
	f.StringVar(&e.Rule, "rule", "", "only for this rule")
	f.StringVar(&e.Action, "action", "", "only for this action")
	f.StringVar(&e.Account, "account", "", "only in this account")
	f.DurationVar(&lasts, "for", 0, "how long it holds, such as 48h; at most a year")
	return cmd
}

func newExceptionsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the exceptions that hold now", Example: "  riposte exceptions list -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var list []guard.Exception
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/exceptions", nil, nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "no exceptions hold")
					return nil
				}
				t := newTable(w, "ID", "RESOURCE", "RULE", "OWNER", "REASON", "EXPIRES")
				for _, e := range list {
					t.AppendRow([]any{e.ID, e.Resource, or(e.Rule, "every rule"), e.Owner, e.Reason, e.Expires.Format(time.RFC3339)})
				}
				t.Render()
				return nil
			})
		},
	}
}

func newExceptionsRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "End an exception now", Example: "  riposte exceptions remove x-7f3a",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			if err := c.Call(cmd.Context(), http.MethodDelete, "/api/v1/exceptions/"+url.PathEscape(args[0]), nil, nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "exception %s ended; the rule is enforced again\n", args[0])
			return nil
		},
	}
}

// or returns the first text that is not empty.
func or(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
