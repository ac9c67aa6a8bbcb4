package app

import (
	"cmp"
	"context"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/cli"
	"riposte.dev/conf"
	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Commands is what the command line starts. The demonstration stands above the app and is the caller's to add.
func Commands(version string) (cli.Deps, error) {
	actions, err := Actions()
	if err != nil {
		return cli.Deps{}, err
	}
	return cli.Deps{
		Version:     version,
		Serve:       func(ctx context.Context, o cli.ServeOptions) error { return Serve(ctx, o, version) },
		CheckConfig: CheckConfig,
		Actions:     actions,
		Resources:   Resources(),
		Schemas: map[string]func() ([]byte, error){
			"riposte": func() ([]byte, error) { return conf.SchemaOf(Config{}, "riposte configuration") },
			"rule":    detect.Schema,
		},
		ActionsOf: actionsOf,
		AWS:       openSession,
		Plan:      rehearsePlan,
		Policy:    policies,
		Roles:     checkRoles,
		Doctor:    examine,
	}, nil
}

// actionsOf are the actions over a session's account, with the trackers, webhooks and programs of its configuration.
func actionsOf(s cli.AWSSession) (*action.Set, error) {
	c, err := LoadConfig(s.File)
	if err != nil {
		return nil, err
	}
	return newActions(session{s}, Options{Config: c, Now: time.Now})
}

// openSession opens the account that a command looks at.
func openSession(ctx context.Context, o cli.AWSOptions) (cli.AWSSession, error) {
	cfg, err := baseOf(ctx, o)
	if err != nil {
		return cli.AWSSession{}, err
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if o.Role != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.Role, func(p *stscreds.AssumeRoleOptions) {
			p.RoleSessionName = appID
			if o.ExternalID != "" {
				p.ExternalID = aws.String(o.ExternalID)
			}
		}))
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return cli.AWSSession{}, fault.New(fault.Unauthenticated, "AWS does not say who we are: %w", err).
			WithHint("name a profile with --profile, or see `aws sts get-caller-identity`")
	}
	return cli.AWSSession{Account: aws.ToString(who.Account), Principal: aws.ToString(who.Arn), Config: cfg, File: o.Config}, nil
}

// baseOf is the AWS configuration of the options, and of riposte's where they want that.
func baseOf(ctx context.Context, o cli.AWSOptions) (aws.Config, error) {
	if !o.Configured {
		return accounts.Base(ctx, accounts.Identity{Profile: o.Profile, Endpoint: o.Endpoint})
	}
	c, err := LoadConfig(o.Config)
	if err != nil {
		return aws.Config{}, err
	}
	id := c.AWS.identity()
	id.Endpoint = cmp.Or(o.Endpoint, id.Endpoint)
	if o.Profile != "" {
		id.Profile, id.AccessKeyID, id.SecretAccessKey = o.Profile, "", ""
	}
	cfg, err := accounts.Base(ctx, id)
	if err != nil || o.Profile != "" || o.Role != "" || o.Account == "" || len(c.AWS.Accounts) == 0 && c.AWS.Organization == nil {
		return cfg, err
	}
	reach, err := accounts.New(accounts.Options{Base: cfg, Accounts: c.AWS.members(), Organization: c.AWS.organization(), Regions: c.AWS.Regions})
	if err != nil {
		return aws.Config{}, err
	}
	if err := reach.Discover(ctx); err != nil {
		return aws.Config{}, err
	}
	return reach.Config(ctx, o.Account, "")
}

// session is an AWSSession as the actions want it: one account.
type session struct{ cli.AWSSession }

// Config refuses accounts that the session is not in.
func (s session) Config(_ context.Context, account, region string) (aws.Config, error) {
	if account != "" && account != s.Account {
		return aws.Config{}, fault.New(fault.Denied, "account %s is not the one that is looked at", account).
			WithHint("scan it with a profile or --role of its own")
	}
	return s.In(region), nil
}

// rehearsePlan looks what a bundled playbook would do in the session's account.
func rehearsePlan(ctx context.Context, r cli.PlanRequest) (cli.PlanResult, error) {
	actions, err := newActions(session{r.AWS}, Options{Now: time.Now})
	if err != nil {
		return cli.PlanResult{}, err
	}
	machine, err := bundledPlaybook(r.Playbook)
	if err != nil {
		return cli.PlanResult{}, err
	}
	rehearsal := playbook.Rehearse(ctx, machine, actions, nil, playbook.Start{
		Rule: r.Rule, Playbook: r.Playbook, Account: r.Event.Account, Region: r.Event.Region, Input: r.Input,
	}, time.Now())
	return cli.PlanResult{Plans: rehearsal.Plans, Failed: rehearsal.Failed}, nil
}

func bundledPlaybook(name string) (*asl.Machine, error) {
	file := name + ".yaml"
	src, err := fs.ReadFile(content.Playbooks(), file)
	if err != nil {
		return nil, fault.New(fault.NotFound, "there is no bundled playbook %q", name).WithHint("run `riposte serve` with your playbooks in dry run")
	}
	return asl.Parse(file, src)
}
