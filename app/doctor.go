package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/accounts"
	"riposte.dev/audit/bucket"
	"riposte.dev/cli"
	"riposte.dev/detect"
	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

// readAll reads a configuration and what it names.
func readAll(file string) (Config, *inForce, error) {
	c, err := LoadConfig(file)
	if err != nil {
		return c, nil, err
	}
	actions, err := Actions()
	if err != nil {
		return c, nil, err
	}
	force, err := loadContent(c, actions)
	return c, force, err
}

// defaultReserve is what the bus keeps free where the configuration says nothing.
const defaultReserve = 1 << 30

// examine is `riposte doctor`.
func examine(ctx context.Context, o cli.DoctorOptions) ([]doctor.Result, error) {
	c, err := readConfig(o.Config)
	if c.Rules.Bundled == nil {
		return nil, err // the file could not be read at all
	}
	options := doctor.Options{
		DataDir: o.Data, Reserve: uint64(max(cmp.Or(c.Limits.DiskReserve, defaultReserve), 0)), Listen: c.Server.Listen,
		Validate: func() error { return CheckConfig(o.Config) }, Running: func(ctx context.Context) bool { return running(ctx, o.Data) },
		EventBridge: c.Sources.Lookup == nil, Now: time.Now, Progress: o.Progress,
	}
	for _, host := range c.Server.Hosts {
		options.Endpoints = append(options.Endpoints, "https://"+host+"/events")
	}
	base, err := accounts.Base(ctx, c.AWS.identity())
	if err != nil {
		return nil, err
	}
	reach, err := accounts.New(accounts.Options{Base: base, Accounts: c.AWS.members(), Organization: c.AWS.organization(), Regions: c.AWS.Regions})
	if err != nil {
		return nil, err
	}
	options.AWS, options.Regions = reach.Config, func(ctx context.Context) ([]string, error) { return reach.Regions(ctx, "") }
	discovered := reach.Discover(ctx) // before queues and buckets in those accounts are looked at
	options.Accounts = func() []doctor.Account { return examineAccounts(ctx, reach, discovered) }
	for _, q := range c.Sources.SQS {
		options.Queues = append(options.Queues, doctor.Queue{ARN: queueARN("aws", q, cmp.Or(q.Region, base.Region)), URL: q.URL, Account: q.Account})
	}
	for _, b := range c.Sources.Buckets {
		logs := doctor.Bucket{Name: b.Name, Region: b.Region, Owner: b.Owner, Account: b.Account}
		if len(options.Queues) == 1 {
			logs.Queue = options.Queues[0].ARN
		}
		options.Buckets = append(options.Buckets, logs)
	}
	if trackers, err := newTrackers(c, time.Now); err == nil { // a wrong ca_file is the business of the check that validates
		for _, name := range trackers.Names() {
			options.Trackers = append(options.Trackers, doctor.Tracker{Name: name, Probe: func(ctx context.Context) error { return trackers.Probe(ctx, name) }})
		}
	}
	if b := c.Audit.bucket(); b != nil {
		options.Anchor = examineAnchor(b.in(base.Region, "", reach))
	}
	// Wrong rules are the business of the check that validates; the others go on without them.
	if actions, err := Actions(); err == nil {
		force, err := loadContent(c, actions)
		if options.NeedsUnknown = err; err == nil {
			options.Rules = examineRules(force.rules)
			options.Principal = c.AWS.Responder
			s, err := setup(c, force, actions, whoseAccount(ctx, base), base.Region)
			if options.NeedsUnknown = err; err == nil {
				options.Needs = iam.Responder(s)
			}
		}
	}
	return doctor.Run(ctx, options), nil
}

// examineAnchor is the bucket in which heads of the audit record are kept, to be looked at.
func examineAnchor(c bucket.Config) *doctor.Anchor {
	return &doctor.Anchor{
		Bucket: doctor.Bucket{Name: c.Name, Region: c.Region, Owner: c.Owner, Account: c.Account},
		Held:   fmt.Sprintf("each for %s in mode %s", c.Retain, c.Mode),
		Probe:  func(ctx context.Context) error { return bucket.New(c).Probe(ctx, time.Now()) },
	}
}

// whoseAccount is the account of the credentials, "" where AWS doesn't say.
func whoseAccount(ctx context.Context, cfg aws.Config) string {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return ""
	}
	return aws.ToString(out.Account)
}

func examineAccounts(ctx context.Context, reach *accounts.Accounts, discovered error) []doctor.Account {
	reach.Check(ctx)
	var list []doctor.Account
	for _, h := range reach.Health() {
		list = append(list, doctor.Account{ID: h.Account, Name: h.Name, Problem: h.Problem, Hint: h.Hint})
	}
	if discovered != nil {
		list = append(list, doctor.Account{Name: "the organisation", Problem: fault.Message(discovered), Hint: fault.Hint(discovered)})
	}
	return list
}

// examineRules are the rules in force with an event that each is meant for: the first of its tests that matches.
func examineRules(rules *detect.RuleSet) []doctor.Rule {
	var list []doctor.Rule
	for _, r := range rules.Rules() {
		rule := doctor.Rule{ID: r.ID}
		for _, test := range r.Tests {
			if test.Expect.None {
				continue
			}
			rule.Sample = test.Event.JSON()
			if record := test.Event.Record(); record != nil {
				rule.ReadOnly = readsOnly(record.EventName)
			}
			break
		}
		list = append(list, rule)
	}
	return list
}

// readsOnly reports whether EventBridge leaves calls of that name out, unless a rule asks for them
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
func readsOnly(operation string) bool {
	for _, prefix := range []string{"Get", "List", "Describe"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}

// running reports whether it is riposte that runs on the data folder.
func running(ctx context.Context, data string) bool {
	client, err := cli.Connect(data)
	if err != nil {
		return false
	}
	return client.Call(ctx, http.MethodGet, "/healthz", nil, nil, nil) == nil
}
