package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/content"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

func newPlaybookCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "playbook",
		Short: "Check, run and draw playbooks",
		Long: "A playbook is a state machine in Amazon States Language, as YAML or JSON (docs/reference/playbooks.md).\n" +
			"FILE is one; NAME is that of a bundled one, such as restart-trail, where there is no such file.",
	}
	cmd.AddCommand(newPlaybookCheck(d), newPlaybookRun(d), newPlaybookGraph())
	return cmd
}

func newPlaybookCheck(d Deps) *cobra.Command {
	return &cobra.Command{
		Use: "check FILE|NAME...", Short: "Check definitions; show every mistake with its place",
		Example: "  riposte playbook check playbooks/*.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, name := range args {
				src, err := readDefinition(name)
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

// readDefinition reads a file, or the bundled playbook of that name where there is no such file.
func readDefinition(name string) ([]byte, error) {
	src, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return src, err
	}
	if bundled, missing := fs.ReadFile(content.Playbooks(), name+".yaml"); missing == nil {
		return bundled, nil
	}
	return nil, fault.New(fault.NotFound, "there is no file %s, and no bundled playbook of that name", name).
		WithHint("name a file; the bundled ones are in docs/guide/automations.md, such as restart-trail")
}
