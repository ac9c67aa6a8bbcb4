package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/finding"
	"riposte.dev/web"
)

func newFindingsUpdate() *cobra.Command {
	var update web.FindingUpdate
	var workflow, severity, verification, product string
	cmd := &cobra.Command{
		Use: "update ID...", Short: "Set workflow status, severity, verification or a note of findings",
		Long: `Changes what is yours to say about findings, as BatchUpdateFindings of AWS Security Hub does; what the provider says later
does not overwrite it. A finding that is back after it was archived is NEW again.`,
		Example: `  riposte findings update cloudtrail-logging-stopped:5f0c1d2e --workflow RESOLVED --note 'migration, OPS-42'
  riposte findings update open-ssh:77aa03c4 --verification FALSE_POSITIVE --severity LOW
  riposte findings list --rule noisy -o json | jq -r '.[].finding.Id' | xargs riposte findings update --workflow SUPPRESSED`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			update.Workflow = finding.WorkflowStatus(strings.ToUpper(workflow))
			update.Severity = finding.Label(strings.ToUpper(severity))
			update.Verification = strings.ToUpper(verification)
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			var changed []finding.Record
			for _, id := range args {
				var record finding.Record
				if err := c.Call(cmd.Context(), http.MethodPatch, findingPath(id), productQuery(product), update, &record); err != nil {
					if len(changed) > 0 {
						fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d findings were updated before this:\n", len(changed), len(args))
					}
					return err
				}
				changed = append(changed, record)
			}
			return printValue(cmd, changed, func(w io.Writer) error {
				for _, r := range changed {
					f := r.Finding
					fmt.Fprintf(w, "updated %s: %s %s %s\n", f.ID, severityOf(f), workflowOf(f), f.VerificationState)
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&workflow, "workflow", "", "how far the investigation is: "+words(web.WorkflowStatuses()))
	f.StringVar(&severity, "severity", "", "the severity from now on: "+words(web.Severities()))
	f.StringVar(&verification, "verification", "", "whether the finding is right: "+words(web.VerificationStates()))
	f.StringVar(&update.Note, "note", "", "a note, at most 512 characters; replaces the one that is there")
	f.StringVar(&update.By, "by", "", "who writes the note, for the owner of the data folder (default local; with a key always its name)")
	addProductFlag(cmd, &product)
	return cmd
}
