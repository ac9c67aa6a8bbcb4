package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/playbook"
	"riposte.dev/web"
)

func newExecutionsStop() *cobra.Command {
	var req web.StopRequest
	cmd := &cobra.Command{
		Use: "stop ID", Short: "End an execution where it is; nothing is taken back",
		Long: `Interrupts what the execution is doing; its status is ABORTED then. What it has changed stays: "riposte executions undo" takes
that back, and "riposte executions redrive" lets it go on.`,
		Example: `  riposte executions stop 5f0c1d2e3b4a59687766 --cause "the wrong account"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd, args[0], "stop", req)
		},
	}
	cmd.Flags().StringVar(&req.Error, "error", "", "name of the error, for the history")
	cmd.Flags().StringVar(&req.Cause, "cause", "", "why, for the history")
	return cmd
}

func newExecutionsRedrive() *cobra.Command {
	return &cobra.Command{
		Use: "redrive ID", Short: "Let an execution go on that failed, timed out or was stopped",
		Long: `Goes on at the states that failed or were under way, with the definition that the execution began with. What has succeeded is not
done again.`,
		Example: `  riposte executions redrive 5f0c1d2e3b4a59687766 && riposte executions watch 5f0c1d2e3b4a59687766`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd, args[0], "redrive", struct{}{})
		},
	}
}

// steer asks for something to be done with an execution, and says where it stands then.
func steer(cmd *cobra.Command, id, what string, req any) error {
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	var status web.ExecutionStatus
	if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/executions/"+url.PathEscape(id)+"/"+what, nil, req, &status); err != nil {
		return err
	}
	return printValue(cmd, status, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is %s\n", status.ID, status.Status)
		return err
	})
}

// errEnded ends a watch whose execution has ended.
var errEnded = errors.New("the execution has ended")

func newExecutionsWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch ID", Short: "Show an execution's steps as they happen, until it ends",
		Long:    "Shows what the execution has done and what it does, until it ends. The exit code is 1 unless it has succeeded.",
		Example: "  riposte executions watch 5f0c1d2e3b4a59687766",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			out, colour := cmd.OutOrStdout(), isTerminal(cmd.OutOrStdout()) && os.Getenv("NO_COLOR") == ""
			get := func() (e web.Execution, err error) {
				return e, c.Call(ctx, http.MethodGet, "/api/v1/executions/"+url.PathEscape(args[0]), nil, nil, &e)
			}
			first, err := get()
			if err != nil {
				return err
			}
			if first.Status == playbook.Running {
				from := url.Values{"since": {first.Started.UTC().Format(time.RFC3339Nano)}}
				stream := watchStream{
					connect: func() (*Client, error) { // what happened while riposte was away may not be told any more
						if now, err := get(); err == nil && now.Status != playbook.Running {
							return nil, errEnded
						}
						return connect(cmd)
					},
					from: from, now: time.Now,
					say: func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) },
					show: func(l web.Line, _ []byte) error {
						if l.Execution != first.ID {
							return nil
						}
						if _, err := fmt.Fprintln(out, lineText(l, colour)); err != nil || l.Kind != string(playbook.StepEnded) {
							return err
						}
						return errEnded
					},
				}
				if err := stream.run(ctx); !errors.Is(err, errEnded) {
					return err
				}
			}
			last, err := get()
			if err != nil {
				return err
			}
			printHistory(plain{out}, last.View)
			if last.Status != playbook.Succeeded {
				return fmt.Errorf("execution %s: %s", last.ID, last.Status)
			}
			return nil
		},
	}
}
