package app

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/accounts"
	"riposte.dev/cli"
	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

// checkRoles is cli.RolesFunc.
func checkRoles(ctx context.Context, r cli.RolesRequest) ([]doctor.RoleReport, error) {
	c, force, err := readAll(r.Config)
	if err != nil {
		return nil, err
	}
	actions, err := Actions()
	if err != nil {
		return nil, err
	}
	base, err := accounts.Base(ctx, c.AWS.identity())
	if err != nil {
		return nil, err
	}
	if base.Region == "" {
		base.Region = "us-east-1"
	}
	reach, err := accounts.New(accounts.Options{Base: base, Accounts: c.AWS.members(), Organization: c.AWS.organization(), Regions: c.AWS.Regions})
	if err != nil {
		return nil, err
	}
	own, err := reach.Home(ctx)
	if err != nil {
		return nil, err
	}
	if c.AWS.Organization != nil {
		if err := reach.Discover(ctx); err != nil {
			return nil, err
		}
	}
	var reports []doctor.RoleReport
	for _, role := range rolesOf(c, reach, own) {
		if len(r.Accounts) > 0 && !slices.Contains(r.Accounts, role.Account) {
			continue
		}
		s, err := setup(c, force, actions, role.Account, base.Region)
		if err != nil {
			return nil, err
		}
		role.Needs = iam.Responder(s)
		reports = append(reports, doctor.CheckRole(ctx, role))
	}
	if len(reports) == 0 {
		return nil, fault.New(fault.NotFound, "none of these accounts is in the configuration").WithHint("riposte accounts list")
	}
	return reports, nil
}

// rolesOf are the roles that riposte has: its own first, then those of the other accounts by id.
func rolesOf(c Config, reach *accounts.Accounts, own string) []doctor.Role {
	at := func(account string) func(context.Context, string) (aws.Config, error) {
		return func(ctx context.Context, region string) (aws.Config, error) {
			return reach.Config(ctx, account, region)
		}
	}
	roles := []doctor.Role{{Account: own, Principal: c.AWS.Responder, AWS: at("")}}
	for _, a := range reach.List() {
		if a.Role == "" && a.ID == own {
			continue
		}
		role := doctor.Role{Account: a.ID, Principal: a.Role, AWS: at(a.ID)}
		if a.ID == own {
			roles[0] = role
			continue
		}
		roles = append(roles, role)
	}
	return roles
}
