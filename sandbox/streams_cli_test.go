package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"riposte.dev/sandbox"
)

// TestLogsCLI writes and finds log events with Debian's aws.
func TestLogsCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	run := func(args ...string) string { t.Helper(); return w.cli("us-east-1", args...) }
	run("logs", "create-log-group", "--log-group-name", "g")
	run("logs", "create-log-stream", "--log-group-name", "g", "--log-stream-name", "s")
	event := fmt.Sprintf("timestamp=%d,message=ERROR", time.Now().UnixMilli())
	run("logs", "put-log-events", "--log-group-name", "g", "--log-stream-name", "s", "--log-events", event)
	if got := run("logs", "filter-log-events", "--log-group-name", "g", "--filter-pattern", "ERROR", "--query", "events[].message", "--output", "text"); strings.TrimSpace(got) != "ERROR" {
		t.Errorf("found %s", got)
	}
	text, err := w.tryCLI("us-east-1", "logs", "create-log-group", "--log-group-name", "g")
	if err == nil || !strings.Contains(text, "(ResourceAlreadyExistsException) when calling the CreateLogGroup operation") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestKinesisCLI puts and gets a record with Debian's aws.
func TestKinesisCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	run := func(args ...string) string { t.Helper(); return strings.TrimSpace(w.cli("us-east-1", args...)) }
	run("kinesis", "create-stream", "--stream-name", "s", "--shard-count", "1")
	run("kinesis", "wait", "stream-exists", "--stream-name", "s")
	run("kinesis", "put-record", "--stream-name", "s", "--partition-key", "k", "--data", "aGVsbG8=")
	it := run("kinesis", "get-shard-iterator", "--stream-name", "s", "--shard-id", "shardId-000000000000", "--shard-iterator-type", "TRIM_HORIZON", "--query", "ShardIterator", "--output", "text")
	if got := run("kinesis", "get-records", "--shard-iterator", it, "--query", "Records[].PartitionKey", "--output", "text"); got != "k" {
		t.Errorf("read %s", got)
	}
}

// TestSimulateCLI asks what a user may do with Debian's aws.
func TestSimulateCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.user("u", allow("sqs:SendMessage", "*"))
	got := w.cli("us-east-1", "iam", "simulate-principal-policy", "--policy-source-arn", "arn:aws:iam::111122223333:user/u",
		"--action-names", "sqs:SendMessage", "sqs:DeleteQueue", "--query", "EvaluationResults[].EvalDecision", "--output", "text")
	if want := "allowed implicitDeny"; strings.Join(strings.Fields(got), " ") != want {
		t.Errorf("decisions are %s, want %s", got, want)
	}
}
