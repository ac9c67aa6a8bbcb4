package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

func newExecutionsHistory() *cobra.Command {
	var events bool
	cmd := &cobra.Command{
		Use: "history ID", Short: "Show an execution state by state: tries, time, errors, and what each state changed in the data",
		Long: `Shows each state that was entered, in order: how long it took, each try with its error, and what became of the state's input,
line by line. --events shows the events that Step Functions' GetExecutionHistory has; -o json writes those.`,
		Example: `  riposte executions history 5f0c1d2e3b4a59687766
  riposte executions history 5f0c1d2e3b4a59687766 --events
  riposte executions history 5f0c1d2e3b4a59687766 -o json | jq '.[] | select(.type == "TaskFailed")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := format(cmd)
			if err != nil {
				return err
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			path := "/api/v1/executions/" + url.PathEscape(args[0])
			if name == "table" && !events {
				var e web.Execution
				if err := c.Call(cmd.Context(), http.MethodGet, path, nil, nil, &e); err != nil {
					return err
				}
				printHistory(plain{cmd.OutOrStdout()}, e.View)
				return nil
			}
			var list []json.RawMessage
			if err := c.Call(cmd.Context(), http.MethodGet, path+"/history", nil, nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error { return printEvents(w, list) })
		},
	}
	cmd.Flags().BoolVar(&events, "events", false, "show Step Functions' events")
	return cmd
}

// printHistory lays the states of an execution out for people.
func printHistory(w io.Writer, v playbook.View) {
	fmt.Fprintf(w, "%s  %s: %s in %s\n", v.ID, v.Start.Playbook, v.Status, Milliseconds(v.Took))
	for i, visit := range v.Visits {
		name := visit.State
		if visit.Path != "" {
			name = visit.Path + "/" + name
		}
		took := "still there"
		if !visit.Left.IsZero() {
			took = Milliseconds(visit.Took)
		}
		fmt.Fprintf(w, "\n+%-10s %s (%s), %s\n", Milliseconds(visit.Entered.Sub(v.Started)), name, visit.Type, took)
		for n, try := range visit.Tries {
			printTry(w, n+1, len(visit.Tries), try)
		}
		if visit.Left.IsZero() && !visit.Until.IsZero() {
			fmt.Fprintf(w, "  until %s\n", visit.Until.Local().Format(time.DateTime))
		}
		for _, line := range action.Diff(visit.Input, gaveTo(v, i)) {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if v.Error != "" {
		fmt.Fprintf(w, "\n%s: %s\n", v.Error, v.Why)
	}
}

func printTry(w io.Writer, n, of int, try playbook.Try) {
	if of == 1 && try.Error == "" {
		return
	}
	took := "runs"
	if !try.Ended.IsZero() {
		took = Milliseconds(try.Ended.Sub(try.Began))
	}
	fmt.Fprintf(w, "  try %d of %d, %s", n, of, took)
	if try.Error != "" {
		fmt.Fprintf(w, ": %s: %s", try.Error, try.Cause)
	}
	fmt.Fprintln(w)
}

// gaveTo is the data after a visit: the input of the one after it on the same branch, or the execution's output; the visit's own
// input where neither is known, so that nothing seems to have changed.
func gaveTo(v playbook.View, i int) json.RawMessage {
	visit := v.Visits[i]
	for _, next := range v.Visits[i+1:] {
		if next.Path == visit.Path {
			return next.Input
		}
	}
	if visit.Path == "" && v.Output != nil {
		return v.Output
	}
	return visit.Input
}

// printEvents lists events as Step Functions tells them.
func printEvents(w io.Writer, list []json.RawMessage) error {
	t := newTable(w, "ID", "BEFORE", "TIME", "TYPE", "DETAILS")
	for _, raw := range list {
		var e struct {
			ID        int     `json:"id"`
			Previous  int     `json:"previousEventId"`
			Timestamp float64 `json:"timestamp"`
			Type      string  `json:"type"`
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		if err := json.Unmarshal(raw, &members); err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		details := ""
		for _, name := range []string{"id", "previousEventId", "timestamp", "type"} {
			delete(members, name)
		}
		for _, raw := range members {
			details = string(raw)
		}
		at := time.UnixMilli(int64(e.Timestamp * 1000)).Local().Format("15:04:05.000")
		t.AppendRow([]any{e.ID, e.Previous, at, e.Type, ellipsis(details, 100)})
	}
	t.Render()
	return nil
}
