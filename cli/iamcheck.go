package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/doctor"
)

// RolesRequest asks what riposte's roles have.
type RolesRequest struct {
	Config   string   // file
	Accounts []string // none: all of the configuration
}

// RolesFunc compares what riposte's role in each account has with what is enabled, by account.
type RolesFunc func(ctx context.Context, r RolesRequest) ([]doctor.RoleReport, error)

func newRoleCheck(d Deps) *cobra.Command {
	var r RolesRequest
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look whether riposte's roles have what they need, and what they have too much",
		Long: `Has IAM simulate (SimulatePrincipalPolicy), in each account of the configuration and as riposte's role there, everything that
` + "`riposte iam policy responder`" + ` grants: what is missing, and why. It also asks for what is dangerous and not needed, on all resources or
without the conditions under which it is needed. Policies of buckets, queues, keys and other resources are not part of a
simulation; the services whose resources may have some are named. It changes nothing. It ends with 1 where something is missing or
IAM did not tell.`,
		Example: `  riposte iam check --config riposte.yaml
  riposte iam check --account 444455556666 -o json | jq -r '.[].missing[].action'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, id := range r.Accounts {
				if err := anAccount(id); err != nil {
					return err
				}
			}
			reports, err := d.Roles(cmd.Context(), r)
			if err != nil {
				return err
			}
			if err := printValue(cmd, reports, func(w io.Writer) error { return printRoles(w, reports) }); err != nil {
				return err
			}
			for _, report := range reports {
				if report.Status == doctor.Fail || report.Status == doctor.Unknown {
					return errFailed
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Config, "config", "", "configuration file (default riposte.yaml where there is one)")
	f.StringArrayVar(&r.Accounts, "account", nil, "only this account (repeatable)")
	return cmd
}

// printRoles lays reports out for people: each role, then a line for each permission that is not as it should be.
func printRoles(w io.Writer, reports []doctor.RoleReport) error {
	t := newTable(w, "ACCOUNT", "STATUS", "NEEDED", "MISSING", "TOO MUCH", "ROLE")
	for _, r := range reports {
		t.AppendRow([]any{r.Account, r.Status, r.Asked, len(r.Missing), len(r.Excess), r.Role})
	}
	t.Render()
	for _, r := range reports {
		if r.Problem != "" {
			fmt.Fprintf(w, "%s: %s\n", r.Account, r.Problem)
		}
		for _, p := range r.Missing {
			fmt.Fprintf(w, "%s: missing %s on %s: %s\n", r.Account, p.Action, p.Resource, p.Because)
		}
		for _, p := range r.Excess {
			fmt.Fprintf(w, "%s: too much %s on %s: %s\n", r.Account, p.Action, p.Resource, p.Because)
		}
		if len(r.Unsimulated) > 0 {
			fmt.Fprintf(w, "%s: not simulated: policies of resources of %s\n", r.Account, strings.Join(r.Unsimulated, ", "))
		}
		if r.Next != "" {
			fmt.Fprintf(w, "%s: next: %s\n", r.Account, r.Next)
		}
	}
	return nil
}
