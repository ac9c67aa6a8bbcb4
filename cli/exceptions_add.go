package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/guard"
)

func newExceptionsAdd() *cobra.Command {
	var e guard.Exception
	var lasts, until string
	cmd := &cobra.Command{
		Use:   "add --resource ARN --owner WHO --reason WHY --for DURATION",
		Short: "Add an exception",
		Long: `Makes riposte leave a resource alone until the exception ends, after at most a year. --rule, --action and --account narrow it
further. riposte still raises findings, and reports that it left the resource alone.`,
		Example: `  riposte exceptions add --resource 'arn:aws:cloudtrail:*:111122223333:trail/migration' \
      --owner platform@example.com --reason 'trail is being replaced' --ticket OPS-42 --for 48h
  riposte exceptions add --resource 'arn:aws:ec2:*:111122223333:security-group/sg-0a1b' --rule open-ssh \
      --owner ops@example.com --reason 'vendor access' --until 2026-12-01`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if e.Expires, err = exceptionExpiry(lasts, until, time.Now()); err != nil {
				return err
			}
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var added guard.Exception
			if err := c.Call(cmd.Context(), http.MethodPost, "/api/v1/exceptions", nil, e, &added); err != nil {
				return err
			}
			return printValue(cmd, added, func(w io.Writer) error {
				fmt.Fprintf(w, "exception %s: %s is left alone until %s\n", added.ID, added.Resource, added.Expires.Format(time.RFC3339))
				fmt.Fprintf(cmd.ErrOrStderr(), "end it sooner with `riposte exceptions remove %s`\n", added.ID)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.Resource, "resource", "", "ARN of the resource; * and ? are wildcards")
	f.StringVar(&e.Owner, "owner", "", "who answers for it")
	f.StringVar(&e.Reason, "reason", "", "why")
	f.StringVar(&e.Ticket, "ticket", "", "where it was agreed")
	f.StringVar(&e.Rule, "rule", "", "only for this rule")
	f.StringVar(&e.Action, "action", "", "only for this action")
	f.StringVar(&e.Account, "account", "", "only in this account")
	f.StringVar(&lasts, "for", "", "how long it holds, such as 48h or 14d; at most a year")
	f.StringVar(&until, "until", "", "when it ends, instead of --for: 2026-12-01, 2026-12-01T18:00:00Z")
	return cmd
}

// exceptionExpiry is when an exception ends by one of the two flags; the zero time without them.
func exceptionExpiry(lasts, until string, now time.Time) (time.Time, error) {
	switch {
	case lasts != "" && until != "":
		return time.Time{}, &usageError{errors.New("--for and --until don't go together")}
	case lasts == "" && until == "":
		return time.Time{}, nil // the engine says everything that is missing at once
	case until != "":
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if at, err := time.Parse(layout, until); err == nil {
				return at.UTC(), nil
			}
		}
		return time.Time{}, &usageError{fmt.Errorf("--until %q is no time; write 2026-12-01 or 2026-12-01T18:00:00Z", until)}
	}
	length, err := time.ParseDuration(lasts)
	if days, ok := strings.CutSuffix(lasts, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		length = time.Duration(min(max(n, -1), 1000)) * 24 * time.Hour // a year is the most, and the engine says so
	}
	if err != nil || length <= 0 {
		return time.Time{}, &usageError{fmt.Errorf("--for %q is no length of time; write 90m, 48h or 14d", lasts)}
	}
	return now.Add(length).UTC().Truncate(time.Second), nil
}
