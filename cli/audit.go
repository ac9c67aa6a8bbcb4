package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/store"
	"riposte.dev/web"
)

func newAuditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show, verify and export the record of what was decided, done and told",
		Long: `Every decision, AWS call, approval, exception, pause, key and configuration change leaves a record that carries the hash of
the record before. These commands work also while riposte is down: then they read its database.`,
	}
	cmd.AddCommand(newAuditList(), newAuditVerify(), newAuditExport())
	return cmd
}

func newAuditList() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List audit records, the latest first",
		Long: "Lists audit records, the latest first. The filters must all hold. Whether records are what was written is what `audit verify` says.",
		Example: `  riposte audit list --since 24h
  riposte audit list --kind answer --since 90d -o json
  riposte audit list --execution 5f0c1d2e3b4a59687766`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAudit(cmd, func(ctx context.Context, a web.Audit) error {
				list, next, err := pages(&query, time.Now(), func(v url.Values) (list []audit.Record, last string, err error) {
					if list, err = listRecords(ctx, a, v); len(list) > 0 {
						last = strconv.FormatUint(list[len(list)-1].Seq, 10)
					}
					return list, last, err
				})
				if err != nil {
					return err
				}
				defer sayMore(cmd, next)
				return printValue(cmd, some(list), func(w io.Writer) error {
					if len(list) == 0 {
						fmt.Fprintln(w, "no audit records")
						return nil
					}
					t := newTable(w, "SEQ", "TIME", "KIND", "BY", "WHAT", "RESOURCE")
					for _, r := range list {
						t.AppendRow([]any{r.Seq, r.Time.Local().Format(time.DateTime), r.Kind, r.Actor, ellipsis(r.Text, 80), r.Resource})
					}
					t.Render()
					return nil
				})
			})
		},
	}
	query.flags(cmd, listFilter{name: "kind", usage: "only of this kind: " + words(audit.Kinds())},
		listFilter{name: "execution", usage: "only of this execution"})
	query.untilFlag(cmd)
	return cmd
}

// listRecords asks for a page of records by the parameters of the API.
func listRecords(ctx context.Context, a web.Audit, v url.Values) ([]audit.Record, error) {
	f := audit.Filter{Kind: audit.Kind(v.Get("kind")), Execution: v.Get("execution")}
	var err error
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := v.Get(name); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, err
			}
		}
	}
	if text := v.Get("after"); text != "" {
		if f.After, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, &usageError{fmt.Errorf("--after %s is no sequence of a record", text)}
		}
	}
	if f.Limit, err = strconv.Atoi(v.Get("limit")); err != nil {
		return nil, err
	}
	return a.List(ctx, f)
}

// withAudit opens the audit record: through the running riposte, or in its database.
func withAudit(cmd *cobra.Command, do func(context.Context, web.Audit) error) error {
	return reach(cmd, "/api/v1/audit", func(ctx context.Context, c *Client, db *store.Store) error {
		if db != nil {
			return do(ctx, db.Audit)
		}
		return do(ctx, remoteAudit{c})
	})
}

// remoteAudit is the audit record of a running riposte.
type remoteAudit struct{ client *Client }

var _ web.Audit = remoteAudit{}

// List implements web.Audit.
func (a remoteAudit) List(ctx context.Context, f audit.Filter) (list []audit.Record, err error) {
	v := url.Values{"limit": {strconv.Itoa(f.Limit)}}
	for name, text := range map[string]string{"kind": string(f.Kind), "execution": f.Execution} {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, at := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !at.IsZero() {
			v.Set(name, at.Format(time.RFC3339))
		}
	}
	if f.After > 0 {
		v.Set("after", strconv.FormatUint(f.After, 10))
	}
	return list, a.client.Call(ctx, http.MethodGet, "/api/v1/audit", v, nil, &list)
}

// Since implements web.Audit.
func (a remoteAudit) Since(ctx context.Context, since time.Time) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		v := url.Values{}
		if !since.IsZero() {
			v.Set("since", since.Format(time.RFC3339Nano))
		}
		body, err := a.client.Open(ctx, http.MethodGet, "/api/v1/audit/export", v, nil)
		if err != nil {
			yield(audit.Record{}, err)
			return
		}
		defer body.Close()
		for r, err := range audit.Lines(body) {
			if err != nil && fault.CodeOf(err) != fault.Invalid {
				err = fault.New(fault.Unavailable, "the export broke off: %w", err).WithHint("ask again")
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
