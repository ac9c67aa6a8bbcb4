package app

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"riposte.dev/action/program"
	"riposte.dev/action/ticket"
	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/guard"
	targethttp "riposte.dev/target/http"
)

// Config is riposte's configuration file (docs/reference/configuration.md).
type Config struct {
	Server          ServerConfig            `yaml:"server"`
	AWS             AWSConfig               `yaml:"aws"`
	Mode            guard.Mode              `yaml:"mode"`  // the boldest mode of any rule; bolder ones are lowered to it
	Guard           guard.Policy            `yaml:"guard"` // what riposte may change, where, how much and when
	Rules           RulesConfig             `yaml:"rules"`
	SecurityContact string                  `yaml:"security_contact"` // mail address
	ThreatLists     []ThreatListConfig      `yaml:"threat_lists"`
	Learning        time.Duration           `yaml:"learning"` // how long an account's networks are only learned
	Notify          NotifyConfig            `yaml:"notify"`
	Sources         SourcesConfig           `yaml:"sources"`
	Connections     []targethttp.Connection `yaml:"connections"` // for targets with a URL
	// AllowPrivateTargets lets targets with a URL be on loopback and private addresses.
	AllowPrivateTargets bool                      `yaml:"allow_private_targets"`
	Tickets             map[string]ticket.Config  `yaml:"tickets"`  // trackers, by name
	Programs            map[string]program.Config `yaml:"programs"` // that playbooks may run, by name
	NATS                *NATSConfig               `yaml:"nats"`     // an external NATS instead of the embedded one
	Limits              LimitsConfig              `yaml:"limits"`
	Audit               AuditConfig               `yaml:"audit"`

	file string         // "" where there is none
	hash string         // SHA-256 of the file, hexadecimal
	dir  string         // relative paths in the file are relative to its folder
	doc  *conf.Document // for the places of mistakes; nil without a file
}

// ServerConfig is where riposte listens.
type ServerConfig struct {
	Listen string   `yaml:"listen"` // host:port; loopback unless TLS is configured
	Hosts  []string `yaml:"hosts"`  // names beside loopback ones under which it is reached
	Cert   string   `yaml:"tls_cert"`
	Key    string   `yaml:"tls_key"`
}

// AWSConfig is how riposte reaches AWS. Without keys the SDK's default chain is used.
type AWSConfig struct {
	Region          string          `yaml:"region"`
	Profile         string          `yaml:"profile"`
	Endpoint        string          `yaml:"endpoint"` // for the sandbox or another emulator
	AccessKeyID     string          `yaml:"access_key_id"`
	SecretAccessKey string          `yaml:"secret_access_key"`
	Responder       string          `yaml:"responder"` // ARN of the role or user as which riposte acts; default: who the credentials are
	Accounts        []AccountConfig `yaml:"accounts"`
	// Organization discovers accounts by AWS Organizations.
	Organization *OrganizationConfig `yaml:"organization"`
	Regions      []string            `yaml:"regions"` // of accounts that name none; default: all that are enabled
}

// AccountConfig is another account and the role to assume in it.
type AccountConfig struct {
	ID         string   `yaml:"id" conf:"required"`
	Name       string   `yaml:"name"`
	Role       string   `yaml:"role" conf:"required"`
	ExternalID string   `yaml:"external_id"`
	Regions    []string `yaml:"regions"`
}

// OrganizationConfig says which accounts of the organisation riposte looks after, and as whom.
type OrganizationConfig struct {
	Role       string        `yaml:"role" conf:"required"` // name of the role in every member account
	ExternalID string        `yaml:"external_id"`
	Include    []string      `yaml:"include"` // accounts, organisational units, roots; default: all
	Exclude    []string      `yaml:"exclude"`
	Manager    string        `yaml:"manager"` // ARN of a role that may list the accounts; default: riposte's own identity
	Refresh    time.Duration `yaml:"refresh"` // default 1h
}

// NATSConfig is an external NATS with JetStream.
type NATSConfig struct {
	URL         string `yaml:"url" conf:"required"` // several servers of one cluster separated by commas
	Credentials string `yaml:"credentials_file"`
	CA          string `yaml:"ca_file"`
	Cert        string `yaml:"cert_file"`
	Key         string `yaml:"key_file"`
	// AllowSingleReplica accepts that what was acknowledged is lost with the one machine that keeps it.
	AllowSingleReplica bool `yaml:"allow_single_replica"`
}

