package cli

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/notify"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// undoable answers undo as riposte does: in a dry run items have the first status, else the second.
func undoable(asked *[]string, before, after action.Status) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req web.UndoRequest
		_ = json.NewDecoder(r.Body).Decode(&req)
		undone, status := playbook.Undone{}, before
		*asked = append(*asked, "look")
		if !req.DryRun {
			(*asked)[len(*asked)-1] = "do"
			undone.ID, undone.Status, status = "u1", playbook.Succeeded, after
		}
		undone.Plans = []action.Plan{{Action: "x", Items: []action.Item{{Status: status, Resource: action.Resource{ARN: "arn:x"}, Reason: "because"}}}}
		_ = json.NewEncoder(w).Encode(undone)
	}
}

func TestUndoShowsAndAsks(t *testing.T) {
	tests := []struct {
		name, args, stdin string
		before, after     action.Status
		asked             []string
		code              int
		out, errs         string
	}{
		{"yes", "", "y\n", action.Change, action.Changed, []string{"look", "do"}, 0, "undone by execution u1: SUCCEEDED", "put this back? [y/N]"},
		{"no", "", "n\n", action.Change, action.Changed, []string{"look"}, 1, "", "nothing was changed"},
		{"an empty line", "", "\n", action.Change, action.Changed, []string{"look"}, 1, "", "nothing was changed"},
		{"nobody there", "", "", action.Change, action.Changed, []string{"look"}, 1, "", "next: pass --yes"},
		{"not asked", "--yes", "", action.Change, action.Changed, []string{"do"}, 0, "undone by execution u1", ""},
		{"a dry run", "--dry-run", "", action.Change, action.Changed, []string{"look"}, 0, "dry run; nothing was changed", ""},
		{"nothing to put back", "", "", action.Unneeded, action.Unneeded, []string{"look"}, 0, "dry run", "there is nothing to put back"},
		{"a conflict", "", "", action.Conflict, action.Conflict, []string{"look"}, 1, "conflict  arn:x", "resources that would not be put back: 1"},
		{"a failure", "-y", "", action.Change, action.Failed, []string{"do"}, 1, "failed    arn:x", "resources that were not put back: 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			args := append([]string{"executions", "undo", "e1"}, strings.Fields(tt.args)...)
			code, out, errs := execute(t, folder(t, undoable(&asked, tt.before, tt.after)), tt.stdin, args...)
			if code != tt.code || !slices.Equal(asked, tt.asked) || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) {
				t.Errorf("exit code %d, asked %v, %q, %q", code, asked, out, errs)
			}
		})
	}
}

func TestAnExecutionIsShownWhole(t *testing.T) {
	received := time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)
	e := web.Execution{
		View: playbook.View{ID: "e1", Status: playbook.Failed, Error: "States.Timeout", Why: "AWS was slow", FirstCall: 12 * time.Millisecond, Undoable: true, Recovered: true,
			Start:   playbook.Start{Title: "a trail stopped", Severity: "HIGH", Account: "111122223333", Region: "eu-west-1", Playbook: "p", Mode: "auto", Received: received, Finding: "f/1"},
			Visits:  []playbook.Visit{{State: "Restart", Type: "Task", Entered: received.Add(time.Second), Tries: []playbook.Try{{Error: "E", Cause: "throttled"}}}},
			Reasons: []string{"an exception holds"}, Held: "ana paused everything",
			Expiries: []playbook.ExpiryView{{State: "Block", At: received.Add(time.Hour)}, {State: "Deny", At: received, Execution: "e2", Status: playbook.Succeeded}, {State: "Tag", At: received, ByHand: true}},
			Plans: []action.Plan{{Action: "cloudtrail.start-logging", Items: []action.Item{{Status: action.Changed, Resource: action.Resource{ARN: "arn:trail"}, Reason: "it logs again",
				Before: json.RawMessage(`{"logging":false}`), After: json.RawMessage(`{"logging":true}`), Receipts: []action.Receipt{{Service: "cloudtrail", Operation: "StartLogging", RequestID: "req-1"}}},
				{Status: action.Failed, Resource: action.Resource{ARN: "arn:half"}, Calls: []action.Call{{Service: "ec2", Operation: "CreateTags"}}, Receipts: []action.Receipt{{Service: "ec2", Operation: "CreateTags", RequestID: "req-2"}}}}}}},
		Told: []notify.Entry{{Channel: "mail", To: "ops@example.com", Status: notify.Dead, Error: "refused", At: received}},
	}
	data := folder(t, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(e) })
	code, out, errs := execute(t, data, "", "executions", "get", "e1")
	for _, want := range []string{
		"e1  a trail stopped", "HIGH, rule —, playbook p, mode auto: FAILED", "account 111122223333, region eu-west-1, event received 2026-03-01 12:00:00.000, first call +12.0 ms",
		"error States.Timeout: AWS was slow", "went on when riposte was back", "E: throttled", "changed   arn:trail", "- ", "- logging: false", "called cloudtrail:StartLogging, request req-1",
		"guard: an exception holds", "dead     mail ops@example.com refused", "riposte findings get 'f/1'", "riposte executions undo e1",
		"waits: ana paused everything", "what Block did expires 2026-03-01 13:00:00", "what Deny did expired 2026-03-01 12:00:00: taken back by execution e2 (SUCCEEDED)",
		"what Tag did was to expire 2026-03-01 12:00:00, and was taken back by hand", "failed, partly changed: arn:half",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != exitOK || errs != "" || t.Failed() {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}
}

func TestTheEndOfAnException(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		lasts, until string
		want         time.Time
		say          string
	}{
		{"48h", "", now.Add(48 * time.Hour), ""},
		{"14d", "", now.Add(14 * 24 * time.Hour), ""},
		{"", "2026-04-01", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), ""},
		{"", "2026-04-01T18:00:00+02:00", time.Date(2026, 4, 1, 16, 0, 0, 0, time.UTC), ""},
		{"", "", time.Time{}, ""},
		{"1h", "2026-04-01", time.Time{}, "don't go together"},
		{"-1h", "", time.Time{}, "is no length of time"},
		{"0d", "", time.Time{}, "is no length of time"},
		{"xd", "", time.Time{}, "is no length of time"},
		{"99999999999d", "", now.Add(1000 * 24 * time.Hour), ""},
		{"", "tomorrow", time.Time{}, "is no time"},
	}
	for _, tt := range tests {
		got, err := exceptionExpiry(tt.lasts, tt.until, now)
		if !got.Equal(tt.want) || (err == nil) != (tt.say == "") || err != nil && !strings.Contains(err.Error(), tt.say) {
			t.Errorf("--for %q --until %q: %s, error %v, want %s", tt.lasts, tt.until, got, err, tt.want)
		}
	}
}
