package cli

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/finding"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// watchFilter chooses among the lines of a watch; what is empty lets everything through.
type watchFilter struct {
	severities                      []finding.Label
	accounts, regions, rules, kinds []string
}

// executionLines is the kind that stands for every step of executions.
const executionLines = "execution"

// shows reports whether a line is wanted. That lines were missed is always told.
func (f *watchFilter) shows(l web.Line) bool {
	if l.Kind == web.LineMissed {
		return true
	}
	kinds := f.kinds
	if slices.Contains(kinds, executionLines) && slices.Contains(playbook.Steps(), playbook.Step(l.Kind)) {
		kinds = nil
	}
	return among(f.severities, finding.Label(l.Severity)) && among(f.accounts, l.Account) && among(f.regions, l.Region) &&
		among(f.rules, l.Rule) && among(kinds, l.Kind)
}

// among reports whether value is one of those that are wanted; none means all.
func among[T comparable](wanted []T, value T) bool {
	return len(wanted) == 0 || slices.Contains(wanted, value)
}

func newWatchCommand() *cobra.Command {
	var filter watchFilter
	var severity, since string
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Show what riposte finds and does, as it happens",
		Long: `Shows each finding, each step of an execution and each message to people, with the time since the event was received: from
now on, or with --since from earlier on, as far as riposte remembers (the last 1,024 lines since its start; older things are
in ` + "`riposte findings list` and `riposte executions list`" + `).

While riposte is away, watch says so and waits; when it is back, watch goes on where it was and repeats nothing. Ctrl-C ends it.
In a pipe, -o ndjson gives a JSON object a line.`,
		Example: `  riposte watch
  riposte watch --since 1h --min-severity HIGH
  riposte watch --kind finding --kind ended --account 111122223333
  riposte watch -o ndjson | jq 'select(.kind == "ended")'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := format(cmd)
			if err != nil {
				return err
			}
			if format == "yaml" {
				return &usageError{errors.New("watch has no end, and YAML wants one; use -o ndjson")}
			}
			if filter.severities, err = atLeast(severity); err != nil {
				return err
			}
			for _, kind := range filter.kinds {
				if kind != executionLines && !slices.Contains(web.LineKinds(), kind) {
					return &usageError{fmt.Errorf("there is no kind %q; use %s, %s", kind, executionLines, words(web.LineKinds()))}
				}
			}
			from := url.Values{}
			if since != "" {
				at, err := parseMoment(since, time.Now())
				if err != nil {
					return err
				}
				from.Set("since", at.UTC().Format(time.RFC3339Nano))
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			out, colour := cmd.OutOrStdout(), isTerminal(cmd.OutOrStdout()) && os.Getenv("NO_COLOR") == ""
			stream := watchStream{
				connect: func() (*Client, error) { return connect(cmd) }, from: from, now: time.Now,
				say: func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) },
				show: func(l web.Line, raw []byte) error {
					if !filter.shows(l) {
						return nil
					}
					if format != "table" {
						_, err := out.Write(raw)
						return err
					}
					_, err := fmt.Fprintln(out, lineText(l, colour))
					return err
				},
			}
			return stream.run(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "begin earlier: 10m, 2026-11-20T03:00:00Z")
	f.StringVar(&severity, "min-severity", "", "only of this severity or worse")
	f.StringSliceVar(&filter.accounts, "account", nil, "only of this AWS account (repeatable)")
	f.StringSliceVar(&filter.regions, "region", nil, "only of this region (repeatable)")
	f.StringSliceVar(&filter.rules, "rule", nil, "only of this rule (repeatable)")
	f.StringSliceVar(&filter.kinds, "kind", nil, "only of this kind (repeatable): finding, delivery, execution for every step of it, or one step: "+words(playbook.Steps()))
	return cmd
}

// lineText lays a line out for people: time, time since receipt, kind, severity, where, text, execution.
func lineText(l web.Line, colour bool) string {
	since := ""
	if l.Since > 0 {
		since = "+" + Milliseconds(l.Since)
	}
	text := fmt.Sprintf("%s %10s  %-8s %-13s %s", l.Time.Local().Format("15:04:05.000"), since, l.Kind, l.Severity, shown(l.Text))
	var where []string
	for _, part := range []string{l.Account, l.Region, l.Execution, l.Finding} {
		if part != "" {
			where = append(where, part)
		}
	}
	if len(where) > 0 {
		text += "  [" + strings.Join(where, " ") + "]"
	}
	text = strings.ReplaceAll(shown(text), "\n", " ")
	if code := lineColour(l); colour && code != "" {
		text = "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	return text
}

// lineColour is the SGR code of a line: what failed is red, bad findings are bold, routine steps are faint.
func lineColour(l web.Line) string {
	switch l.Kind {
	case string(playbook.StepFailed), web.LineMissed:
		return "31"
	case web.LineFinding:
		if l.Severity == string(finding.Critical) || l.Severity == string(finding.High) {
			return "1;31"
		}
		return "1"
	case string(playbook.StepEnded):
		return "1;32"
	case string(playbook.StepEntered), string(playbook.StepWaiting):
		return "2"
	}
	return ""
}

// Milliseconds formats a duration as people compare latencies.
func Milliseconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return d.Round(time.Second).String()
}