// RulesConfig says which rules and playbooks are in force.
type RulesConfig struct {
	Bundled   *bool                 `yaml:"bundled"` // default true
	Paths     []string              `yaml:"paths"`   // files and folders of rules
	Playbooks []string              `yaml:"playbooks"`
	Disable   []string              `yaml:"disable"` // rule ids
	Modes     map[string]guard.Mode `yaml:"modes"`   // mode by rule id; "*" for the boldest mode of all others
}

// ThreatListConfig is a file of addresses and networks.
type ThreatListConfig struct {
	Name string `yaml:"name" conf:"required"`
	Path string `yaml:"path" conf:"required"`
}

// NotifyConfig says who is told what, and how.
type NotifyConfig struct {
	Mail     *MailConfig              `yaml:"mail"`
	Topics   map[string]string        `yaml:"topics"`   // channel name → SNS topic ARN
	Slack    map[string]SlackConfig   `yaml:"slack"`    // by channel name
	Webhooks map[string]WebhookConfig `yaml:"webhooks"` // by channel name
	// OwnerDomains are the mail domains in which a resource's owner is written to, beside those of the routes' recipients.
	OwnerDomains []string               `yaml:"owner_domains"`
	Routes       map[string]RouteConfig `yaml:"routes"`
}

// MailConfig is the SMTP server.
type MailConfig struct {
	Host         string `yaml:"host" conf:"required"`
	Port         int    `yaml:"port"` // default 587; 465 with implicit TLS
	TLS          string `yaml:"tls"`  // starttls (default), implicit, opportunistic, none (loopback only)
	From         string `yaml:"from" conf:"required"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"` // read for each mail, so that it can be rotated
	ReplyTo      string `yaml:"reply_to"`
	CAFile       string `yaml:"ca_file"` // PEM; certificates to trust instead of the system's
}

// SlackConfig is an incoming webhook of Slack.
type SlackConfig struct {
	URLFile      string `yaml:"url_file" conf:"required"` // has the webhook's URL; read for each message
	AllowPrivate bool   `yaml:"allow_private"`            // accepts what speaks like Slack in one's own network
}

// WebhookConfig is a receiver of notifications by HTTP, signed as Standard Webhooks has it.
type WebhookConfig struct {
	URL            string            `yaml:"url"`      // this or url_file
	URLFile        string            `yaml:"url_file"` // has the URL, where that is a secret
	SecretFile     string            `yaml:"secret_file"`
	HeaderFiles    map[string]string `yaml:"header_files"` // further headers, each with the file that has its value
	AllowPrivate   bool              `yaml:"allow_private"`
	AllowPlaintext bool              `yaml:"allow_plaintext"`
	CAFile         string            `yaml:"ca_file"`
}

// channels are the names that routes may use, with where each is defined.
func (n NotifyConfig) channels() map[string]string {
	names := map[string]string{logRoute: "log"}
	if n.Mail != nil {
		names["mail"] = "notify.mail"
	}
	for name := range n.Topics {
		names[name] = "notify.topics"
	}
	for name := range n.Slack {
		names[name] = "notify.slack"
	}
	for name := range n.Webhooks {
		names[name] = "notify.webhooks"
	}
	return names
}

// RouteConfig names the channels of a route: mail, log, and names of topics, Slack channels and webhooks.
type RouteConfig struct {
	Channels    []string `yaml:"channels" conf:"required"`
	To          []string `yaml:"to"` // mail addresses
	MinSeverity string   `yaml:"min_severity"`
}

// LimitsConfig bounds what riposte keeps on disk.
type LimitsConfig struct {
	DiskReserve int64 `yaml:"disk_reserve"` // bytes that stay free
	Events      int64 `yaml:"events"`       // bytes of retained events
}

// Defaults of the configuration.
const (
	defaultListen   = "127.0.0.1:7411"
	defaultLearning = 7 * 24 * time.Hour
	defaultMode     = guard.DryRun
	defaultRoute    = "secops"
)

