package app

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

// enabled is a configuration with something of everything.
const enabled = `aws:
  region: eu-west-1
  responder: arn:aws:iam::111122223333:role/riposte
  accounts: [{id: "444455556666", role: "arn:aws:iam::444455556666:role/responder"}]
  organization: {role: security/responder, manager: "arn:aws:iam::999988887777:role/lister"}
rules: {bundled: false, paths: [rules]}
notify: {topics: {b: "arn:aws:sns:eu-west-1:111122223333:b", a: "arn:aws:sns:eu-west-1:111122223333:a"}}
sources:
  sqs:
    - {url: "https://sqs.us-east-1.amazonaws.com/111122223333/own"}
    - {url: "https://sqs.eu-west-1.amazonaws.com/444455556666/theirs"}
  buckets: [{name: logs, owner: "111122223333", prefix: audit/}, {name: their-logs, owner: "444455556666", account: "444455556666"}]
  log_groups: [{name: group}]
  kinesis: [{stream: stream, region: us-east-1}]
audit: {anchor: {bucket: {name: vault, owner: "999988887777", prefix: heads/}}}
`

const respondingRule = `id: trail-stopped
title: A trail was stopped
story: It is started again, and a queue and a function are told.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
respond: {playbook: restart-trail, mode: auto, input: {account: $.account, region: $.region, trail: $.detail.requestParameters.name}}
targets:
  - {id: queue, arn: "arn:aws:sqs:eu-west-1:111122223333:told"}
  - {id: function, arn: "arn:aws:lambda:eu-west-1:444455556666:function:told", role_arn: "arn:aws:iam::444455556666:role/caller"}
`

func enabledSetup(t *testing.T, account string) iam.Setup {
	t.Helper()
	w := &world{folder: t.TempDir()}
	w.write(t, "rules/trail.yaml", respondingRule)
	c, err := LoadConfig(w.write(t, "riposte.yaml", enabled))
	if err != nil {
		t.Fatal(err)
	}
	actions, err := Actions()
	if err != nil {
		t.Fatal(err)
	}
	force, err := loadContent(c, actions)
	if err != nil {
		t.Fatal(err)
	}
	s, err := setup(c, force, actions, account, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSetupOfTheOwnAccount(t *testing.T) {
	got := enabledSetup(t, "")
	if len(got.Responses) != 1 || got.Responses[0].Name != "cloudtrail.start-logging" || !slices.Contains(got.Responses[0].Permissions, "cloudtrail:StartLogging") {
		t.Errorf("the playbook's actions are %+v", got.Responses)
	}
	got.Responses = nil
	want := iam.Setup{
		Partition: "aws", Account: "111122223333", Lookup: true, Principal: "arn:aws:iam::111122223333:role/riposte",
		Queues:    []string{"arn:aws:sqs:us-east-1:111122223333:own"},
		Buckets:   []iam.Bucket{{Name: "logs", Prefix: "audit/"}},
		Anchors:   []iam.Bucket{{Name: "vault", Prefix: "heads/"}},
		LogGroups: []string{"arn:aws:logs:eu-west-1:111122223333:log-group:group"},
		Streams:   []string{"arn:aws:kinesis:us-east-1:111122223333:stream/stream"},
		Topics:    []string{"arn:aws:sns:eu-west-1:111122223333:a", "arn:aws:sns:eu-west-1:111122223333:b"},
		Targets: []iam.Need{
			{Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:aws:sqs:eu-west-1:111122223333:told"}, Why: "send to targets"},
			{Actions: []string{"sts:AssumeRole"}, Resources: []string{"arn:aws:iam::444455556666:role/caller"}, Why: "send to targets"},
		},
		Members: []string{"arn:aws:iam::444455556666:role/responder", "arn:aws:iam::*:role/security/responder", "arn:aws:iam::999988887777:role/lister"},

		Organizations: true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestSetupOfAnotherAccount(t *testing.T) {
	got := enabledSetup(t, "444455556666")
	if len(got.Responses) != 1 || got.Responses[0].Name != "cloudtrail.start-logging" || !slices.Contains(got.Responses[0].Permissions, "cloudtrail:StartLogging") {
		t.Errorf("the playbook's actions are %+v", got.Responses)
	}
	got.Responses = nil
	want := iam.Setup{Partition: "aws", Account: "444455556666", Lookup: true,
		Queues: []string{"arn:aws:sqs:eu-west-1:444455556666:theirs"}, Buckets: []iam.Bucket{{Name: "their-logs"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestWhichAccountIsTheOwn(t *testing.T) {
	queues := func(urls ...string) Config {
		var c Config
		for _, u := range urls {
			c.Sources.SQS = append(c.Sources.SQS, QueueConfig{URL: u})
		}
		return c
	}
	tests := []struct {
		name string
		c    Config
		want string
	}{
		{"the responder's", Config{AWS: AWSConfig{Responder: "arn:aws-cn:iam::999988887777:role/r"}}, "999988887777"},
		{"the queues'", queues("https://sqs.eu-west-1.amazonaws.com/111122223333/a", "http://127.0.0.1:4566/111122223333/b"), "111122223333"},
		{"not that of queues of several", queues("https://sqs.eu-west-1.amazonaws.com/111122223333/a", "https://sqs.eu-west-1.amazonaws.com/444455556666/b"), ""},
		{"not told", Config{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.c.withDefaults()
			actions, err := Actions()
			if err != nil {
				t.Fatal(err)
			}
			force, err := loadContent(c, actions)
			if err != nil {
				t.Fatal(err)
			}
			s, err := setup(c, force, actions, "", "")
			if s.Account != tt.want {
				t.Errorf("account %q, want %q", s.Account, tt.want)
			}
			if (tt.want == "") != (fault.CodeOf(err) == fault.Invalid && fault.Hint(err) != "") {
				t.Errorf("error %v, hint %q", err, fault.Hint(err))
			}
		})
	}
}
