package evidence_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/audit"
	"riposte.dev/evidence"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"

func receipt(operation, id string, after time.Duration) action.Receipt {
	return action.Receipt{Service: "cloudtrail", Operation: operation, Region: "eu-west-1", RequestID: id, At: noon.Add(after)}
}

// restarted is an execution that restarted a trail after somebody had approved it.
func restarted() evidence.Case {
	p := action.Plan{Action: "cloudtrail.start-logging", Account: "111122223333", Region: "eu-west-1", Items: []action.Item{{
		ID: trail, Resource: action.Resource{Type: "AWS::CloudTrail::Trail", ARN: trail, Account: "111122223333", Region: "eu-west-1"},
		Status: action.Change, Reason: "It does not log.", Before: json.RawMessage(`{"IsLogging":false,"password":"hunter2"}`),
		After: json.RawMessage(`{"IsLogging":true,"password":"hunter2"}`),
		Calls: []action.Call{{Service: "cloudtrail", Operation: "StartLogging", Account: "111122223333", Region: "eu-west-1", Input: json.RawMessage(`{}`)}},
	}}}
	hash, err := p.Hash()
	if err != nil {
		panic(err)
	}
	done := p
	done.Items = slices.Clone(p.Items)
	done.Items[0].Status, done.Items[0].Receipts = action.Changed, []action.Receipt{receipt("StartLogging", "r-3", 3*time.Second)}
	asked := playbook.Approval{Question: playbook.Question{ID: "ask-1", Hash: hash, At: noon.Add(time.Second), Expires: noon.Add(time.Hour), Plan: p, Quorum: 1,
		Receipts: []action.Receipt{receipt("GetTrailStatus", "r-1", time.Second)}}, Execution: "5f0c", Status: playbook.Approved,
		Answers: []playbook.Answer{{Question: "ask-1", By: "ana", Approve: true, Comment: "OPS-42 <b>", At: noon.Add(2 * time.Second)}}}
	v := playbook.View{
		ID: "5f0c", Status: playbook.Succeeded, Started: noon, Ended: noon.Add(5 * time.Second), Took: 5 * time.Second, Hash: "abc", Undoable: true,
		Start: playbook.Start{Rule: "cloudtrail-logging-stopped", Playbook: "restart-trail", Account: "111122223333", Region: "eu-west-1", Mode: guard.Approve,
			Cause: "cloudtrail|1|a", Severity: "HIGH", Title: "mallory stopped [audit](http://evil) | `x`", Received: noon, Finding: "f-1",
			Event: json.RawMessage(`{"detail":{"eventName":"StopLogging","requestParameters":{"password":"hunter2"}}}`)},
		Visits: []playbook.Visit{{State: "Restart", Type: asl.Task, Entered: noon, Tries: []playbook.Try{{Approvals: []playbook.Approval{asked},
			Intent: &playbook.Plan{Plan: p, Approval: "ask-1", Receipts: []action.Receipt{receipt("GetTrailStatus", "r-2", 2*time.Second)}},
			Effect: &playbook.Effect{Plan: &done, Receipts: []action.Receipt{receipt("GetTrailStatus", "r-4", 4*time.Second)}}}}}},
		Reasons: []string{"The mode of the account is approve."},
	}
	first := audit.Head{Seq: 7, Hash: strings.Repeat("ab", 32)}.Next(audit.Entry{Time: noon, Kind: audit.Call, Actor: audit.Self, Execution: "5f0c", Text: "cloudtrail:StartLogging: ok"})
	return evidence.Case{View: v, Journal: []playbook.Entry{{Seq: 1, Data: []byte(`{"kind":"started","event":{"secretAccessKey":"hunter2"}}`)}},
		Finding: &finding.Record{Version: 3}, Told: []notify.Entry{{Channel: "mail", To: "ops@example.com", Status: notify.Sent, At: noon.Add(5 * time.Second)}},
		Audit: []audit.Record{first}, Head: audit.Head{Seq: 99, Hash: strings.Repeat("cd", 32)}}
}

// unpack returns the files of an archive by name, and their names in order.
func unpack(t *testing.T, raw []byte, folder string) (files map[string]string, names []string) {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, names
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		name, inside := strings.CutPrefix(h.Name, folder+"/")
		if err != nil || !inside || h.Mode != 0o600 {
			t.Fatalf("%+v, %v", h, err)
		}
		files[name], names = string(data), append(names, name)
	}
}

