package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/playbook"
)

func newPlaybookCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "playbook",
		Short: "Check, run and draw playbooks",
		Long:  "A playbook is a state machine in Amazon States Language, as YAML or JSON (docs/reference/playbooks.md).",
	}
	cmd.AddCommand(newPlaybookCheck(d), newPlaybookRun(d), newPlaybookGraph())
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
					err = playbook.Check(machine, d.Actions, d.Resources)
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
