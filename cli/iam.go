package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/iam"
)

// PolicyRequest asks for the policies of one of riposte's roles.
type PolicyRequest struct {
	Config  string   // file
	Kind    string   // responder or reader
	Account string   // 12 digits; "": riposte's own
	Limit   int      // characters of one policy
	Actions []string // only what these actions of riposte's need; none: everything that the configuration enables
	Plan    bool     // only what planning needs, as in mode dry-run: it changes nothing
}

// PolicyFunc writes the policies that what is enabled needs, in order.
type PolicyFunc func(ctx context.Context, r PolicyRequest) ([]iam.Policy, error)

func newIAMCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{Use: "iam", Short: "Write the IAM policies that riposte needs, and look whether its roles have what is in them"}
	policy := &cobra.Command{
		Use:   "policy",
		Short: "Print the least policy for what the configuration enables",
		Long: `Writes policies from the configuration: the actions of the playbooks that enabled rules start, the queues, buckets and
streams that are read, the topics and targets that are told, the roles that are assumed. It calls nothing.

With --action it writes what those actions need, and nothing else; the configuration then only says which account it is.`,
	}
	policy.AddCommand(newResponderPolicy(d, "responder", "what listening, telling and responding need"),
		newResponderPolicy(d, "reader", "what `riposte doctor` and `riposte scan --aws` need; it changes nothing"), newTrustPolicy())
	cmd.AddCommand(policy, newRoleCheck(d))
	return cmd
}

// anAccount refuses what is no account.
func anAccount(id string) error {
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return &usageError{fmt.Errorf("--account %s: an account has 12 digits", id)}
	}
	return nil
}

func newResponderPolicy(d Deps, kind, what string) *cobra.Command {
	request := PolicyRequest{Kind: kind}
	var managed bool
	var part int
	cmd := &cobra.Command{
		Use:   kind,
		Short: "Print the policy of the " + kind + " role: " + what,
		Example: fmt.Sprintf(`  riposte iam policy %[1]s >%[1]s.json
  aws iam put-role-policy --role-name riposte-%[1]s --policy-name riposte --policy-document file://%[1]s.json
  riposte iam policy %[1]s --account 444455556666
  riposte iam policy %[1]s --account 444455556666 --action kms.enable-key --action s3.require-tls`, kind),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := anAccount(request.Account); request.Account != "" && err != nil {
				return err
			}
			request.Limit = iam.InlineLimit
			if managed {
				request.Limit = iam.ManagedLimit
			}
			policies, err := d.Policy(cmd.Context(), request)
			if err != nil {
				return err
			}
			if part < 1 || part > len(policies) {
				return &usageError{fmt.Errorf("there is no part %d: the policy has %d", part, len(policies))}
			}
			if len(policies) > 1 {
				fmt.Fprintf(cmd.ErrOrStderr(), "this is part %d of %d: one policy may have %d characters; print the others with --part\n", part, len(policies), request.Limit)
			}
			return printPolicy(cmd, policies[part-1])
		},
	}
	f := cmd.Flags()
	f.StringVar(&request.Config, "config", "", "configuration file (default riposte.yaml where there is one)")
	f.StringVar(&request.Account, "account", "", "the account that the role is in; default: the one that riposte runs in")
	f.StringArrayVar(&request.Actions, "action", nil, "only what this action of riposte's needs (repeatable)")
	f.BoolVar(&request.Plan, "plan-only", false, "only what planning needs, as in mode dry-run; it changes nothing")
	f.BoolVar(&managed, "managed", false, "for a managed policy (6,144 characters) instead of an inline one (10,240)")
	f.IntVar(&part, "part", 1, "which part of a policy that is too large for one")
	_ = cmd.RegisterFlagCompletionFunc("action", each(findActions(d)))
	return cmd
}

func newTrustPolicy() *cobra.Command {
	var t iam.Trust
	var oidc iam.OIDC
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Print the trust policy of a role: who may assume it",
		Example: `  riposte iam policy trust --service ec2
  riposte iam policy trust --principal arn:aws:iam::111122223333:role/riposte --external-id 7f3c0a52`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if oidc.Provider != "" {
				t.OIDC = &oidc
			}
			policy, err := t.Policy()
			if err != nil {
				return err
			}
			return printPolicy(cmd, policy)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&t.Principals, "principal", nil, "ARN of the role or user that riposte runs as, or its account (repeatable)")
	f.StringVar(&t.ExternalID, "external-id", "", "external id that riposte has to name, with --principal")
	f.StringVar(&t.Service, "service", "", "where riposte runs: ec2, ecs, lambda or eks")
	f.StringVar(&t.Account, "source-account", "", "with --service ecs: only tasks of this account")
	f.StringVar(&oidc.Provider, "oidc-provider", "", "ARN of an EKS cluster's identity provider")
	f.StringVar(&oidc.Namespace, "namespace", "riposte", "of the EKS service account")
	f.StringVar(&oidc.Name, "service-account", "riposte", "name of the EKS service account")
	_ = cmd.RegisterFlagCompletionFunc("service", cobra.FixedCompletions([]string{"ec2", "ecs", "lambda", "eks"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// printPolicy prints a document as the aws CLI takes it, whatever the output format.
func printPolicy(cmd *cobra.Command, p iam.Policy) error {
	raw, err := p.JSON()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(append(raw, '\n'))
	return err
}
