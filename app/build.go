package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/action/ec2"
	"riposte.dev/asl"
	"riposte.dev/cli"
	"riposte.dev/conf"
	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/notify/smtp"
	"riposte.dev/notify/sns"
	"riposte.dev/playbook"
)

// newActions is the one list of actions.
func newActions(clients awscall.Clients, o Options) (*action.Set, error) {
	caller := awscall.New(clients, o.Now)
	return action.NewSet(
		cloudtrail.NewStartLogging(caller),
		ec2.NewRevokeIngress(caller, ec2.Options{SecurityContact: o.Config.SecurityContact}),
	)
}

// Actions returns the actions for those who only want to know them; they reach no account.
func Actions() (*action.Set, error) {
	return newActions(nil, Options{Now: time.Now})
}

func (a *App) openAWS(ctx context.Context) (err error) {
	if a.accounts, err = newAWSAccounts(ctx, a.opts.Config.AWS); err != nil {
		return err
	}
	a.actions, err = newActions(a.accounts, a.opts)
	return err
}

func (a *App) buildNotify(context.Context) error {
	c := a.opts.Config.Notify
	channels := []notify.Channel{logChannel{a.log}}
	if c.Mail != nil {
		mail, err := smtp.New(smtp.Config{
			Host: c.Mail.Host, Port: c.Mail.Port, TLS: smtp.Encryption(c.Mail.TLS), From: c.Mail.From,
			Username: c.Mail.Username, PasswordFile: a.opts.Config.path(c.Mail.PasswordFile),
			ReplyTo: c.Mail.ReplyTo, CAFile: a.opts.Config.path(c.Mail.CAFile),
		})
		if err != nil {
			return err
		}
		channels = append(channels, mail)
	}
	for name, arn := range c.Topics {
		topic, err := sns.New(sns.Config{Name: name, TopicARN: arn, AWS: a.accounts.Config})
		if err != nil {
			return err
		}
		channels = append(channels, topic)
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
		Queue: mailbox{a.bus}, Log: a.store.Deliveries, Logger: a.log, Registerer: a.metrics, Now: a.opts.Now,
	})
	a.router = router
	return err
}

func (a *App) buildPlaybooks(context.Context) error {
	var err error
	if a.machines, err = loadPlaybooks(a.opts.Config, a.actions); err != nil {
		return err
	}
	a.activity = detect.NewActivity(0, 0, a.opts.Now)
	a.reporter = &reporter{router: a.router, activity: a.activity, accounts: a.accounts, now: a.opts.Now}
	a.ledger = playbook.NewLedger(a.store.Executions)
	a.gate = &gate{
		accounts: a.accounts, configured: a.opts.Config.AWS.Responder, limit: a.opts.Config.Mode, modes: a.opts.Config.Rules.Modes,
		options: guard.Options{Exceptions: a.store.Exceptions, Requests: a.ledger, Lost: a.ledger, Now: a.opts.Now},
	}
	var records playbook.Journal = journal{a.bus.Journal()}
	if a.opts.WrapJournal != nil {
		records = a.opts.WrapJournal(records)
	}
	a.runtime, err = playbook.New(playbook.Options{
		Journal: records, Index: a.store.Executions, Ledger: a.ledger, Actions: a.actions, Guard: a.gate,
		Notifier: a.reporter, Definitions: a.machines, Logger: a.log, Registerer: a.metrics, Observe: a.live.step, Now: a.opts.Now,
	})
	return err
}

