package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/doctor"
)

// DoctorOptions is what `riposte doctor` was told.
type DoctorOptions struct {
	Config   string
	Data     string
	Progress func(done, total int, check string)
}

func newDoctorCommand(d Deps) *cobra.Command {
	var o DoctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether riposte can do its work, and say what to type where it can't",
		Long: `Checks credentials, regions, trails, EventBridge rules, queues, buckets, the bucket that anchors the audit record, permissions for the
enabled rules, the clock, the disk and the port, with the configuration that serve would use. It changes nothing. It ends with 1
where something fails.`,
		Example: `  riposte doctor --config riposte.yaml
  riposte doctor -o json | jq '.[] | select(.status != "ok")'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Data, err = cmd.Flags().GetString("data"); err != nil {
				return err
			}
			o.Progress = func(done, total int, check string) {
				fmt.Fprintf(cmd.ErrOrStderr(), "checked %d of %d: %s\n", done, total, check)
			}
			if !isTerminal(cmd.ErrOrStderr()) {
				o.Progress = nil
			}
			results, err := d.Doctor(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := printValue(cmd, results, func(w io.Writer) error { return printResults(w, results) }); err != nil {
				return err
			}
			for _, r := range results {
				if r.Status == doctor.Fail {
					return errFailed
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Config, "config", "", "configuration file (default riposte.yaml where there is one)")
	return cmd
}

// printResults lays results out for people: what is wrong with what to type next.
func printResults(w io.Writer, results []doctor.Result) error {
	counts := map[doctor.Status]int{}
	for _, r := range results {
		counts[r.Status]++
		fmt.Fprintf(w, "%-7s  %s: %s\n", r.Status, r.Check, r.Summary)
		if r.Status == doctor.OK {
			continue
		}
		for line := range strings.Lines(r.Detail) {
			fmt.Fprintf(w, "           %s\n", strings.TrimRight(line, "\n"))
		}
		if r.Next != "" {
			fmt.Fprintf(w, "         next: %s\n", r.Next)
		}
	}
	_, err := fmt.Fprintf(w, "%d ok, %d unknown, %d to look at, %d failed\n",
		counts[doctor.OK], counts[doctor.Unknown], counts[doctor.Warn], counts[doctor.Fail])
	return err
}
