package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/detect"
	"riposte.dev/source/file"
)

// Detection is a line of `riposte scan -o ndjson`: a rule that holds for an event.
type Detection struct {
	Rule        string   `json:"rule"`
	Title       string   `json:"title"`
	Severity    string   `json:"severity"`
	Tags        ScanTags `json:"tags"`
	EventID     string   `json:"event_id"`
	EventName   string   `json:"event_name"`
	EventSource string   `json:"event_source"`
	Time        string   `json:"time"` // RFC 3339
	Account     string   `json:"account"`
	Region      string   `json:"region"`
	Principal   string   `json:"principal"` // ARN of the user, or of the role behind a session
	SourceIP    string   `json:"source_ip"`
	Resources   []string `json:"resources"`

	who      string
	denied   bool
	response *response // that the rule starts; only where the scan asks for it
}

// ScanTags are a rule's tags; CIS numbers are those of version 1.3 and later of the benchmark.
type ScanTags struct {
	CIS    []string `json:"cis,omitempty"`
	ATTACK []string `json:"attack,omitempty"`
}

func newScanCommand(d Deps) *cobra.Command {
	var rules ruleFlags
	var look scanAWS
	cmd := &cobra.Command{
		Use:   "scan PATH... | --aws",
		Short: "Look through CloudTrail files, or an account's event history, with every rule",
		Long: `Reads CloudTrail log files, files of one record or EventBridge event a line, and the output of
` + "`aws cloudtrail lookup-events`" + `: plain or gzip, named, in folders, or - for standard input. Nothing is changed
anywhere. The table shows what matters first and folds repeated denials; ndjson gives one line a detection.

With --aws it reads the account's event history instead (LookupEvents: management events of the last 90 days, no data
events), in every enabled region. Nothing has to be deployed, and it needs cloudtrail:LookupEvents, ec2:DescribeRegions
and what the responses need to look. AWS gives at most 100 events a second and region, so what was fetched is kept in the
data folder: a second run fetches only what is missing, and one that was interrupted goes on. Those files can carry
secrets; --no-cache keeps none. At the end it shows what riposte would have done, newest first: each response is planned
against the account as it is now, and not carried out. Programs get those plans with --plans, as objects of their own
{"plan": {...}} after the detections.`,
		Example: `  riposte scan ./AWSLogs
  riposte scan --rules ./rules --rules bundled trail.json.gz -o ndjson
  aws cloudtrail lookup-events --output json | riposte scan -
  riposte scan --aws --since 7d
  riposte scan --aws --profile prod --regions us-east-1,eu-west-1 --since 2026-11-01 -o ndjson --plans 5`,
		Args: func(cmd *cobra.Command, args []string) error {
			if look.on {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := format(cmd)
			if err != nil {
				return err
			}
			if err := look.check(cmd); err != nil {
				return err
			}
			set, err := rules.load(detect.LoadOptions{})
			if err != nil {
				return err
			}
			if look.on {
				return look.run(cmd, d, set, name)
			}
			started := time.Now()
			progress := newProgress(cmd.ErrOrStderr(), args)
			s := &scan{rules: set, refused: func(err error) { progress.say(err.Error()) }}
			out := newScanOutput(cmd, name)
			err = s.run(cmd.Context(), args, cmd.InOrStdin(), progress.add, out.add)
			progress.done()
			if err != nil {
				return err
			}
			if err := out.print(); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), s.summary(time.Since(started), out.report.total))
			if s.events == 0 && s.bad > 0 {
				return errFailed
			}
			return nil
		},
	}
	rules.add(cmd)
	look.add(cmd.Flags())
	return cmd
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// totalSize is what Read will read from disk, 0 where that is not known.
func totalSize(paths []string) (total int64) {
	for _, path := range paths {
		files, err := file.Files(path)
		if err != nil {
			return 0
		}
		for _, name := range files {
			info, err := os.Stat(name)
			if err != nil {
				return 0
			}
			total += info.Size()
		}
	}
	return total
}
