package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/action"
	"riposte.dev/catalogue"
	"riposte.dev/fault"
)

func newActionsCommand(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use: "actions", Short: "List, describe and plan what riposte can do to an account",
		Example: "  riposte actions\n  riposte actions show kms.cancel-deletion\n  riposte actions plan s3.block-public-access --param bucket=my-bucket --region eu-west-1",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return listActions(cmd, d.Actions.Specs()) },
	}
	cmd.AddCommand(newActionsListCommand(d), newActionsShowCommand(d), newActionsPlanCommand(d))
	return cmd
}

func newActionsListCommand(d Deps) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List what riposte can do to an account",
		Example: "  riposte actions list\n  riposte actions list -o yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return listActions(cmd, d.Actions.Specs()) },
	}
}

func listActions(cmd *cobra.Command, specs []action.Spec) error {
	return printValue(cmd, specs, func(w io.Writer) error {
		t := newTable(w, "ACTION", "WHAT", "UNDO")
		for _, s := range specs {
			undo := "yes"
			if s.Irreversible != "" {
				undo = "no: " + s.Irreversible
			}
			t.AppendRow([]any{s.Name, s.Title, undo})
		}
		t.Render()
		return nil
	})
}

var link = regexp.MustCompile(`\[([^\]]+)\]\((?:[a-z]+\.md)?#[a-z0-9-]+\)`)

func newActionsShowCommand(d Deps) *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Describe an action: parameters, permissions, what it leaves to people",
		Example: "  riposte actions show ec2.isolate-instance\n  riposte actions show ec2.isolate-instance -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := d.Actions.Action(args[0])
			if err != nil {
				return err
			}
			return printValue(cmd, a.Spec(), func(w io.Writer) error {
				text := link.ReplaceAllString(catalogue.Describe(a.Spec()), "$1") // to places in the documentation
				_, err := io.WriteString(w, strings.TrimPrefix(text, "## "))
				return err
			})
		},
	}
}

func newActionsPlanCommand(d Deps) *cobra.Command {
	o := AWSOptions{Configured: true}
	var region, params string
	var param []string
	cmd := &cobra.Command{
		Use: "plan NAME", Short: "Show what an action would do now, without doing it",
		Long: `Looks at the resources and prints the plan: the exact calls, and the state before and after. Nothing is changed.

Region, endpoint, credentials and the roles of accounts are those of the configuration that serve would use; flags win: --profile over
its credentials and roles, --role over its roles.

A parameter's value is JSON where it is that, else text: --param ports=[22,3389] --param group=sg-0123456789abcdef0.`,
		Example: "  riposte actions plan s3.block-public-access --param bucket=my-bucket\n" +
			"  riposte actions plan cloudtrail.start-logging --param trail=audit --config riposte.yaml --account 444455556666\n" +
			"  riposte actions plan ec2.revoke-ingress --region eu-west-1 --params '{\"group\":\"sg-0123456789abcdef0\",\"ports\":[22]}'\n" +
			"  riposte actions plan kms.cancel-deletion --params @key.json --profile audit -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := d.Actions.Action(args[0]); err != nil {
				return err
			}
			input, err := actionParams(params, param)
			if err != nil {
				return err
			}
			session, err := d.AWS(cmd.Context(), o)
			if err != nil {
				return err
			}
			actions, err := d.ActionsOf(session)
			if err != nil {
				return err
			}
			a, err := actions.Action(args[0])
			if err != nil {
				return err
			}
			plan, err := a.Plan(cmd.Context(), action.Request{Account: or(o.Account, session.Account), Region: or(region, session.Config.Region), Params: input})
			if err != nil {
				return err
			}
			return printValue(cmd, plan, func(w io.Writer) error {
				printPlans(w, []action.Plan{*plan})
				return nil
			})
		},
	}
	f := cmd.Flags()
	o.add(f)
	f.StringVar(&o.Config, "config", "", "configuration file (default riposte.yaml where there is one)")
	f.StringVar(&o.Account, "account", "", "account of the resources, one of the configuration's too (default: that of the credentials)")
	f.StringVar(&region, "region", "", "region of the resources (default: that of the configuration, or of the AWS SDK)")
	f.StringVar(&params, "params", "", "all parameters as a JSON object, or @FILE")
	f.StringArrayVar(&param, "param", nil, "one parameter as NAME=VALUE; may be repeated")
	return cmd
}

// actionParams puts the parameters together that the flags name.
func actionParams(whole string, single []string) (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if name, isFile := strings.CutPrefix(whole, "@"); isFile {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the parameters: %w", err)
		}
		whole = string(text)
	}
	if whole != "" {
		if err := json.Unmarshal([]byte(whole), &members); err != nil {
			return nil, &usageError{errors.New(`--params is no JSON object, such as '{"bucket": "my-bucket"}'`)}
		}
	}
	for _, text := range single {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &usageError{fmt.Errorf("--param %s: write NAME=VALUE", text)}
		}
		if _, twice := members[name]; twice {
			return nil, &usageError{fmt.Errorf("the parameter %s is given twice", name)}
		}
		members[name] = json.RawMessage(value)
		if !json.Valid([]byte(value)) {
			quoted, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("encode the parameter %s: %w", name, err)
			}
			members[name] = quoted
		}
	}
	return json.Marshal(members)
}
