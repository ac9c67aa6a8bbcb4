package cli

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// ServeOptions is what `riposte serve` was told.
type ServeOptions struct {
	Config string // file; "" for riposte.yaml in the working folder where there is one
	Data   string
	Listen string // instead of the configuration's
	Log    io.Writer
	JSON   bool                    // log lines as JSON
	Ready  func(url, rules string) // called when events are accepted
	Reload <-chan os.Signal        // asks for rules, playbooks, threat lists and modes to be read anew
}

func newServeCommand(d Deps) *cobra.Command {
	var o ServeOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run riposte: take events, detect, respond, tell people",
		Long: `Runs until SIGTERM or Ctrl-C, then finishes what is under way within 30 seconds; what is not finished resumes at
the next start. A second Ctrl-C ends it at once, which loses nothing either.
Rules, playbooks, threat lists, modes and the guard are taken up when their files change, and on SIGHUP; wrong ones are refused
with their mistakes, and what was in force stays. Everything else in the configuration is read at the start.
Without a configuration the bundled rules run in dry-run mode: plans are shown, nothing is changed.`,
		Example: `  riposte serve
  riposte serve --config riposte.yaml --data /var/lib/riposte`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := cmd.Flags().GetString("data")
			if err != nil {
				return err
			}
			o.Data, o.Log = data, cmd.ErrOrStderr()
			o.Ready = func(url, rules string) {
				fmt.Fprintf(cmd.ErrOrStderr(), "riposte listens on %s, rules %s, data in %s\n", url, rules, data)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			o.Reload = hangup
			go func() {
				<-ctx.Done()
				stop() // the second signal ends the process
			}()
			return d.Serve(ctx, o)
		},
	}
	cmd.Flags().StringVar(&o.Config, "config", "", "configuration file (default riposte.yaml where there is one)")
	cmd.Flags().StringVar(&o.Listen, "listen", "", "address to listen on, instead of the configuration's")
	cmd.Flags().BoolVar(&o.JSON, "log-json", false, "write the log as JSON")
	return cmd
}

// DemoOptions is what `riposte demo` was told.
type DemoOptions struct {
	Exit  bool // end after the last step instead of staying up
	Crash bool // kill the engine between intent and outcome, and see it resume
	Out   io.Writer
	Log   io.Writer // nil: the engine's log is not shown
}

func newDemoCommand(d Deps) *cobra.Command {
	var o DemoOptions
	var verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play the first response on this machine, without an AWS account",
		Long: `Starts a look-alike of AWS and riposte on loopback, plays an intruder who stops a trail and opens a port, and shows
how riposte answers, undoes and tells people. It uses an AWS configuration of its own and never your profile or
environment. Every step is checked; --exit ends with 0 only if all of them hold.`,
		Example: `  riposte demo
  riposte demo --exit
  riposte demo --crash --exit`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out = cmd.OutOrStdout()
			if verbose {
				o.Log = cmd.ErrOrStderr()
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return d.Demo(ctx, o)
		},
	}
	cmd.Flags().BoolVar(&o.Exit, "exit", false, "end after the last step")
	cmd.Flags().BoolVar(&o.Crash, "crash", false, "kill the engine between intent and outcome, and see it resume")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "show the engine's log")
	return cmd
}
