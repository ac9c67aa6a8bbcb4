package realaccount_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// settled bounds the wait for the last log files and for what riposte makes of them.
const settled = 60 * time.Second

// assertOutcome looks at the account and at riposte when the guide is done with both.
func (w *world) assertOutcome() {
	w.t.Helper()
	w.awaitLogFiles()
	w.assertRoles()
	w.assertOnceForEachCause()
	for line := range strings.Lines(w.shell.run("riposte findings list -o ndjson")) {
		for _, own := range []string{"The responder role", "riposte-responder", "riposte-reader"} {
			if strings.Contains(line, own) {
				w.t.Errorf("riposte reports what it did itself: %s", line)
			}
		}
	}
}

// awaitLogFiles returns when riposte has read the log files that tell of its own calls and of what it had answered before:
// then both have arrived a second time.
func (w *world) awaitLogFiles() {
	w.t.Helper()
	for end := time.Now().Add(settled); ; time.Sleep(300 * time.Millisecond) {
		missing := w.unread()
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("after %s %s", settled, missing)
		}
	}
}

// unread says what is still to come; "" when nothing is.
func (w *world) unread() string {
	w.t.Helper()
	w.shell.run(`aws s3 sync --quiet "s3://$BUCKET/AWSLogs/" ../../files/AWSLogs/ --exclude "*CloudTrail-Digest*"`)
	read, logged := map[string]bool{}, map[string]int{}
	for _, c := range w.calls("riposte-responder") {
		if c.Operation == "GetObject" {
			read[c.Params.Key] = true
		}
	}
	folder := filepath.Join(w.shell.dir, "files")
	err := fs.WalkDir(os.DirFS(folder), ".", func(key string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && read[key] {
			err = count(filepath.Join(folder, key), logged)
		}
		return err
	})
	if err != nil {
		w.t.Fatalf("the log files: %v", err)
	}
	for what, want := range map[string]int{"StopLogging by admin": 2, "StartLogging by riposte-responder": 1, "StopLogging by riposte-responder": 1} {
		if logged[what] < want {
			return fmt.Sprintf("the log files that riposte has read tell %d times of %s, not %d times", logged[what], what, want)
		}
	}
	waiting := w.shell.run(`for region in $REGIONS; do
  aws sqs get-queue-attributes --region "$region" --queue-url "$(aws sqs get-queue-url --region "$region" --queue-name riposte --query QueueUrl --output text)" \
      --attribute-names All --query 'Attributes.[ApproximateNumberOfMessages,ApproximateNumberOfMessagesNotVisible]' --output text
done
curl -s http://` + w.address + `/metrics | sed -n 's/^riposte_bus_consumer_pending.* //p'`)
	if strings.Trim(waiting, "0 \t\n") != "" {
		return "messages wait in queues or events on the bus:\n" + waiting
	}
	return ""
}

// count adds the calls of a log file, by name and who made them.
func count(path string, calls map[string]int) error {
	packed, err := os.Open(path)
	if err != nil {
		return err
	}
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	var file struct {
		Records []struct {
			EventName    string
			UserIdentity struct{ ARN string }
		}
	}
	if err := json.NewDecoder(plain).Decode(&file); err != nil {
		return err
	}
	for _, r := range file.Records {
		who := strings.Split(r.UserIdentity.ARN+"/", "/")[1] // user/NAME or assumed-role/NAME/SESSION
		calls[r.EventName+" by "+who]++
	}
	return nil
}

// call is a call as the look-alike has seen it.
type call struct {
	Operation, Principal, ErrorCode, Error string
	Params                                 struct{ Key string }
}

// calls lists what a role called, from the first.
func (w *world) calls(role string) []call {
	w.t.Helper()
	var all struct{ Calls []call }
	w.decode(`curl -s "$AWS_ENDPOINT_URL/_sandbox/calls"`, &all)
	return slices.DeleteFunc(all.Calls, func(c call) bool { return !strings.Contains(c.Principal, ":assumed-role/"+role+"/") })
}

// decode runs a script that prints JSON.
func (w *world) decode(script string, into any) {
	w.t.Helper()
	if output := w.shell.run(script); json.Unmarshal([]byte(output), into) != nil {
		w.t.Fatalf("%s\nprints no such JSON:\n%s", script, output)
	}
}

