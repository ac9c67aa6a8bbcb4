package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/web"
)

func newAuditVerify() *cobra.Command {
	var file string
	var heads []string
	cmd := &cobra.Command{
		Use: "verify", Short: "Verify that no audit record was changed, removed or inserted",
		Long: `Follows the chain of hashes from the first record to the last and says the first place where it does not hold. The check is
made here, not by the riposte that runs.

A chain whose end was cut off, or that was made anew as a whole, is whole in itself. Give a head that was kept elsewhere, such as
an anchor in a bucket, with --head: that record must be there, with that hash. The exit code is 1 unless everything is right.

With --file it checks an export; - is standard input.`,
		Example: `  riposte audit verify
  riposte audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  riposte audit verify --file audit.ndjson
  riposte audit export - | ssh vault riposte audit verify --file -`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := format(cmd); err != nil {
				return err
			}
			check := audit.Check{Part: file != ""}
			for _, text := range heads {
				head, err := audit.ParseHead(text)
				if err != nil {
					return &usageError{fmt.Errorf("--head: %w", err)}
				}
				check.Known = append(check.Known, head)
			}
			if file != "" {
				in, closeFile, err := openInput(cmd, file)
				if err != nil {
					return err
				}
				defer closeFile()
				return verifyAudit(cmd, audit.Lines(in), check)
			}
			return withAudit(cmd, func(ctx context.Context, a web.Audit) error {
				return verifyAudit(cmd, a.Since(ctx, time.Time{}), check)
			})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "check this export; - is standard input")
	cmd.Flags().StringSliceVar(&heads, "head", nil, "SEQ:HASH of a record that was kept elsewhere and must be there (repeatable)")
	return cmd
}

func verifyAudit(cmd *cobra.Command, records iter.Seq2[audit.Record, error], check audit.Check) error {
	report, err := audit.Verify(records, check)
	if err != nil {
		return err
	}
	err = printValue(cmd, report, func(w io.Writer) error {
		printAuditReport(w, report)
		return nil
	})
	if err == nil && report.Broken != nil {
		err = errFailed
	}
	return err
}

func printAuditReport(w io.Writer, r audit.Report) {
	if r.Records > 0 {
		fmt.Fprintf(w, "%d records fit, from %s to %s\n", r.Records, r.Began.Format(time.RFC3339), r.Ended.Format(time.RFC3339))
	}
	switch {
	case r.Broken != nil:
		fmt.Fprintf(w, "the chain is broken at record %d: %s\n", r.Broken.Seq, r.Broken.Why)
	case r.Records == 0:
		fmt.Fprintln(w, "there are no records")
	default:
		fmt.Fprintf(w, "the chain is whole; its head is\n%s\n", r.Head)
	}
	if r.First > 1 {
		fmt.Fprintf(w, "it begins at record %d; what is before is not checked\n", r.First)
	}
	if r.Known > 0 {
		fmt.Fprintf(w, "known heads that are there: %d\n", r.Known)
	}
}

func newAuditExport() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use: "export FILE", Short: "Write the chain of audit records to a file, and verify it on the way",
		Long: `Writes the chain, the oldest record first, one record in canonical JSON a line. FILE must not exist; - is standard output. The
records are verified on the way; what is broken is not left behind.`,
		Example: `  riposte audit export audit-2026-11.ndjson --since 2026-11-01
  riposte audit export - | gzip >audit.ndjson.gz`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var from time.Time
			if since != "" {
				var err error
				if from, err = parseMoment(since, time.Now()); err != nil {
					return err
				}
			}
			return withAudit(cmd, func(ctx context.Context, a web.Audit) error {
				records := a.Since(ctx, from)
				if args[0] == "-" {
					return exportAudit(cmd, cmd.OutOrStdout(), records, !from.IsZero())
				}
				return createFile(args[0], func(f io.Writer) error { return exportAudit(cmd, f, records, !from.IsZero()) })
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only from then on: 24h, 7d, 2026-11-20, 2026-11-20T03:00:00Z")
	return cmd
}

// exportAudit writes records as it verifies them.
func exportAudit(cmd *cobra.Command, out io.Writer, records iter.Seq2[audit.Record, error], part bool) error {
	var failed error
	report, err := audit.Verify(func(yield func(audit.Record, error) bool) {
		for r, err := range records {
			if err == nil {
				if _, failed = out.Write(append(r.Encode(), '\n')); failed != nil {
					return
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}, audit.Check{Part: part})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if report.Broken != nil {
		return fault.New(fault.Conflict, "the audit record is broken at record %d: %s", report.Broken.Seq, report.Broken.Why).
			WithHint("hold it against an export or a database of before")
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d records, head %s\n", report.Records, report.Head)
	return nil
}

// createFile makes a file that was not there, readable by its owner, and leaves none behind where writing fails.
func createFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.New(fault.Invalid, "%w", err).WithHint("name a file that does not exist yet, in a folder that you may write to")
	}
	err = write(f)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name)
	}
	return err
}
