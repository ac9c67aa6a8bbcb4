package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/guard"
	"riposte.dev/store"
)

func newExceptionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exceptions",
		Short: "Leave a resource alone: with an owner, a reason and an end",
		Long: `An exception makes riposte leave a resource alone and report that it did. It names who answers for it and
why, and it ends: at its expiry the rule is enforced again.`,
	}
	cmd.AddCommand(newExceptionsAdd(), newExceptionsList(), newExceptionsGet(), newExceptionsRemove())
	return cmd
}

func newExceptionsList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the exceptions that hold now, or all that ever did",
		Example: `  riposte exceptions list
  riposte exceptions list --all -o yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			query := url.Values{}
			if all {
				query.Set("all", "true")
			}
			var list []store.ExceptionRecord
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/exceptions", query, nil, &list); err != nil {
				return err
			}
			if !all { // who added them is not told, nor is there an end
				held := make([]guard.Exception, len(list))
				for i, e := range list {
					held[i] = e.Exception
				}
				return printValue(cmd, held, func(w io.Writer) error { return exceptionTable(w, list, "no exceptions hold") })
			}
			return printValue(cmd, some(list), func(w io.Writer) error { return exceptionTable(w, list, "there never was an exception") })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that have ended too, the latest first")
	return cmd
}

// exceptionTable lays exceptions out for people, or says that there are none.
func exceptionTable(w io.Writer, list []store.ExceptionRecord, none string) error {
	if len(list) == 0 {
		fmt.Fprintln(w, none)
		return nil
	}
	now := time.Now()
	t := newTable(w, "ID", "RESOURCE", "RULE", "OWNER", "REASON", "ENDS")
	for _, e := range list {
		t.AppendRow([]any{e.ID, e.Resource, or(e.Rule, "every rule"), e.Owner, ellipsis(e.Reason, 60), exceptionEnd(e, now)})
	}
	t.Render()
	return nil
}

// exceptionEnd says when an exception ends or how it ended.
func exceptionEnd(e store.ExceptionRecord, now time.Time) string {
	switch {
	case !e.Removed.IsZero():
		return "removed " + e.Removed.Local().Format(time.DateTime) + " by " + e.RemovedBy
	case e.Expires.Before(now):
		return "expired " + e.Expires.Local().Format(time.DateTime)
	}
	return e.Expires.Local().Format(time.DateTime)
}

func newExceptionsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show an exception, and who added and ended it",
		Example: `  riposte exceptions get ex-7f3a
  riposte exceptions get ex-7f3a -o json`,
		Args: cobra.ExactArgs(1),
		RunE: showOne("/api/v1/exceptions/", printException),
	}
}

func printException(w io.Writer, e store.ExceptionRecord) {
	for _, line := range [][2]string{
		{"id", e.ID}, {"resource", e.Resource}, {"rule", or(e.Rule, "every rule")}, {"action", or(e.Action, "every action")},
		{"account", or(e.Account, "every account")}, {"owner", e.Owner}, {"reason", e.Reason}, {"ticket", e.Ticket},
		{"added", e.Created.Local().Format(time.DateTime) + " by " + e.AddedBy}, {"ends", exceptionEnd(e, time.Now())},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%-9s %s\n", line[0], line[1])
		}
	}
}

func newExceptionsRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Aliases: []string{"end"}, Short: "End an exception now", Example: "  riposte exceptions remove ex-7f3a",
		Long: "Ends an exception before its time. It stays in the list of `riposte exceptions list --all`, with who ended it.",
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
