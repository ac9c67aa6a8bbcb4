package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"riposte.dev/web"
)

func newExecutionsSignal() *cobra.Command {
	var req web.SignalRequest
	var output string
	cmd := &cobra.Command{
		Use:   "signal TOKEN",
		Short: "Answer a task that waits for a callback",
		Long: `A task whose resource ends in .waitForTaskToken gives its token to whom it calls, and waits until that one answers: with an
output, with an error, or with a sign that it is still at work. A key with the role respond may answer; set RIPOSTE_URL and
RIPOSTE_KEY (ID:SECRET) to use it.`,
		Example: `  riposte executions signal 5f0c1d2e3b4a59687766.3c2f --output '{"approved":true}'
  riposte executions signal 5f0c1d2e3b4a59687766.3c2f --error Forensics.NoDisk --cause 'the volume is gone'
  riposte executions signal 5f0c1d2e3b4a59687766.3c2f --heartbeat`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Token = args[0]
			given := cmd.Flags().Changed
			switch {
			case countTrue(given("output"), given("error"), given("heartbeat")) != 1:
				return &usageError{errors.New("say one of --output, --error and --heartbeat")}
			case given("cause") && !given("error"):
				return &usageError{errors.New("--cause goes with --error")}
			case given("output") && !json.Valid([]byte(output)):
				return &usageError{fmt.Errorf(`--output %.60q is not JSON; write it in quotes, such as '{"done":true}'`, output)}
			case given("output"):
				req.Output = json.RawMessage(output)
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var said web.Signalled
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/signals", nil, req, &said); err != nil {
				return err
			}
			return printValue(cmd, said, func(w io.Writer) error {
				fmt.Fprintln(w, map[string]string{"succeeded": "the task has its output", "failed": "the task has failed", "alive": "the task may wait on"}[said.Status])
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&output, "output", "", "the task's output, as JSON")
	f.StringVar(&req.Error, "error", "", "the name of the error that the task fails with, for Retry and Catch")
	f.StringVar(&req.Cause, "cause", "", "why, for people; beside --error")
	f.BoolVar(&req.Heartbeat, "heartbeat", false, "it is still at work")
	return cmd
}

// countTrue is how many of them are true.
func countTrue(all ...bool) (n int) {
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}
