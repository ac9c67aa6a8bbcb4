package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"riposte.dev/detect"
	"riposte.dev/source/cloudtrail"
)

// shownPlans is how many responses the table shows unless told otherwise.
const shownPlans = 20

// scanAWS is `riposte scan --aws`: the flags, and what they do.
type scanAWS struct {
	on             bool
	aws            AWSOptions
	regions, since string
	noCache        bool
	plans          int
	noPlans        bool
}

// of --aws, and useless without it.
var scanAWSFlags = []string{"profile", "role", "external-id", "endpoint-url", "regions", "since", "no-cache", "plans", "no-plans"}

func (l *scanAWS) add(f *pflag.FlagSet) {
	f.BoolVar(&l.on, "aws", false, "read the event history of an AWS account instead of files")
	l.aws.add(f)
	f.StringVar(&l.regions, "regions", "all", "regions to read, with commas; all: every enabled one")
	f.StringVar(&l.since, "since", "7d", "how far back: 7d, 36h, 2026-11-01; at most 90 days")
	f.BoolVar(&l.noCache, "no-cache", false, "keep no events on disk, and use none")
	f.IntVar(&l.plans, "plans", -1, "how many responses to plan; -1: 20 in a table, none in other formats")
	f.BoolVar(&l.noPlans, "no-plans", false, "plan no responses")
}

// check refuses flags that would mean nothing.
func (l *scanAWS) check(cmd *cobra.Command) error {
	if l.on {
		return nil
	}
	for _, name := range scanAWSFlags {
		if cmd.Flags().Changed(name) {
			return &usageError{fmt.Errorf("--%s goes with --aws; see `%s --help`", name, cmd.CommandPath())}
		}
	}
	return nil
}

func (l *scanAWS) run(cmd *cobra.Command, d Deps, set *detect.RuleSet, format string) error {
	started := time.Now()
	now := started.UTC().Truncate(time.Second)
	since, err := parseMoment(l.since, now)
	if err != nil {
		return err
	}
	if !since.Before(now) {
		return &usageError{fmt.Errorf("--since %s is not in the past", l.since)}
	}
	if oldest := now.AddDate(0, 0, -historyDays); since.Before(oldest) {
		fmt.Fprintf(cmd.ErrOrStderr(), "AWS keeps the event history for %d days; events before %s are not there\n", historyDays, oldest.Format(time.DateOnly))
		since = oldest
	}
	regions, err := parseRegions(l.regions)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	session, err := d.AWS(ctx, l.aws)
	if err != nil {
		return err
	}
	fresh, remove, err := freshFolder()
	if err != nil {
		return err
	}
	defer remove()
	f := fetch{session: session, regions: regions, since: since.Truncate(time.Second), now: now, fresh: fresh, err: cmd.ErrOrStderr()}
	data, _ := cmd.Flags().GetString("data")
	f.cache = cacheFolder(data)
	if l.noCache {
		f.cache = fresh
	}
	got, err := f.run(ctx)
	if err != nil {
		return err
	}
	if !l.noCache {
		if err := (cloudtrail.Cache{Dir: f.cache}).Prune(now.AddDate(0, 0, -historyDays)); err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), err)
		}
	}
	planned := l.limit(d, format)
	responses := newResponses(planned)
	out := newScanOutput(cmd, format)
	s := &scan{rules: set, since: f.since, responses: planned > 0, refused: func(err error) { fmt.Fprintln(plain{cmd.ErrOrStderr()}, err) }}
	err = s.run(ctx, got.paths, nil, nil, func(d Detection) error {
		responses.add(d)
		return out.add(d)
	})
	if err != nil {
		return err
	}
	plans := responses.rehearse(ctx, d.Plan, session)
	if format != "table" {
		for _, p := range plans {
			if err := out.object(struct {
				Plan rehearsed `json:"plan"`
			}{p}); err != nil {
				return err
			}
		}
	}
	if err := out.print(); err != nil {
		return err
	}
	if format == "table" && planned > 0 {
		responses.print(plain{cmd.OutOrStdout()}, plans)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s; %d calls of LookupEvents\n", s.summary(time.Since(started), out.report.total), got.calls)
	if !l.noCache {
		fmt.Fprintf(cmd.ErrOrStderr(), "the events are kept in %s for the next scan; they can carry secrets; delete the folder to forget them\n", f.cache)
	}
	if len(got.failed) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "not read: %s\n", strings.Join(got.failed, ", "))
	}
	if ctx.Err() != nil {
		return errors.Join(errFailed, ctx.Err())
	}
	if len(got.failed) > 0 && len(regions) > 0 {
		return errFailed // these were asked for by name
	}
	return nil
}

// limit is how many responses are planned.
func (l *scanAWS) limit(d Deps, format string) int {
	switch {
	case l.noPlans || d.Plan == nil:
		return 0
	case l.plans >= 0:
		return l.plans
	case format == "table":
		return shownPlans
	default:
		return 0
	}
}
