package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/playbook"
)

func newPlaybookCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "playbook",
		Short: "Check and run playbooks",
		Long:  "A playbook is a state machine in Amazon States Language, as YAML or JSON (docs/reference/playbooks.md).",
	}
	cmd.AddCommand(newPlaybookCheck(d), newPlaybookRun())
	return cmd
}

func newPlaybookCheck(d Deps) *cobra.Command {
	return &cobra.Command{
		Use: "check FILE...", Short: "Check definitions; show every mistake with its place",
		Example: "  riposte playbook check playbooks/*.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, name := range args {
				src, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				machine, err := asl.Parse(name, src)
				if err == nil {
					err = playbook.Check(machine, d.Actions)
				}
				errs = append(errs, err)
			}
			if err := conf.Join(errs...); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d playbooks are valid\n", len(args))
			return nil
		},
	}
}

func newActionsCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use: "actions", Short: "List what riposte can do to an account",
		Example: "  riposte actions\n  riposte actions -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			specs := d.Actions.Specs()
			return printValue(cmd, specs, func(w io.Writer) error {
				t := newTable(w, "ACTION", "WHAT", "UNDO", "PERMISSIONS")
				for _, s := range specs {
					undo := "yes"
					if s.Irreversible != "" {
						undo = "no: " + s.Irreversible
					}
					for i, permission := range s.Permissions {
						if i == 0 {
							t.AppendRow([]any{s.Name, s.Title, undo, permission})
						} else {
							t.AppendRow([]any{"", "", "", permission})
						}
					}
				}
				t.Render()
				return nil
			})
		},
	}
	return cmd
}
