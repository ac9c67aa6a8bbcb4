package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/conf"
	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Deps are the parts of the product that the command line starts but does not know.
type Deps struct {
	Version string
	// Serve runs the engine until ctx ends.
	Serve func(ctx context.Context, o ServeOptions) error
	// Demo plays the walkthrough.
	Demo func(ctx context.Context, o DemoOptions) error
	// CheckConfig reads a configuration file and what it names, and reports every mistake.
	CheckConfig func(path string) error
	// Schemas write the JSON Schemas of the files that people write, by name.
	Schemas map[string]func() ([]byte, error)
	// Actions is everything that riposte can do to an account.
	Actions *action.Set
	// ActionsOf is the same over a session's account.
	ActionsOf func(AWSSession) (*action.Set, error)
	// Resources are those of Step Functions that playbooks may have; nil: none.
	Resources playbook.Resources
	// AWS opens a session with the account that a command looks at.
	AWS AWSFunc
	// Plan rehearses a response.
	Plan PlanFunc
	// Policy writes IAM policies for what a configuration enables.
	Policy PolicyFunc
	// Roles looks what riposte's roles have.
	Roles RolesFunc
	// Doctor looks whether riposte can do its work.
	Doctor func(ctx context.Context, o DoctorOptions) ([]doctor.Result, error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a wrong use of the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// failedError ends a command with exit code 1 after it has said everything itself.
var errFailed = errors.New("failed")

// New returns the root command.
func New(d Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "riposte",
		Short: "Security response automation for AWS",
		Long: `riposte takes AWS security events, detects what matters, answers within milliseconds with guarded,
reversible playbooks, and tells people what happened.`,
		Example: `  riposte demo                     see the first response on this machine, without an AWS account
  riposte scan ./AWSLogs           look through CloudTrail files with every bundled rule
  riposte serve --config riposte.yaml`,
		Version:       d.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().String("data", defaultData(), "folder with riposte's state (or RIPOSTE_DATA)")
	root.PersistentFlags().StringP("output", "o", "table", "output format: table, json, ndjson, yaml")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	root.AddGroup(
		&cobra.Group{ID: "start", Title: "Start here:"},
		&cobra.Group{ID: "content", Title: "Rules and playbooks:"},
		&cobra.Group{ID: "operate", Title: "Operate a running riposte:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("start", newDemoCommand(d), newScanCommand(d), newInitCommand(d), newDoctorCommand(d), newServeCommand(d), newSandboxCommand())
	add("content", newValidateCommand(d), newTestCommand(), newSchemaCommand(d), newPatternCommand(), newActionsCommand(d), newPlaybookCommand(d))
	add("operate", newWatchCommand(), newReplayCommand(), newFindingsCommand(), newExecutionsCommand(), newExceptionsCommand(), newApprovalsCommand(), newGuardCommand(), newPauseCommand(), newResumeCommand(), newAuditCommand(), newVerifyTrailCommand(d),
		newAccountsCommand(), newIAMCommand(d), newKeysCommand(), newPutEventsCommand(), newDeadLettersCommand())
	root.AddCommand(newVersionCommand(d))
	root.AddCommand(newReferenceCommand(root))
	addCompletionCommand(root)
	addCompletion(root, d)
	strictArguments(root)
	return root
}

// strictArguments turns wrong arguments of any command into usage errors with the next step.
func strictArguments(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
		if cmd.HasSubCommands() {
			check = func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return nil
				}
				text := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0])
				cmd.SuggestionsMinimumDistance = 2 // typing mistakes; 0 finds prefixes only
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					text += "; did you mean " + strings.Join(near, " or ")
				}
				return errors.New(text)
			}
		}
	}
	if cmd.HasSubCommands() && cmd.Run == nil && cmd.RunE == nil {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			counted := strings.HasPrefix(err.Error(), "accepts ") || strings.HasPrefix(err.Error(), "requires ") // by cobra, without names
			if takes := strings.TrimPrefix(c.Use, c.Name()+" "); counted && takes != c.Use {
				err = fmt.Errorf("it takes %s, and got %d arguments", takes, len(args))
			}
			return &usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		strictArguments(sub)
	}
}

// Execute runs the command line and returns the exit code. Every error is printed once, here.
func Execute(ctx context.Context, d Deps, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := New(d)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "riposte:", err)
		return exitUsage
	}
	printError(stderr, err)
	return exitFailed
}

// printError prints what is wrong and the next step; mistakes in files as a list.
func printError(w io.Writer, err error) {
	w = plain{w}
	var problems conf.Problems
	if errors.As(err, &problems) {
		fmt.Fprintln(w, problems.Error())
		return
	}
	fmt.Fprintln(w, "riposte:", fault.Message(err))
	if hint := fault.Hint(err); hint != "" {
		fmt.Fprintln(w, "  next:", hint)
	}
}

// defaultData is RIPOSTE_DATA, else riposte's folder among the user's state.
func defaultData() string {
	if dir := os.Getenv("RIPOSTE_DATA"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "riposte")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "riposte-data"
	}
	return filepath.Join(home, ".local", "state", "riposte")
}

func newVersionCommand(d Deps) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Example: "  riposte version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), "riposte", d.Version)
			return nil
		}}
}
