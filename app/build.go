package app

import (
	"context"
	"errors"
	"time"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/catalogue"
	"riposte.dev/detect"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/notify/slack"
	"riposte.dev/notify/smtp"
	"riposte.dev/notify/sns"
	"riposte.dev/playbook"
	lookup "riposte.dev/source/cloudtrail"
)

// newActions is what riposte can do to accounts.
func newActions(clients awscall.Clients, o Options) (*action.Set, error) {
	trackers, err := newTrackers(o.Config, o.Now)
	if err != nil {
		return nil, err
	}
	webhooks, err := newPosters(o.Config, o.Now)
	if err != nil {
		return nil, err
	}
	options := catalogue.Options{
		SecurityContact: o.Config.SecurityContact, Now: o.Now, Trackers: trackers, Programs: o.Config.Programs, Webhooks: webhooks,
	}
	if all, ok := clients.(*accounts.Accounts); ok {
		options.Home = all.Home
	}
	return catalogue.New(awscall.New(clients, o.Now), options)
}

// Actions returns the actions for those who only want to know them; they reach no account.
func Actions() (*action.Set, error) {
	return newActions(nil, Options{Now: time.Now})
}

func (a *App) buildNotify(context.Context) error {
	c := a.opts.Config.Notify
	channels, err := a.channels(c)
	if err != nil {
		return err
	}
	routes := []notify.Route{{Name: logRoute, Channels: []string{logChannel{}.Name()}}}
	fallback := logRoute
	for name, r := range c.Routes {
		routes = append(routes, notify.Route{Name: name, Channels: r.Channels, To: r.To, MinSeverity: r.MinSeverity})
		if name == defaultRoute {
			fallback = name
		}
	}
	router, err := notify.New(notify.Config{
		Channels: channels, Routes: routes, Default: fallback, OwnerDomains: c.OwnerDomains,
		Queue: mailbox{a.bus}, Log: watchedLog{a.store.Deliveries, a.live}, Logger: a.log, Registerer: a.metrics, Now: a.opts.Now,
	})
	a.router = router
	return err
}

// channels makes what notifications are sent by.
func (a *App) channels(c NotifyConfig) ([]notify.Channel, error) {
	channels := []notify.Channel{logChannel{a.log}}
	add := func(channel notify.Channel, err error) error {
		channels = append(channels, channel)
		return err
	}
	path := a.opts.Config.path
	var errs []error
	if c.Mail != nil {
		errs = append(errs, add(smtp.New(a.opts.Config.smtp())))
	}
	for name, arn := range c.Topics {
		errs = append(errs, add(sns.New(sns.Config{Name: name, TopicARN: arn, AWS: a.accounts.Config})))
	}
	for name, s := range c.Slack {
		errs = append(errs, add(slack.New(slack.Config{Name: name, URLFile: path(s.URLFile), AllowPrivate: s.AllowPrivate, Now: a.opts.Now})))
	}
	for name := range c.Webhooks {
		errs = append(errs, add(newWebhook(a.opts.Config, name, a.opts.Now)))
	}
	return channels, errors.Join(errs...)
}

func (a *App) buildPlaybooks(ctx context.Context) error {
	force, err := loadContent(a.opts.Config, a.actions)
	if err != nil {
		return err
	}
	a.inForce.Store(force)
	a.activity = detect.NewActivity(0, 0, a.opts.Now)
	a.reporter = &reporter{router: a.router, activity: a.activity, accounts: a.accounts, now: a.opts.Now}
	a.history = guard.NewHistory()
	if err := a.remember(ctx); err != nil {
		return err
	}
	a.gate = &gate{
		accounts: a.accounts, configured: a.opts.Config.AWS.Responder, inForce: &a.inForce,
		options: guard.Options{Exceptions: a.store.Exceptions, Requests: a.own, Pauses: a.store.Pauses, Lost: a.ledger, Now: a.opts.Now,
			Corroborator: lookup.NewWitness(a.accounts.Config, a.lookups),
			Policy:       func() *guard.Policy { return a.inForce.Load().policy }, History: a.history},
	}
	if a.opts.Config.AWS.Organization != nil {
		a.gate.options.Units = a.accounts
	}
	var records playbook.Journal = journal{a.bus.Journal()}
	if a.opts.WrapJournal != nil {
		records = a.opts.WrapJournal(records)
	}
	a.resources = a.newResources()
	a.runtime, err = playbook.New(playbook.Options{
		Journal: records, Index: a.store.Executions, Ledger: a.ledger, Actions: a.actions, Guard: a.gate,
		Resources: a.resources, Knowledge: knowledge{a.store.Findings, a.store.Executions, a.accountRows},
		Notifier: a.reporter, Definitions: force.playbooks, Logger: a.log, Registerer: a.metrics, Observe: a.live.step, Now: a.opts.Now, After: a.opts.After, Redact: notify.Redact,
	})
	a.enforcer = &enforcer{exceptions: a.store.Exceptions, executions: a.store.Executions, settings: a.store.Settings, runtime: a.runtime,
		inForce: &a.inForce, now: a.opts.Now, log: a.log, done: map[string]bool{}}
	return err
}

func (a *App) buildDetection(context.Context) error {
	c, force := a.opts.Config, a.inForce.Load()
	for _, warning := range force.rules.Warnings() {
		a.log.Warn("rule", "warning", warning.String())
	}
	a.threats = detect.NewThreatLists(force.lists...)
	networks := detect.NewNewNetwork(a.store.Networks, detect.NewNetworkOptions{Learning: c.Learning})
	a.hub = finding.NewHub(finding.Options{Store: a.store.Findings, Now: a.opts.Now, Logger: a.log})
	a.refusals = newRefusals(a.store.Audit.Append, a.opts.Now)
	var err error
	a.engine, err = detect.NewEngine(detect.Options{
		Rules: force.rules, Guard: a.gate, Responder: responder{a.runtime, a.live}, Findings: a.hub, Notices: detectNotices{a.reporter},
		DeadLetters: buried{a.bus}, Refusals: a.refusals, Postponer: timers{a.bus}, Targets: a.targets, Enrichers: []detect.Enricher{a.threats, networks},
		Observers: []detect.Observer{networks}, Activity: a.activity, OwnRole: a.gate.ownRole, Accounts: a.accounts,
		Now: a.opts.Now, Logger: a.log, Registerer: a.metrics,
	})
	a.reporter.facts = a.engine
	return err
}
