package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"riposte.dev/asl"
	"riposte.dev/asl/diagram"
)

func newPlaybookGraph() *cobra.Command {
	var as string
	cmd := &cobra.Command{
		Use: "graph FILE|NAME", Short: "Draw a definition, as Mermaid or SVG",
		Example: `  riposte playbook graph restart-trail
  riposte playbook graph restart.yaml --as svg >restart.svg`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			draw, ok := map[string]func(io.Writer, *asl.Machine) error{"mermaid": diagram.Mermaid, "svg": diagram.SVG}[as]
			if !ok {
				return &usageError{fmt.Errorf("there is no drawing as %q; use mermaid or svg", as)}
			}
			src, err := readDefinition(args[0])
			if err != nil {
				return err
			}
			machine, err := asl.Parse(args[0], src)
			if err != nil {
				return err
			}
			return draw(cmd.OutOrStdout(), machine)
		},
	}
	cmd.Flags().StringVar(&as, "as", "mermaid", "mermaid or svg")
	return cmd
}
