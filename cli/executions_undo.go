package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

func newExecutionsUndo() *cobra.Command {
	var req web.UndoRequest
	var yes bool
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "Take back what an execution changed",
		Long: `Looks at each resource, shows what would be put back, and asks. Then it puts back what the execution changed, verifies, and
tells people. With guard.undo: approve it waits until somebody else agrees. What somebody else has changed since is shown as a
conflict and left alone; the exit code is 1 then.`,
		Example: `  riposte executions undo 5f0c1d2e3b4a59687766 --dry-run
  riposte executions undo 5f0c1d2e3b4a59687766
  riposte executions undo 5f0c1d2e3b4a59687766 --step StartLogging --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			undo := func(dryRun bool) (undone playbook.Undone, err error) {
				req.DryRun = dryRun
				return undone, c.Call(cmd.Context(), http.MethodPost, "/api/v1/executions/"+url.PathEscape(args[0])+"/undo", nil, req, &undone)
			}
			if req.DryRun {
				preview, err := undo(true)
				if err != nil {
					return err
				}
				return printUndone(cmd, preview)
			}
			if !yes {
				preview, err := undo(true)
				if err != nil {
					return err
				}
				if count(preview.Plans, action.Change) == 0 {
					fmt.Fprintln(cmd.ErrOrStderr(), "there is nothing to put back")
					return printUndone(cmd, preview)
				}
				printPlans(plain{cmd.ErrOrStderr()}, preview.Plans)
				if err := confirm(cmd, "\nput this back?"); err != nil {
					return err
				}
			}
			undone, err := undo(false)
			if err != nil {
				return err
			}
			return printUndone(cmd, undone)
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Step, "step", "", "only what this state did, such as StartLogging")
	f.BoolVar(&req.DryRun, "dry-run", false, "look and show; change nothing")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// confirm asks a question on standard error; any answer but yes ends the command with exit code 1.
func confirm(cmd *cobra.Command, question string) error {
	fmt.Fprint(cmd.ErrOrStderr(), question, " [y/N] ")
	text, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if !isTerminal(cmd.InOrStdin()) {
		fmt.Fprintln(cmd.ErrOrStderr()) // a terminal shows the line end that was typed
	}
	if text == "" && errors.Is(err, io.EOF) {
		fmt.Fprintln(cmd.ErrOrStderr(), "nobody answered, and nothing was changed\n  next: pass --yes to go on without a question")
		return errFailed
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "nothing was changed")
	return errFailed
}

// count is how many items of plans have one of the statuses.
func count(plans []action.Plan, statuses ...action.Status) (n int) {
	for _, plan := range plans {
		for _, item := range plan.Items {
			for _, status := range statuses {
				if item.Status == status {
					n++
				}
			}
		}
	}
	return n
}

// printUndone shows what an undo did, or would do; it fails where something was not put back.
func printUndone(cmd *cobra.Command, undone playbook.Undone) error {
	err := printValue(cmd, undone, func(w io.Writer) error {
		switch {
		case undone.Approval != "":
			fmt.Fprintf(w, "execution %s waits until somebody else approves it: riposte approvals approve %s\n", undone.ID, undone.Approval)
		case undone.ID != "":
			fmt.Fprintf(w, "undone by execution %s: %s\n", undone.ID, undone.Status)
		default:
			fmt.Fprintln(w, "dry run; nothing was changed")
		}
		printPlans(w, undone.Plans)
		return nil
	})
	if left := count(undone.Plans, action.Conflict, action.Failed); err == nil && left > 0 {
		verb := "were not put back"
		if undone.ID == "" {
			verb = "would not be put back"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "resources that %s: %d; see above\n", verb, left)
		return errFailed
	}
	return err
}
