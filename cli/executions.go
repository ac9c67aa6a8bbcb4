package cli

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

func newExecutionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "executions",
		Short: "Look at what riposte did, and take it back",
		Long:  "An execution is one run of a playbook for one cause. Everything that it did is in its journal.",
	}
	cmd.AddCommand(newExecutionsList(), newExecutionsGet(), newExecutionsUndo())
	return cmd
}

func newExecutionsList() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List executions, the latest first",
		Example: "  riposte executions list --since 24h\n  riposte executions list --status FAILED -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var list []playbook.Summary
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/executions", query.values(time.Now()), nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "no executions")
					return nil
				}
				t := newTable(w, "ID", "STARTED", "STATUS", "MODE", "WHAT", "DONE", "FIRST CALL")
				for _, s := range list {
					first := ""
					if s.FirstCall > 0 {
						first = Milliseconds(s.FirstCall)
					}
					t.AppendRow([]any{s.ID, s.Started.Local().Format(time.DateTime), s.Status, s.Mode, ellipsis(s.Title, 60), items(s.Items), first})
				}
				t.Render()
				return nil
			})
		},
	}
	query.flags(cmd, "status", "rule", "playbook", "account", "cause", "resource")
	return cmd
}

// items counts plan items in words: "2 changed, 1 excepted".
func items(counts map[action.Status]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[status], status))
	}
	return strings.Join(parts, ", ")
}

func newExecutionsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show everything that an execution did", Example: "  riposte executions get 5f0c1d2e3b4a59687766",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var view playbook.View
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/executions/"+url.PathEscape(args[0]), nil, nil, &view); err != nil {
				return err
			}
			return printValue(cmd, view, func(w io.Writer) error {
				printView(w, view)
				return nil
			})
		},
	}
}

func printView(w io.Writer, v playbook.View) {
	fmt.Fprintf(w, "%s  %s\n", v.ID, v.Start.Title)
	fmt.Fprintf(w, "rule %s, playbook %s, mode %s: %s in %s\n", or(v.Start.Rule, "—"), v.Start.Playbook, v.Start.Mode, v.Status, Milliseconds(v.Took))
	if v.Error != "" {
		fmt.Fprintf(w, "error %s: %s\n", v.Error, v.Why)
	}
	fmt.Fprintln(w)
	t := newTable(w, "AT", "STATE", "TYPE", "TOOK", "WHAT")
	for _, visit := range v.Visits {
		what := ""
		for _, try := range visit.Tries {
			if try.Error != "" {
				what = try.Error + ": " + try.Cause
			}
		}
		t.AppendRow([]any{"+" + Milliseconds(visit.Entered.Sub(v.Start.Received)), visit.State, visit.Type, Milliseconds(visit.Took), ellipsis(what, 80)})
	}
	t.Render()
	printPlans(w, v.Plans)
	for _, reason := range v.Reasons {
		fmt.Fprintln(w, "guard:", reason)
	}
	if v.Undoable {
		fmt.Fprintf(w, "\nundo: riposte executions undo %s\n", v.ID)
	}
}

// printPlans shows plans item by item with their diff and calls.
func printPlans(w io.Writer, plans []action.Plan) {
	for _, plan := range plans {
		fmt.Fprintf(w, "\n%s in %s %s\n", plan.Action, plan.Account, plan.Region)
		for _, item := range plan.Items {
			fmt.Fprintf(w, "  %-9s %s\n            %s\n", item.Status, or(item.Resource.ARN, item.Resource.Name), item.Reason)
			if item.Error != "" {
				fmt.Fprintf(w, "            error: %s\n", item.Error)
			}
			for _, line := range action.Diff(item.Before, item.After) {
				fmt.Fprintf(w, "            %s\n", line)
			}
			if len(item.Receipts) == 0 {
				for _, call := range item.Calls {
					fmt.Fprintf(w, "            call %s:%s %s\n", call.Service, call.Operation, call.Input)
				}
			}
			for _, receipt := range item.Receipts {
				fmt.Fprintf(w, "            called %s:%s, request %s %s\n", receipt.Service, receipt.Operation, receipt.RequestID, receipt.Error)
			}
		}
	}
}

func newExecutionsUndo() *cobra.Command {
	var req web.UndoRequest
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "Take back what an execution changed",
		Long: `Looks at each resource, puts back what the execution changed, verifies, and tells people. What somebody else has
changed since is shown as a conflict and left alone.`,
		Example: `  riposte executions undo 5f0c1d2e3b4a59687766 --dry-run
  riposte executions undo 5f0c1d2e3b4a59687766`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var undone playbook.Undone
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/executions/"+url.PathEscape(args[0])+"/undo", nil, req, &undone); err != nil {
				return err
			}
			conflicts := 0
			for _, plan := range undone.Plans {
				for _, item := range plan.Items {
					if item.Status == action.Conflict || item.Status == action.Failed {
						conflicts++
					}
				}
			}
			err = printValue(cmd, undone, func(w io.Writer) error {
				if undone.ID != "" {
					fmt.Fprintf(w, "undone by execution %s: %s\n", undone.ID, undone.Status)
				} else {
					fmt.Fprintln(w, "dry run; nothing was changed")
				}
				printPlans(w, undone.Plans)
				return nil
			})
			if err == nil && conflicts > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d resources were not put back; see above\n", conflicts)
				return errFailed
			}
			return err
		},
	}
	cmd.Flags().StringVar(&req.Step, "step", "", "only what this state did")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "look and show; change nothing")
	return cmd
}
