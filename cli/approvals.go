package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

func newApprovalsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approvals",
		Short: "See the plans that wait for somebody's word, and give it",
		Long: `In mode approve a response looks, shows its plan and waits. An answer is bound to the plan that was shown: if anything
has changed since, people are asked again. One who refuses decides; else as many as the rule wants have to approve. Who asked
for a change cannot approve it. A key with the role approve answers under its own name; set RIPOSTE_URL and RIPOSTE_KEY
(ID:SECRET) to use it.`,
	}
	cmd.AddCommand(newApprovalsList(), newApprovalsGet(), newApprovalsAnswer(true), newApprovalsAnswer(false))
	return cmd
}

func newApprovalsList() *cobra.Command {
	var all bool
	var execution string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List the plans that wait for an answer, the latest first", Example: "  riposte approvals list\n  riposte approvals list --all -o json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := connect(cmd)
			if err != nil {
				return err
			}
			query := url.Values{"limit": {fmt.Sprint(limit)}}
			if all {
				query.Set("all", "true")
			}
			if execution != "" {
				query.Set("execution", execution)
			}
			var list []playbook.Approval
			if err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/approvals", query, nil, &list); err != nil {
				return err
			}
			return printValue(cmd, list, func(w io.Writer) error {
				if len(list) == 0 {
					fmt.Fprintln(w, "nothing waits for approval")
					return nil
				}
				t := newTable(w, "ID", "ASKED", "STATUS", "UNTIL", "WHAT", "PLAN", "ANSWERS")
				for _, a := range list {
					t.AppendRow([]any{a.ID, a.At.Local().Format(time.DateTime), a.Status, a.Expires.Local().Format(time.DateTime),
						ellipsis(a.Title, 50), a.Plan.Action, answers(a)})
				}
				t.Render()
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "those that are decided too")
	f.StringVar(&execution, "execution", "", "only of this execution")
	f.IntVar(&limit, "limit", 100, "at most so many")
	return cmd
}

// answers says who said what: "1 of 2: ana approved".
func answers(a playbook.Approval) string {
	yes := 0
	var words []string
	for _, answer := range a.Answers {
		word := "refused"
		if answer.Approve {
			yes++
			word = "approved"
		}
		words = append(words, answer.By+" "+word)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d of %d: %s", yes, a.Quorum, strings.Join(words, ", ")), ": ")
}

func newApprovalsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a plan and who answered", Example: "  riposte approvals get 5f0c1d2e3b4a59687766",
		Args: cobra.ExactArgs(1),
		RunE: showOne("/api/v1/approvals/", printApproval),
	}
}

func printApproval(w io.Writer, a playbook.Approval) {
	fmt.Fprintf(w, "%s  %s\n%s, rule %s, execution %s\n", a.ID, a.Title, a.Status, or(a.Rule, "—"), a.Execution)
	fmt.Fprintf(w, "asked %s, until %s; then: %s\nplan %s\n", a.At.Local().Format(time.DateTime), a.Expires.Local().Format(time.DateTime), a.Otherwise, a.Hash)
	printPlans(w, []action.Plan{a.Plan})
	for _, reason := range a.Reasons {
		fmt.Fprintln(w, "guard:", reason)
	}
	fmt.Fprintln(w)
	for _, answer := range a.Answers {
		word := "refused"
		if answer.Approve {
			word = "approved"
		}
		fmt.Fprintf(w, "%s %s %s  %s\n", answer.At.Local().Format(time.DateTime), answer.By, word, answer.Comment)
	}
	if a.Status == playbook.Open {
		fmt.Fprintf(w, "riposte approvals approve %s\nriposte approvals refuse %s\n", a.ID, a.ID)
	}
}

func newApprovalsAnswer(approve bool) *cobra.Command {
	var hash string
	var yes bool
	req := web.AnswerRequest{Approve: approve}
	cmd := &cobra.Command{
		Use: "refuse ID", Short: "Refuse a plan: it is not carried out", Example: "  riposte approvals refuse 5f0c1d2e3b4a59687766 --comment 'planned, OPS-42'",
		Args: cobra.ExactArgs(1),
	}
	if approve {
		cmd.Use, cmd.Short = "approve ID", "Approve a plan: exactly what is shown is carried out"
		cmd.Example = "  riposte approvals approve 5f0c1d2e3b4a59687766\n  riposte approvals approve 5f0c1d2e3b4a59687766 --hash sha256:… --yes"
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := connect(cmd)
		if err != nil {
			return err
		}
		path := "/api/v1/approvals/" + url.PathEscape(args[0])
		var asked, answered playbook.Approval
		if err := c.Call(cmd.Context(), http.MethodGet, path, nil, nil, &asked); err != nil {
			return err
		}
		if approve && !yes {
			printApproval(plain{cmd.ErrOrStderr()}, asked)
			if err := confirm(cmd, "\ncarry this out?"); err != nil {
				return err
			}
		}
		req.Hash = or(hash, asked.Hash)
		if err := c.Call(cmd.Context(), http.MethodPost, path, nil, req, &answered); err != nil {
			return err
		}
		return printValue(cmd, answered, func(w io.Writer) error {
			fmt.Fprintf(w, "%s is %s (%s)\nriposte executions get %s\n", answered.ID, answered.Status, answers(answered), answered.Execution)
			return nil
		})
	}
	cmd.Flags().StringVar(&req.Comment, "comment", "", "why")
	cmd.Flags().StringVar(&hash, "hash", "", "hash of the plan that you saw; without it, of the one that is shown now")
	if approve {
		cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	}
	return cmd
}