// LoadConfig reads the file; without a path, riposte.yaml in the working folder where there is one, else the defaults.
func LoadConfig(path string) (Config, error) {
	c, err := readConfig(path)
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// readConfig is LoadConfig that returns what could be read beside its mistakes, so that what it names can be checked too.
func readConfig(path string) (Config, error) {
	named := path != ""
	if !named {
		path = "riposte.yaml"
	}
	src, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return Config{}.withDefaults(), nil
	case errors.Is(err, fs.ErrNotExist):
		return Config{}, fault.New(fault.NotFound, "there is no configuration %s", path).WithHint("check --config")
	case err != nil:
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	doc, err := conf.Parse(path, src)
	if err != nil {
		return Config{}, err
	}
	c := Config{file: path, hash: fmt.Sprintf("%x", sha256.Sum256(src)), dir: filepath.Dir(path), doc: doc}
	err = conf.Join(doc.Decode(&c), c.check(doc))
	return c.withDefaults(), err
}

func (c Config) withDefaults() Config {
	if c.Server.Listen == "" {
		c.Server.Listen = defaultListen
	}
	if c.Mode == "" {
		c.Mode = defaultMode
	}
	if c.Learning == 0 {
		c.Learning = defaultLearning
	}
	if c.Rules.Bundled == nil {
		yes := true
		c.Rules.Bundled = &yes
	}
	return c
}

// path resolves a path of the file.
func (c Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) || c.dir == "" {
		return p
	}
	return filepath.Join(c.dir, p)
}

// problem is a mistake at a path of the file.
func (c Config) problem(path, hint, format string, args ...any) conf.Problem {
	if c.doc == nil {
		return conf.Problem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	return c.doc.Problem(path, hint, format, args...)
}

var accountID = regexp.MustCompile(`^\d{12}$`)

// check finds what is well-formed but wrong.
func (c *Config) check(doc *conf.Document) error {
	var problems conf.Problems
	fail := func(path, hint, format string, args ...any) {
		problems = append(problems, doc.Problem(path, hint, format, args...))
	}
	modes := map[guard.Mode]bool{"": true, guard.Notify: true, guard.DryRun: true, guard.Approve: true, guard.Auto: true}
	const modeHint = "write notify, dry-run, approve or auto"
	if !modes[c.Mode] {
		fail("mode", modeHint, "there is no mode %q", c.Mode)
	}
	if c.Mode.Bolder(guard.DryRun) && modes[c.Mode] && len(c.Guard.Allow) == 0 {
		fail("mode", `add guard: {allow: [{accounts: ["111122223333"]}]}; for all accounts ["*"]`,
			"in mode %s riposte changes things, and guard.allow does not say where it may", c.Mode)
	}
	c.Guard.Check(func(path, format string, args ...any) {
		fail("guard."+path, "see docs/reference/guard.md", format, args...)
	})
	for rule, mode := range c.Rules.Modes {
		if !modes[mode] || mode == "" {
			fail("rules.modes."+rule, modeHint, "there is no mode %q", mode)
		}
	}
	for i, account := range c.AWS.Accounts {
		if account.ID != "" && !accountID.MatchString(account.ID) {
			fail(fmt.Sprintf("aws.accounts[%d].id", i), "an account has 12 digits; put it in quotes", "%q is not an AWS account", account.ID)
		}
	}
	if (c.AWS.AccessKeyID == "") != (c.AWS.SecretAccessKey == "") {
		fail("aws", "set both, or neither and use the SDK's default chain", "access_key_id and secret_access_key belong together")
	}
	if c.AWS.AccessKeyID != "" && (c.AWS.Region == "" || c.AWS.Endpoint == "") {
		fail("aws", "keys in the file are for the sandbox; for AWS use a role or profile", "static keys need region and endpoint")
	}
	if (c.Server.Cert == "") != (c.Server.Key == "") {
		fail("server", "set both", "tls_cert and tls_key belong together")
	} else if c.Server.Listen != "" {
		if err := c.Server.checkListen(); err != nil {
			fail("server.listen", fault.Hint(err), "%s", fault.Message(err))
		}
	}
	problems = append(problems, c.Sources.check(doc)...)
	for _, p := range targethttp.Check(c.Connections).In("connections") {
		fail(p.Path, p.Hint, "%s", p.Message)
	}
	for _, p := range ticket.Check(c.Tickets).In("tickets") {
		fail(p.Path, p.Hint, "%s", p.Message)
	}
	for _, p := range program.Check(c.Programs).In("programs") {
		fail(p.Path, p.Hint, "%s", p.Message)
	}
	c.checkNotify(fail)
	c.Audit.check(c.Notify, fail)
	return problems.Err()
}
