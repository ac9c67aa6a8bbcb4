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
	cmd.AddCommand(newExecutionsList(), newExecutionsGet(), newExecutionsHistory(), newExecutionsWatch(), newExecutionsUndo(), newExecutionsStop(), newExecutionsRedrive(), newExecutionsSignal(), newExecutionsEvidence())
	return cmd
}

func newExecutionsList() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List executions, the latest first",
		Long: "Lists executions, those that started last first. The filters must all hold.",
		Example: `  riposte executions list --since 24h
  riposte executions list --status FAILED -o json
  riposte executions list --rule cloudtrail-logging-stopped --since 2026-11-01 --until 2026-11-08`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			list, next, err := pages(&query, time.Now(), func(v url.Values) (list []playbook.Summary, last string, err error) {
				if err = c.Call(cmd.Context(), http.MethodGet, "/api/v1/executions", v, nil, &list); err == nil && len(list) > 0 {
					last = list[len(list)-1].ID
				}
				return list, last, err
			})
			if err != nil {
				return err
			}
			defer sayMore(cmd, next)
			return printValue(cmd, some(list), func(w io.Writer) error {
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
					t.AppendRow([]any{s.ID, s.Started.Local().Format(time.DateTime), s.Status, s.Mode, ellipsis(s.Title, 60), became(s), first})
				}
				t.Render()
				return nil
			})
		},
	}
	query.flags(cmd,
		listFilter{name: "status", usage: "only with this status: " + words(web.ExecutionStatuses()), upper: true},
		listFilter{name: "rule", usage: "only started by this rule"},
		listFilter{name: "playbook", usage: "only of this playbook"},
		listFilter{name: "account", usage: "only for events of this AWS account"},
		listFilter{name: "cause", usage: "only for this cause or root cause"},
		listFilter{name: "resource", usage: "only that planned for the resource with this ARN"})
	query.untilFlag(cmd)
	return cmd
}

// became says in words what became of an execution's items: "2 changed, 1 excepted; undone by …".
func became(s playbook.Summary) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(s.Items)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Items[status], status))
	}
	text := strings.Join(parts, ", ")
	if s.Held != "" {
		text += "; waits: " + s.Held
	}
	if s.UndoneBy != "" {
		text += "; undone by " + s.UndoneBy
	}
	return strings.TrimPrefix(text, "; ")
}

func newExecutionsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show everything that an execution did, and who was told",
		Long: `Shows each step with its time, the plans with every resource before and after, the AWS calls with their request ids, what
the guard said, who was told, and how to take it back.`,
		Example: `  riposte executions get 5f0c1d2e3b4a59687766
  riposte executions get 5f0c1d2e3b4a59687766 -o json | jq '.plans[].items[].receipts'`,
		Args: cobra.ExactArgs(1),
		RunE: showOne("/api/v1/executions/", printExecution),
	}
}

// printExecution lays an execution out for people.
func printExecution(w io.Writer, e web.Execution) {
	s := e.Start
	fmt.Fprintf(w, "%s  %s\n", e.ID, s.Title)
	fmt.Fprintf(w, "%s, rule %s, playbook %s, mode %s: %s in %s\n", or(s.Severity, "no severity"), or(s.Rule, "—"), s.Playbook, s.Mode, e.Status, Milliseconds(e.Took))
	fmt.Fprintf(w, "account %s, region %s, event received %s", or(s.Account, "—"), or(s.Region, "—"), s.Received.Local().Format("2006-01-02 15:04:05.000"))
	if e.FirstCall > 0 {
		fmt.Fprintf(w, ", first call +%s", Milliseconds(e.FirstCall))
	}
	fmt.Fprintln(w)
	if s.Undoes != "" {
		fmt.Fprintf(w, "takes back execution %s, asked for by %s\n", s.Undoes, s.By)
	}
	if e.Held != "" {
		fmt.Fprintf(w, "waits: %s\n", e.Held)
	}
	for _, x := range e.Expiries {
		fmt.Fprintln(w, expiry(x))
	}
	if e.Recovered {
		fmt.Fprintln(w, "was interrupted, and went on when riposte was back")
	}
	if e.Error != "" {
		fmt.Fprintf(w, "error %s: %s\n", e.Error, e.Why)
	}
	fmt.Fprintln(w)
	printVisits(w, e.View)
	printPlans(w, e.Plans)
	if len(e.Reasons) > 0 {
		fmt.Fprintln(w)
	}
	for _, reason := range e.Reasons {
		fmt.Fprintln(w, "guard:", reason)
	}
	if len(e.Told) > 0 {
		fmt.Fprintln(w, "\ntold, the latest first:")
	}
	for _, t := range e.Told {
		fmt.Fprintf(w, "  %s  %-8s %s\n", t.At.Local().Format("15:04:05.000"), t.Status, strings.TrimSpace(or(t.Channel, t.Route)+" "+t.To+" "+t.Error))
	}
	if s.Finding != "" {
		fmt.Fprintf(w, "\nfinding: riposte findings get '%s'\n", s.Finding)
	}
	if e.Undoable {
		fmt.Fprintf(w, "undo:    riposte executions undo %s\n", e.ID)
	}
}

// expiry says where a change that does not last stands.
func expiry(x playbook.ExpiryView) string {
	at := x.At.Local().Format(time.DateTime)
	switch {
	case x.ByHand:
		return fmt.Sprintf("what %s did was to expire %s, and was taken back by hand", x.State, at)
	case x.Execution == "":
		return fmt.Sprintf("what %s did expires %s", x.State, at)
	default:
		return fmt.Sprintf("what %s did expired %s: taken back by execution %s (%s)", x.State, at, x.Execution, x.Status)
	}
}

func printVisits(w io.Writer, v playbook.View) {
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
}

// itemStatus is an item's status in words.
func itemStatus(item action.Item) string {
	if item.Status == action.Failed && item.Touched() {
		return "failed, partly changed:"
	}
	return string(item.Status)
}

// printPlans shows plans item by item with their diff and calls.
func printPlans(w io.Writer, plans []action.Plan) {
	for _, plan := range plans {
		fmt.Fprintf(w, "\n%s in %s %s\n", plan.Action, plan.Account, plan.Region)
		for _, item := range plan.Items {
			fmt.Fprintf(w, "  %-9s %s\n            %s\n", itemStatus(item), or(item.Resource.ARN, item.Resource.Name), item.Reason)
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