// loadPlaybooks reads the bundled playbooks and those of the configuration, which may replace bundled ones, and reports
// every mistake in them.
func loadPlaybooks(c Config, actions playbook.Actions) (map[string]*asl.Machine, error) {
	machines := map[string]*asl.Machine{}
	var errs []error
	load := func(root string, tree fs.FS) {
		err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			ext := path.Ext(name)
			if ext != ".yaml" && ext != ".yml" && ext != ".json" {
				return nil
			}
			src, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			machine, err := asl.Parse(path.Join(root, name), src)
			if err == nil {
				err = playbook.Check(machine, actions)
			}
			if err != nil {
				errs = append(errs, err)
			}
			machines[strings.TrimSuffix(path.Base(name), ext)] = machine
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("reading playbooks in %s: %w", root, err))
		}
	}
	load("bundled", content.Playbooks())
	for _, folder := range c.Rules.Playbooks {
		load(c.path(folder), os.DirFS(c.path(folder)))
	}
	return machines, conf.Join(errs...)
}

// loadRules reads the rules in force.
func loadRules(c Config, playbooks map[string]*asl.Machine) (*detect.RuleSet, error) {
	var sources []detect.Source
	var errs []error
	paths := c.Rules.Paths
	if *c.Rules.Bundled {
		sources = append(sources, detect.Source{Name: "bundled", FS: content.Rules()})
	}
	for _, p := range paths {
		source, err := cli.RuleSource(c.path(p))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sources = append(sources, source)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var names []string
	for name := range playbooks {
		names = append(names, name)
	}
	routes := []string{defaultRoute}
	for name := range c.Notify.Routes {
		routes = append(routes, name)
	}
	rules, err := detect.Load(sources, detect.LoadOptions{Playbooks: names, Routes: routes, Disabled: c.Rules.Disable})
	if err != nil {
		return nil, err
	}
	for id := range c.Rules.Modes {
		if rules.Rule(id) == nil {
			return nil, fault.New(fault.Invalid, "rules.modes names the rule %q, which does not exist", id).WithHint("correct the id or take it out")
		}
	}
	return rules, nil
}

func (a *App) buildDetection(context.Context) error {
	c := a.opts.Config
	rules, err := loadRules(c, a.machines)
	if err != nil {
		return err
	}
	for _, warning := range rules.Warnings() {
		a.log.Warn("rule", "warning", warning.String())
	}
	lists, err := loadThreatLists(c)
	if err != nil {
		return err
	}
	networks := detect.NewNewNetwork(a.store.Networks, detect.NewNetworkOptions{Learning: c.Learning})
	a.hub = finding.NewHub(finding.Options{Store: a.store.Findings, Now: a.opts.Now, Logger: a.log})
	a.engine, err = detect.NewEngine(detect.Options{
		Rules: rules, Guard: a.gate, Responder: responder{a.runtime, a.live}, Findings: a.hub, Notices: detectNotices{a.reporter},
		DeadLetters: buried{a.bus}, Postponer: timers{a.bus}, Enrichers: []detect.Enricher{detect.NewThreatLists(lists...), networks},
		Observers: []detect.Observer{networks}, Activity: a.activity, OwnRole: a.gate.ownRole,
		Now: a.opts.Now, Logger: a.log, Registerer: a.metrics,
	})
	a.reporter.facts = a.engine
	return err
}

func loadThreatLists(c Config) ([]detect.ThreatList, error) {
	var lists []detect.ThreatList
	for _, l := range c.ThreatLists {
		f, err := os.Open(c.path(l.Path))
		if err != nil {
			return nil, fmt.Errorf("reading threat list %s: %w", l.Name, err)
		}
		list, err := detect.ReadThreatList(c.path(l.Path), f, detect.ThreatList{Label: l.Name})
		f.Close()
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// CheckConfig reads a configuration with its rules and playbooks and reports every mistake.
func CheckConfig(file string) error {
	c, err := LoadConfig(file)
	if err != nil {
		return err
	}
	accounts, err := newAWSAccounts(context.Background(), c.AWS)
	if err != nil {
		return err
	}
	actions, err := newActions(accounts, Options{Config: c})
	if err != nil {
		return err
	}
	machines, playbookErr := loadPlaybooks(c, actions)
	_, ruleErr := loadRules(c, machines)
	_, listErr := loadThreatLists(c)
	return conf.Join(playbookErr, ruleErr, listErr)
}