func written(t *testing.T, c evidence.Case) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := evidence.Write(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheArchiveIsWhole(t *testing.T) {
	raw := written(t, restarted())
	if !bytes.Equal(raw, written(t, restarted())) {
		t.Error("the same case gives other bytes")
	}
	files, names := unpack(t, raw, "evidence-5f0c")
	want := []string{"report.md", "event.json", "finding.json", "execution.json", "plans/01-Restart/plan.json", "plans/01-Restart/01.before.json", "plans/01-Restart/01.after.json",
		"plans/01-Restart/01.diff", "approvals.json", "calls.ndjson", "notifications.json", "journal.ndjson", "audit.ndjson", "head.json", "SHA256SUMS"}
	if !slices.Equal(names, want) {
		t.Errorf("files %q\nwant  %q", names, want)
	}
	var sums strings.Builder
	for _, name := range names[:len(names)-1] {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(files[name])), name)
		if strings.Contains(files[name], "hunter2") {
			t.Errorf("%s tells a secret:\n%s", name, files[name])
		}
	}
	if sums.String() != files["SHA256SUMS"] {
		t.Errorf("sums\n%s\nwant\n%s", files["SHA256SUMS"], sums.String())
	}
	if line := files["audit.ndjson"]; line != string(restarted().Audit[0].Encode())+"\n" {
		t.Errorf("the audit record has become %s", line)
	}
	if calls := files["calls.ndjson"]; strings.Count(calls, "\n") != 4 || !strings.Contains(calls, `"resource":"`+trail+`","request_id":"r-3"`) ||
		strings.Index(calls, "r-1") > strings.Index(calls, "r-2") || strings.Index(calls, "r-3") > strings.Index(calls, "r-4") {
		t.Errorf("calls\n%s", calls)
	}
	for _, want := range []string{"ask-1", "OPS-42", "ana"} {
		if !strings.Contains(files["approvals.json"], want) {
			t.Errorf("approvals without %s:\n%s", want, files["approvals.json"])
		}
	}
}

func TestTheReportCanBeRead(t *testing.T) {
	c := restarted()
	files, _ := unpack(t, written(t, c), "evidence-5f0c")
	report := files["report.md"]
	for _, want := range []string{
		"# mallory stopped \\[audit\\](http://evil) \\| \\`x\\`\n", "Execution `5f0c`, SUCCEEDED.", "| severity | HIGH |", "| rule | cloudtrail-logging-stopped |",
		"ran in mode approve", "- The guard: The mode of the account is approve.", "plan `sha256:", "carried out by approval `ask-1`",
		"ana approved it at 2026-11-21 12:00:02.000: OPS-42 \\<b\\>", "- **changed** " + trail + ": It does not log.", "IsLogging",
		"| 2026-11-21 12:00:03.000 | cloudtrail:StartLogging | eu-west-1 | r-3 | ok |", "sent mail, ops@example.com", "riposte executions undo 5f0c --dry-run",
		"riposte audit verify --head " + c.Audit[0].Head().String() + " --head " + c.Head.String(),
	} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in the report:\n%s", want, report)
		}
	}
	c.UndoneBy = "7d1e"
	files, _ = unpack(t, written(t, c), "evidence-5f0c")
	if !strings.Contains(files["report.md"], "Execution `7d1e` took it back.") {
		t.Errorf("report\n%s", files["report.md"])
	}
}

func TestAnExecutionThatDidNothing(t *testing.T) {
	files, names := unpack(t, written(t, evidence.Case{View: playbook.View{ID: "e", Started: noon}}), "evidence-e")
	if want := []string{"report.md", "execution.json", "approvals.json", "SHA256SUMS"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	for _, want := range []string{"No resource was planned for.", "There is nothing to take back.", "Nobody.", "older than the record"} {
		if !strings.Contains(files["report.md"], want) {
			t.Errorf("no %q in the report:\n%s", want, files["report.md"])
		}
	}
}

// TestWhatIsTooLargeIsCleanedInParts has an execution of more than notify.RedactJSON takes at once.
func TestWhatIsTooLargeIsCleanedInParts(t *testing.T) {
	c := restarted()
	big := strings.Repeat("x", 700_000)
	for range 3 {
		c.View.Visits = append(c.View.Visits, playbook.Visit{State: "Wait", Input: json.RawMessage(`{"password":"hunter2","text":"` + big + `"}`)})
	}
	c.View.Visits = append(c.View.Visits, playbook.Visit{State: "Wait", Input: json.RawMessage(`{"password":"hunter2","text":"` + big + big + `"}`)})
	files, _ := unpack(t, written(t, c), "evidence-5f0c")
	text := files["execution.json"]
	if strings.Contains(text, "hunter2") || strings.Count(text, big) != 3 || !strings.Contains(text, "[left out: too large") || !json.Valid([]byte(text)) {
		t.Errorf("%d bytes; %d of the large texts", len(text), strings.Count(text, big))
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	if err := evidence.Write(full{}, restarted()); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("error %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func Example() {
	var out bytes.Buffer
	err := evidence.Write(&out, evidence.Case{View: playbook.View{ID: "5f0c1d2e3b4a59687766", Started: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}})
	fmt.Println(out.Len() > 0, err)
	// Output: true <nil>
}
