package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	awscloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/fault"
	"riposte.dev/source/cloudtrail"
)

// scanCache is the folder of events among riposte's state.
const scanCache = "scan-cache"

// historyDays is how far back AWS keeps the event history.
const historyDays = 90

// fetch reads the event history of an account, every region beside the others, each within its own rate.
type fetch struct {
	session AWSSession
	regions []string // empty: every enabled one
	since   time.Time
	now     time.Time
	cache   string // folder that stays
	fresh   string // folder that goes
	err     io.Writer
}

// fetched is what there is to look through.
type fetched struct {
	paths  []string // files of records, by region, newest first
	calls  int      // of LookupEvents
	failed []string // regions that could not be read
}

// run fetches. Its error is that of the whole: no region could be read, or ctx ended.
func (f *fetch) run(ctx context.Context) (*fetched, error) {
	all := len(f.regions) == 0
	if all {
		var err error
		if f.regions, err = cloudtrail.Regions(ctx, f.session.Config); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			fmt.Fprintf(f.err, "%s; the %d regions that every account has are looked at\n  next: %s\n", fault.Message(err), len(f.regions),
				or(fault.Hint(err), "name the regions with --regions"))
		}
	}
	fmt.Fprintf(f.err, "account %s as %s: events since %s in %d regions; AWS gives at most 100 events a second and region\n",
		f.session.Account, f.session.Principal, f.since.UTC().Format(time.RFC3339), len(f.regions))
	span := cloudtrail.Span{From: f.since, To: f.now.Add(time.Second)} // with the second that has begun
	progress := newFetchProgress(f.err, span.To.Sub(span.From))
	paces := cloudtrail.NewPaces(nil)
	results := make([][]cloudtrail.Segment, len(f.regions))
	errs := make([]error, len(f.regions))
	calls := make([]int, len(f.regions))
	var wg sync.WaitGroup
	for i, region := range f.regions {
		wg.Go(func() {
			history := cloudtrail.History{
				Reader:  &cloudtrail.Reader{API: awscloudtrail.NewFromConfig(f.session.In(region)), Pace: paces.For(f.session.Account, region)},
				Account: f.session.Account, Region: region, Now: f.now,
				Cache: cloudtrail.Cache{Dir: f.cache}, Fresh: cloudtrail.Cache{Dir: f.fresh},
			}
			track := progress.region(region)
			results[i], errs[i] = history.Fetch(ctx, span, func(p cloudtrail.Progress) {
				calls[i] = p.Calls
				track.update(p)
			})
			track.done(errs[i])
		})
	}
	wg.Wait()
	progress.stop()
	out := &fetched{}
	for i, region := range f.regions {
		out.calls += calls[i]
		if errs[i] != nil {
			out.failed = append(out.failed, region)
			continue
		}
		for _, s := range results[i] {
			out.paths = append(out.paths, s.Path)
		}
	}
	if ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, "interrupted; what was fetched is kept").WithHint("run the same command again: it goes on where it stopped")
	}
	if len(out.failed) == len(f.regions) {
		return nil, fmt.Errorf("no region could be read: %w", errors.Join(errs...))
	}
	return out, nil
}

// parseRegions reads "all" (nil) or a list of names.
func parseRegions(text string) ([]string, error) {
	if text == "all" {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return nil, &usageError{fmt.Errorf("%q is no region; write all, or names as in us-east-1,eu-west-1", name)}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// freshFolder makes the folder for what must not stay.
func freshFolder() (string, func(), error) {
	dir, err := os.MkdirTemp("", "riposte-scan-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder for the events: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // the operating system clears what is left
}

// cacheFolder is where events are kept among riposte's state.
func cacheFolder(data string) string { return filepath.Join(data, scanCache) }
