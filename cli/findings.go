package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/finding"
)

func newFindingsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "findings",
		Short: "Look at the findings in the hub",
		Long:  "Findings are in the AWS Security Finding Format (ASFF), as AWS Security Hub keeps them.",
	}
	cmd.AddCommand(newFindingsList(), newFindingsGet())
	return cmd
}

func newFindingsList() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List findings, the latest first",
		Example: `  riposte findings list --severity CRITICAL --severity HIGH --since 24h
  riposte findings list --type 'TTPs/Defense Evasion' -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var page finding.Page
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/findings", query.values(time.Now()), nil, &page); err != nil {
				return err
			}
			return printValue(cmd, page.Records, func(w io.Writer) error {
				if len(page.Records) == 0 {
					fmt.Fprintln(w, "no findings")
					return nil
				}
				t := newTable(w, "UPDATED", "SEVERITY", "TITLE", "ACCOUNT", "WORKFLOW", "ID")
				for _, r := range page.Records {
					f := r.Finding
					severity, workflow := "", ""
					if f.Severity != nil {
						severity = string(f.Severity.Label)
					}
					if f.Workflow != nil {
						workflow = string(f.Workflow.Status)
					}
					t.AppendRow([]any{f.UpdatedAt, severity, f.Title, f.AwsAccountID, workflow, f.ID})
				}
				t.Render()
				if page.Next != "" {
					fmt.Fprintln(cmd.ErrOrStderr(), "there are more; raise --limit or narrow the filter")
				}
				return nil
			})
		},
	}
	query.flags(cmd, "severity", "type", "account", "resource", "workflow", "rule", "text")
	return cmd
}

func newFindingsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one finding whole", Example: "  riposte findings get riposte/cloudtrail-logging-stopped/5f0c -o yaml",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var record finding.Record
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/findings/"+url.PathEscape(args[0]), nil, nil, &record); err != nil {
				return err
			}
			return printValue(cmd, record.Finding, func(w io.Writer) error {
				enc := json.NewEncoder(w)
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(record.Finding)
			})
		},
	}
}

// listQuery is the filter of a list command.
type listQuery struct {
	text  map[string]*[]string
	since time.Duration
	limit int
}

// flags adds a flag for each name, and --since and --limit.
func (q *listQuery) flags(cmd *cobra.Command, names ...string) {
	q.text = map[string]*[]string{}
	for _, name := range names {
		q.text[name] = cmd.Flags().StringArray(name, nil, "only this "+name)
	}
	cmd.Flags().DurationVar(&q.since, "since", 0, "only since this long ago, such as 24h")
	cmd.Flags().IntVar(&q.limit, "limit", 100, "at most this many")
}

func (q *listQuery) values(now time.Time) url.Values {
	v := url.Values{"limit": {strconv.Itoa(q.limit)}}
	for name, texts := range q.text {
		if len(*texts) > 0 {
			v[name] = *texts
		}
	}
	if q.since > 0 {
		v.Set("since", now.Add(-q.since).UTC().Format(time.RFC3339))
	}
	return v
}
