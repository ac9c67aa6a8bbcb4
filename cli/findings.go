package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/finding"
)

func newFindingsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "findings",
		Short: "Look at the findings in the hub, and say what became of them",
		Long:  "Findings are in the AWS Security Finding Format (ASFF), as AWS Security Hub keeps them.",
	}
	cmd.AddCommand(newFindingsList(), newFindingsGet(), newFindingsUpdate())
	return cmd
}

func newFindingsList() *cobra.Command {
	var query listQuery
	cmd := &cobra.Command{
		Use: "list", Short: "List findings, the latest first",
		Long: "Lists findings, those that changed last first. The filters must all hold.",
		Example: `  riposte findings list --min-severity HIGH --since 24h
  riposte findings list --workflow NEW --account 111122223333
  riposte findings list --type 'TTPs/Defense Evasion' -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			list, next, err := pages(&query, time.Now(), func(v url.Values) ([]finding.Record, string, error) {
				var page finding.Page
				err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/findings", v, nil, &page)
				return page.Records, page.Next, err
			})
			if err != nil {
				return err
			}
			defer sayMore(cmd, next)
			return printValue(cmd, some(list), func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "no findings")
					return nil
				}
				t := newTable(w, "UPDATED", "SEVERITY", "WORKFLOW", "ACCOUNT", "TITLE", "ID")
				for _, r := range list {
					f := r.Finding
					t.AppendRow([]any{localTime(f.UpdatedAt), severityOf(f), workflowOf(f), f.AwsAccountID, ellipsis(f.Title, 60), f.ID})
				}
				t.Render()
				return nil
			})
		},
	}
	query.flags(cmd,
		listFilter{name: "severity", usage: "only of this severity", many: true, upper: true},
		listFilter{name: "workflow", usage: "only in this workflow status", many: true, upper: true},
		listFilter{name: "state", usage: "only ACTIVE or ARCHIVED ones", upper: true},
		listFilter{name: "type", usage: "only of this type, or of those that begin with it up to a slash"},
		listFilter{name: "account", usage: "only of this AWS account"},
		listFilter{name: "region", usage: "only of this region"},
		listFilter{name: "resource", usage: "only about this resource, usually an ARN"},
		listFilter{name: "rule", usage: "only raised by this rule"},
		listFilter{name: "text", usage: "only with this text in title, description or ids"})
	query.leastFlag(cmd)
	query.untilFlag(cmd)
	return cmd
}

func newFindingsGet() *cobra.Command {
	var product string
	cmd := &cobra.Command{
		Use: "get ID", Short: "Show one finding whole",
		Long: "Shows what a finding says and what to type next. As JSON or YAML it is the whole finding in ASFF.",
		Example: `  riposte findings get cloudtrail-logging-stopped:5f0c1d2e
  riposte findings get cloudtrail-logging-stopped:5f0c1d2e -o yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var record finding.Record
			if err := c.Call(cmd.Context(), http.MethodGet, findingPath(args[0]), productQuery(product), nil, &record); err != nil {
				return err
			}
			return printValue(cmd, record.Finding, func(w io.Writer) error {
				printFinding(w, record)
				return nil
			})
		},
	}
	addProductFlag(cmd, &product)
	return cmd
}

func findingPath(id string) string { return "/api/v1/findings/" + url.PathEscape(id) }

func addProductFlag(cmd *cobra.Command, product *string) {
	cmd.Flags().StringVar(product, "product", "", "ARN of the product, where several have a finding with this id")
}

func productQuery(product string) url.Values {
	if product == "" {
		return nil
	}
	return url.Values{"product": {product}}
}

// printFinding lays a finding out for people.
func printFinding(w io.Writer, r finding.Record) {
	f := r.Finding
	fmt.Fprintf(w, "%s  %s\n%s\n\n", severityOf(f), f.Title, f.ID)
	if f.Description != "" {
		fmt.Fprintf(w, "%s\n\n", f.Description)
	}
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-13s %s\n", name, value)
		}
	}
	line("account", strings.TrimSpace(f.AwsAccountID+" "+f.Region))
	for _, resource := range f.Resources {
		line("resource", resource.Type+" "+resource.ID)
	}
	line("types", strings.Join(f.Types, ", "))
	line("rule", f.Rule())
	line("state", string(f.RecordState))
	line("workflow", workflowOf(f))
	line("verification", f.VerificationState)
	line("first seen", localTime(or(f.FirstObservedAt, f.CreatedAt)))
	line("last seen", localTime(or(f.LastObservedAt, f.UpdatedAt)))
	if r.Generation > 1 {
		line("reopened", fmt.Sprintf("%d times", r.Generation-1))
	}
	if f.Note != nil {
		line("note", fmt.Sprintf("%s (%s, %s)", f.Note.Text, f.Note.UpdatedBy, localTime(f.Note.UpdatedAt)))
	}
	if f.Remediation != nil && f.Remediation.Recommendation != nil {
		line("remediation", strings.TrimSpace(f.Remediation.Recommendation.Text+" "+f.Remediation.Recommendation.URL))
	}
	fmt.Fprintln(w)
	if f.Rule() != "" {
		fmt.Fprintf(w, "responses: riposte executions list --rule %s\n", f.Rule())
	}
	fmt.Fprintf(w, "close it:  riposte findings update '%s' --workflow RESOLVED --note '…'\n", f.ID)
}

func severityOf(f finding.Finding) string {
	if f.Severity == nil {
		return ""
	}
	return string(f.Severity.Label)
}

func workflowOf(f finding.Finding) string {
	if f.Workflow == nil {
		return ""
	}
	return string(f.Workflow.Status)
}

// localTime is a time of a finding as the reader's clock shows it; what is no time stays as it is.
func localTime(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.Local().Format(time.DateTime)
}