// assertRoles checks that riposte did all that it does with the policies that it prints, and that it met no refusal: what it
// prints is enough, and no more than what the roles have.
func (w *world) assertRoles() {
	w.t.Helper()
	const inline, managed = "aws iam list-role-policies --output json --query PolicyNames --role-name riposte-",
		"aws iam list-attached-role-policies --output json --query AttachedPolicies[].PolicyArn --role-name riposte-"
	w.samePolicy("riposte iam policy reader", "aws iam get-role-policy --role-name riposte-reader --policy-name riposte --query PolicyDocument --output json")
	var parts []string
	w.decode(managed+"responder", &parts)
	for i, arn := range parts {
		w.samePolicy(fmt.Sprintf("riposte iam policy responder --managed --part %d 2>/dev/null", i+1),
			"aws iam get-policy-version --policy-arn "+arn+" --version-id v1 --query PolicyVersion.Document --output json")
	}
	if said := w.shell.run(fmt.Sprintf("riposte iam policy responder --managed --part %d 2>&1 || true", len(parts)+1)); !strings.Contains(said, "there is no part") {
		w.t.Errorf("the role riposte-responder has %d parts of its policy; the next one is\n%s", len(parts), said)
	}
	for _, others := range []string{managed + "reader", inline + "responder"} {
		if said := strings.TrimSpace(w.shell.run(others)); said != "[]" {
			w.t.Errorf("%s: %s", others, said)
		}
	}
	for role, did := range map[string][]string{
		"responder": {"ReceiveMessage", "DeleteMessageBatch", "GetObject", "DescribeTrails", "StartLogging", "StopLogging"},
		"reader":    {"LookupEvents", "ListRules", "SimulatePrincipalPolicy", "ListPublicKeys", "GetObject"},
	} {
		calls := w.calls("riposte-" + role)
		for _, c := range calls {
			if c.ErrorCode != "" {
				w.t.Errorf("%s as riposte-%s: %s: %s", c.Operation, role, c.ErrorCode, c.Error)
			}
		}
		for _, operation := range did {
			if !slices.ContainsFunc(calls, func(c call) bool { return c.Operation == operation }) {
				w.t.Errorf("the guide has riposte call %s as riposte-%s, but it has not", operation, role)
			}
		}
	}
}

// samePolicy checks that two commands print the same document.
func (w *world) samePolicy(printed, attached string) {
	w.t.Helper()
	var want, got any
	w.decode(printed, &want)
	w.decode(attached, &got)
	if !reflect.DeepEqual(want, got) {
		w.t.Errorf("%s: %v; %s: %v", printed, want, attached, got)
	}
}

// execution is what riposte's list says of one.
type execution struct{ ID, Rule, Cause, Mode, Status, Undoes string }

// assertOnceForEachCause checks that what arrived by EventBridge and in a log file was answered once.
func (w *world) assertOnceForEachCause() {
	w.t.Helper()
	var modes []string
	seen := map[execution]string{}
	for line := range strings.Lines(w.shell.run("riposte executions list -o ndjson")) {
		var e execution
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatalf("%v: %s", err, line)
		}
		answer := execution{Rule: e.Rule, Cause: e.Cause, Undoes: e.Undoes}
		if seen[answer] != "" {
			w.t.Errorf("executions %s and %s of rule %s have one cause, %s", seen[answer], e.ID, e.Rule, e.Cause)
		}
		seen[answer] = e.ID
		switch {
		case e.Rule == "audit-trail-stopped" && e.Undoes == "":
			modes = append(modes, e.Mode+" "+e.Status)
		case e.Rule != "audit-trail-stopped" && e.Mode == "auto":
			w.t.Errorf("the guide lets one rule act, and %s did", e.Rule)
		}
	}
	if want := []string{"auto SUCCEEDED", "dry-run SUCCEEDED"}; !slices.Equal(modes, want) {
		w.t.Errorf("the guide stops the trail twice and has executions %q, want %q", modes, want)
	}
	starts := 0
	for _, c := range w.calls("riposte-responder") {
		if c.Operation == "StartLogging" {
			starts++
		}
	}
	if starts != 1 {
		w.t.Errorf("riposte started the trail %d times, want once", starts)
	}
}
