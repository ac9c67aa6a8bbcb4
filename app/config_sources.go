package app

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"riposte.dev/conf"
)

// SourcesConfig says where events are taken from, beside those that are sent to riposte over HTTP
// (docs/reference/sources.md).
type SourcesConfig struct {
	SQS     []QueueConfig    `yaml:"sqs"`
	Buckets []BucketConfig   `yaml:"buckets"` // whose CloudTrail log files the queues give notice of
	Logs    []LogGroupConfig `yaml:"log_groups"`
	Kinesis []StreamConfig   `yaml:"kinesis"`
	Lookup  *LookupConfig    `yaml:"lookup_events"`
}

// QueueConfig is an SQS queue: of events from EventBridge, or of notices about log files.
type QueueConfig struct {
	URL     string `yaml:"url" conf:"required"`
	Region  string `yaml:"region"`  // where the URL does not say
	Account string `yaml:"account"` // whose role is used; default: the URL's
}

// BucketConfig is a bucket of CloudTrail log files.
type BucketConfig struct {
	Name    string `yaml:"name" conf:"required"`
	Owner   string `yaml:"owner" conf:"required"` // account; a bucket of that name that belongs to somebody else is not read
	Region  string `yaml:"region"`
	Prefix  string `yaml:"prefix"`
	Account string `yaml:"account"` // whose role is used; default: riposte's own
}

// LogGroupConfig is a CloudWatch Logs group that is polled.
type LogGroupConfig struct {
	Name         string `yaml:"name" conf:"required"`
	Region       string `yaml:"region"`
	Account      string `yaml:"account"`
	Pattern      string `yaml:"pattern"` // CloudWatch Logs filter pattern
	StreamPrefix string `yaml:"stream_prefix"`
}

// StreamConfig is a Kinesis stream with subscriptions of CloudWatch Logs or events of EventBridge.
type StreamConfig struct {
	Stream  string `yaml:"stream" conf:"required"`
	Region  string `yaml:"region"`
	Account string `yaml:"account"`
	From    string `yaml:"from"` // LATEST (default) or TRIM_HORIZON: where the very first start begins
}

// LookupConfig polls CloudTrail's event history, for accounts without any other source.
type LookupConfig struct {
	Accounts []string      `yaml:"accounts"` // default: riposte's own
	Regions  []string      `yaml:"regions"`  // default: all that are enabled
	Every    time.Duration `yaml:"every"`    // default 1m
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// check finds what is well-formed but wrong.
func (s SourcesConfig) check(doc *conf.Document) (problems conf.Problems) {
	fail := func(path, hint, format string, args ...any) {
		problems = append(problems, doc.Problem("sources."+path, hint, format, args...))
	}
	account := func(path, id string) {
		if id != "" && !accountID.MatchString(id) {
			fail(path, "an account has 12 digits; put it in quotes", "%q is not an AWS account", id)
		}
	}
	once := map[string]bool{}
	twice := func(path, kind, name string) {
		if once[kind+name] {
			fail(path, "take one of them out", "%s %s is there twice", kind, name)
		}
		once[kind+name] = true
	}
	for i, q := range s.SQS {
		path := fmt.Sprintf("sqs[%d]", i)
		if u, err := url.Parse(q.URL); q.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || strings.Count(u.Path, "/") != 2) {
			fail(path+".url", "write https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE, as `aws sqs get-queue-url` prints it", "%q is not the URL of a queue", q.URL)
		}
		account(path+".account", q.Account)
		twice(path+".url", "the queue", strings.TrimSpace(q.URL+" "+q.Region)) // emulators have one URL for all regions
	}
	for i, b := range s.Buckets {
		path := fmt.Sprintf("buckets[%d]", i)
		if b.Name != "" && !bucketName.MatchString(b.Name) {
			fail(path+".name", "write the name alone, without s3:// and path", "%q is not the name of a bucket", b.Name)
		}
		account(path+".owner", b.Owner)
		account(path+".account", b.Account)
		twice(path+".name", "the bucket", b.Name)
	}
	for i, g := range s.Logs {
		path := fmt.Sprintf("log_groups[%d]", i)
		account(path+".account", g.Account)
		twice(path+".name", "the log group", g.Account+" "+g.Region+" "+g.Name)
	}
	for i, k := range s.Kinesis {
		path := fmt.Sprintf("kinesis[%d]", i)
		if k.From != "" && k.From != "LATEST" && k.From != "TRIM_HORIZON" {
			fail(path+".from", "write LATEST or TRIM_HORIZON", "there is no position %q", k.From)
		}
		account(path+".account", k.Account)
		twice(path+".stream", "the stream", k.Account+" "+k.Region+" "+k.Stream)
	}
	if s.Lookup != nil {
		for i, id := range s.Lookup.Accounts {
			account(fmt.Sprintf("lookup_events.accounts[%d]", i), id)
		}
		if e := s.Lookup.Every; e < 0 || e > 0 && e < 10*time.Second {
			fail("lookup_events.every", "AWS allows two calls a second in each region; 1m is plenty", "every %s is too often", e)
		}
	}
	if len(s.Buckets) > 0 && len(s.SQS) == 0 {
		fail("buckets", "add the queue that the buckets' notifications go to under sources.sqs", "nothing gives notice of the buckets' files")
	}
	return problems
}
