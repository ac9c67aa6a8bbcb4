package cli

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/source/digest"
)

func newVerifyTrailCommand(d Deps) *cobra.Command {
	var access AWSOptions
	var since, until, regions string
	var o digest.Options
	cmd := &cobra.Command{
		Use:   "verify-trail TRAIL-ARN",
		Short: "Verify that a trail's log files are what CloudTrail delivered",
		Long: `Checks CloudTrail's digest files in every region to which the trail delivers: their signatures with CloudTrail's public
keys, the chain from each to the one before, the hash of each log file that they name, and whether there are log files that
none names. It reads, and changes nothing.

What is wrong (changed, removed, added) is told apart from what could not be checked (no permission, or what it depends on
is missing), and from gaps, in which the trail or its log file validation was off. The exit code is 1 unless everything
could be checked and is right.

It needs cloudtrail:DescribeTrails, cloudtrail:GetTrailStatus, cloudtrail:ListPublicKeys, ec2:DescribeRegions,
s3:GetBucketLocation, s3:ListBucket and s3:GetObject, and kms:Decrypt where the files are encrypted with a key of yours.`,
		Example: `  riposte verify-trail arn:aws:cloudtrail:us-east-1:111122223333:trail/main
  riposte verify-trail arn:aws:cloudtrail:us-east-1:111122223333:trail/main --since 30d --until 2026-11-01 -o json
  riposte verify-trail arn:aws:cloudtrail:us-east-1:111122223333:trail/org --account 444455556666 --bucket-owner 777788889999`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := format(cmd)
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			o.Trail, o.To = args[0], now
			if o.From, err = parseMoment(since, now); err != nil {
				return err
			}
			if until != "" {
				if o.To, err = parseMoment(until, now); err != nil {
					return err
				}
			}
			if !o.From.Before(o.To) {
				return &usageError{fmt.Errorf("--since %s is not before --until", since)}
			}
			if o.Prefix != "" && o.Bucket == "" {
				return &usageError{fmt.Errorf("--prefix goes with --bucket; see `%s --help`", cmd.CommandPath())}
			}
			if o.Regions, err = parseRegions(regions); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			session, err := d.AWS(ctx, access)
			if err != nil {
				return err
			}
			o.Config, o.PathStyle = session.In, session.Config.BaseEndpoint != nil
			started := time.Now()
			o.Progress = verifyProgress(cmd.ErrOrStderr(), started)
			report, err := digest.Verify(ctx, o)
			if err != nil {
				return err
			}
			took := time.Since(started)
			fmt.Fprintf(cmd.ErrOrStderr(), "%d digests and %d log files (%.1f MB) in %s\n",
				report.Digests.Checked, report.Files.Checked, float64(report.Bytes)/1e6, took.Round(time.Millisecond))
			if name == "ndjson" {
				err = writeLines(cmd.OutOrStdout(), report)
			} else {
				err = printValue(cmd, report, func(w io.Writer) error { printVerified(w, report); return nil })
			}
			if err == nil && !report.OK() {
				return errFailed
			}
			return err
		},
	}
	f := cmd.Flags()
	access.add(f)
	f.StringVar(&since, "since", "7d", "verify files delivered since: 7d, 36h, 2026-11-01")
	f.StringVar(&until, "until", "", "verify files delivered until then; now unless given")
	f.StringVar(&regions, "regions", "all", "regions to verify, with commas; all: every one to which the trail delivered or should have")
	f.StringVar(&o.Bucket, "bucket", "", "bucket with the files, where it is another one than the trail's now")
	f.StringVar(&o.Prefix, "prefix", "", "what the keys in --bucket begin with, before AWSLogs/")
	f.StringVar(&o.Account, "account", "", "account whose files to verify, for a trail of an organization")
	f.StringVar(&o.BucketOwner, "bucket-owner", "", "account that the bucket must belong to; any unless given")
	return cmd
}

// verifyProgress says now and then how far the verification is.
func verifyProgress(w io.Writer, started time.Time) func(digests, files int) {
	said := started
	return func(digests, files int) {
		if now := time.Now(); now.Sub(said) >= progressEvery {
			said = now
			fmt.Fprintf(w, "%d digests and %d log files so far\n", digests, files)
		}
	}
}

func printVerified(w io.Writer, r *digest.Report) {
	fmt.Fprintf(w, "%s, account %s, bucket %s\nfrom %s to %s, %s\n", r.Trail, r.Account, r.Bucket,
		r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339), strings.Join(r.Regions, ", "))
	fmt.Fprintf(w, "%d of %d digests and %d of %d log files are right\n", r.Digests.Valid, r.Digests.Checked, r.Files.Valid, r.Files.Checked)
	for _, part := range []struct {
		title    string
		problems []digest.Problem
	}{{"WRONG", r.Wrong}, {"COULD NOT BE CHECKED", r.Unchecked}, {"TO KNOW", r.Notes}} {
		if len(part.problems) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s (%d)\n", part.title, len(part.problems))
		for _, p := range part.problems {
			fmt.Fprintf(w, "  %s %s %s\n    %s\n", p.Kind, p.Region, p.Key, p.Meaning)
			if p.Next != "" {
				fmt.Fprintf(w, "    next: %s\n", p.Next)
			}
		}
	}
}
