package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"riposte.dev/content"
	"riposte.dev/detect"
)

func newValidateCommand(d Deps) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "validate [RULES...]",
		Short: "Check rules, playbooks and configuration; show every mistake with its place",
		Long: `Without arguments it checks the configuration with the rules and playbooks that it names. With arguments, files or
folders of rules. Nothing is started or changed.`,
		Example: `  riposte validate --config riposte.yaml
  riposte validate ./rules`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if err := d.CheckConfig(config); err != nil {
					return err
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "everything is valid")
				return nil
			}
			rules := ruleFlags{paths: args}
			set, err := rules.load(detect.LoadOptions{})
			if err != nil {
				return err
			}
			for _, warning := range set.Warnings() {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", warning)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d rules are valid, %d warnings\n", set.Len(), len(set.Warnings()))
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (default riposte.yaml where there is one)")
	return cmd
}

func newTestCommand() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use:   "test [RULES...]",
		Short: "Run the tests that rules carry",
		Long: `Runs every rule's tests: an event, and what the rule makes of it. Without arguments the bundled rules are tested.
A rule without a test that matches and one that does not is reported.`,
		Example: `  riposte test ./rules
  riposte test --rule cloudtrail-logging-stopped`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			rules := ruleFlags{paths: args}
			options := detect.LoadOptions{}
			if len(args) == 0 {
				options.Playbooks = content.PlaybookNames()
			}
			set, err := rules.load(options)
			if err != nil {
				return err
			}
			report, err := detect.Test(cmd.Context(), set, detect.TestOptions{Rules: only})
			if err != nil {
				return err
			}
			err = printValue(cmd, report, func(w io.Writer) error {
				for _, failure := range report.Failures {
					fmt.Fprintln(w, failure)
				}
				for _, id := range report.Untested {
					fmt.Fprintf(w, "%s: rule %s needs a test that matches and one that does not\n", set.Rule(id).Position, id)
				}
				fmt.Fprintf(w, "%d rules, %d tests: %d passed, %d failed\n", report.Rules, report.Tests, report.Tests-len(report.Failures), len(report.Failures))
				if report.Unplanned > 0 {
					fmt.Fprintf(w, "%d expected plans were not compared: that needs an account to look at\n", report.Unplanned)
				}
				return nil
			})
			if err == nil && (len(report.Failures) > 0 || len(report.Untested) > 0) {
				err = errFailed
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&only, "rule", nil, "only this rule (repeatable)")
	return cmd
}
