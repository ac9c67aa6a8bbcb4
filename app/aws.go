package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/accounts"
	"riposte.dev/action/awscall"
	"riposte.dev/playbook"
	"riposte.dev/source/cloudtrail"
	"riposte.dev/web"
)

// appID is how riposte names itself in the user agent of its calls.
const appID = "riposte"

// openAWS loads credentials; it calls nothing, so that riposte starts while AWS is out of reach.
func (a *App) openAWS(ctx context.Context) error {
	c := a.opts.Config.AWS
	base, err := accounts.Base(ctx, c.identity())
	if err != nil {
		return err
	}
	a.region = base.Region
	a.lookups = cloudtrail.NewPaces(nil)
	a.ledger = playbook.NewLedger(a.store.Executions)
	a.own = &ownCalls{ledger: a.ledger, stored: a.store.Calls, now: a.opts.Now, recent: map[string]bool{}}
	a.accounts, err = accounts.New(accounts.Options{
		Base: base, Accounts: c.members(), Organization: c.organization(), Regions: c.Regions, Checkpoints: a.store.Settings,
		OnRequest: func(service, operation, id string) { a.own.note(awscall.Prefix(service), operation, id) },
		Changed:   a.accountsChanged,
		Report:    func(problem string) { a.warn("organization", problem) },
		Now:       a.opts.Now, Logger: a.log, Registerer: a.metrics,
	})
	if err != nil {
		return err
	}
	a.actions, err = newActions(a.accounts, a.opts)
	return err
}

// accountsChanged lets the guard know the roles of accounts that were discovered.
func (a *App) accountsChanged() {
	if a.gate == nil {
		return // it is being built, and will ask
	}
	if err := a.gate.open(a.loops); err != nil {
		a.log.Warn("the roles of discovered accounts are not known to the guard yet", "error", err)
	}
}

func (c AWSConfig) identity() accounts.Identity {
	return accounts.Identity{Region: c.Region, Profile: c.Profile, Endpoint: c.Endpoint, AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}
}

func (c AWSConfig) members() []accounts.Account {
	list := make([]accounts.Account, len(c.Accounts))
	for i, m := range c.Accounts {
		list[i] = accounts.Account{ID: m.ID, Name: m.Name, Role: m.Role, ExternalID: m.ExternalID, Regions: m.Regions}
	}
	return list
}

func (c AWSConfig) organization() *accounts.Organization {
	o := c.Organization
	if o == nil {
		return nil
	}
	return &accounts.Organization{RoleName: o.Role, ExternalID: o.ExternalID, Include: o.Include, Exclude: o.Exclude, Manager: o.Manager, Refresh: o.Refresh}
}

// accountHealth is what /readyz says about the accounts.
func (a *App) accountHealth() string {
	var broken []string
	health := a.accounts.Health()
	for _, h := range health {
		if h.Status == accounts.Broken {
			broken = append(broken, h.Account)
		}
	}
	if len(broken) == 0 {
		return ""
	}
	const most = 5
	list := strings.Join(broken[:min(len(broken), most)], ", ")
	if len(broken) > most {
		list += fmt.Sprintf(" and %d more", len(broken)-most)
	}
	return fmt.Sprintf("%d of %d accounts can't be reached: %s; `riposte accounts` says why", len(broken), len(health), list)
}

// listAccounts is web.Accounts.
func (a *App) listAccounts() []web.Account {
	roles := map[string]accounts.Account{}
	for _, m := range a.accounts.List() {
		roles[m.ID] = m
	}
	var list []web.Account
	for _, h := range a.accounts.Health() {
		list = append(list, web.Account{ID: h.Account, Name: h.Name, Role: roles[h.Account].Role, Status: string(h.Status), Problem: h.Problem,
			Hint: h.Hint, Checked: h.Checked})
	}
	slices.SortFunc(list, func(x, y web.Account) int { return strings.Compare(x.ID, y.ID) })
	return list
}
