package app

import (
	"strings"
	"testing"

	"riposte.dev/fault"
)

func TestMistakesInSources(t *testing.T) {
	tests := []struct{ name, sources, want string }{
		{"queue without a scheme", `sqs: [{url: "sqs.eu-west-1.amazonaws.com/111122223333/q"}]`, `"sqs.eu-west-1.amazonaws.com/111122223333/q" is not the URL of a queue — write https://sqs.REGION`},
		{"queue without an account", `sqs: [{url: "https://sqs.eu-west-1.amazonaws.com/q"}]`, "is not the URL of a queue"},
		{"queue twice", `sqs: [{url: "https://q.example.com/1/q"}, {url: "https://q.example.com/1/q"}]`, "the queue https://q.example.com/1/q is there twice — take one of them out"},
		{"queue without a URL", `sqs: [{region: eu-west-1}]`, "url"},
		{"bucket as URL", `buckets: [{name: "s3://logs", owner: "111122223333"}]`, `"s3://logs" is not the name of a bucket — write the name alone`},
		{"bucket without owner", `buckets: [{name: logs}]`, "owner"},
		{"bucket of nobody", `buckets: [{name: logs, owner: "42"}]`, `"42" is not an AWS account — an account has 12 digits`},
		{"buckets without a queue", `buckets: [{name: logs, owner: "111122223333"}]`, "nothing gives notice of the buckets' files — add the queue"},
		{"bucket twice", `buckets: [{name: logs, owner: "111122223333"}, {name: logs, owner: "111122223333"}]`, "the bucket logs is there twice"},
		{"log group twice", `log_groups: [{name: a}, {name: a}]`, "the log group   a is there twice"},
		{"stream from nowhere", `kinesis: [{stream: s, from: NOW}]`, `there is no position "NOW" — write LATEST or TRIM_HORIZON`},
		{"too often", `lookup_events: {every: 1s}`, "every 1s is too often — AWS allows two calls a second"},
		{"account in a look-up", `lookup_events: {accounts: ["1"]}`, `"1" is not an AWS account`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadConfig(writeConfig(t, "sources:\n  "+tt.sources+"\n"))
			if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("no %q in %v", tt.want, err)
			}
			if err != nil && !strings.Contains(err.Error(), "riposte.yaml:2:") {
				t.Errorf("%v names no place in the second line", err)
			}
		})
	}
}

func TestSourcesThatAreRight(t *testing.T) {
	if _, err := LoadConfig(writeConfig(t, `sources:
  sqs: [{url: "https://sqs.eu-west-1.amazonaws.com/111122223333/q", account: "444455556666"}]
  buckets: [{name: logs.of.shop, owner: "111122223333", prefix: audit/}]
  log_groups: [{name: a}, {name: a, region: us-east-1}, {name: a, account: "444455556666"}]
  kinesis: [{stream: s, from: TRIM_HORIZON}, {stream: s, region: us-east-1}]
  lookup_events: {every: 10s}
`)); err != nil {
		t.Error(err)
	}
}
