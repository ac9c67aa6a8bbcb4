package cli

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestTheShellIsOfferedWhatFits(t *testing.T) {
	lists := map[string]string{
		"/api/v1/findings":            `{"Records":[{"finding":{"Id":"f/1","Title":"a trail stopped","Severity":{"Label":"HIGH"}}},{"finding":{"Id":"f/2"}}]}`,
		"/api/v1/executions":          `[{"id":"e1","status":"FAILED","title":"a trail stopped"}]`,
		"/api/v1/exceptions":          `[{"id":"ex-1","resource":"arn:x","reason":"vendor"}]`,
		"/api/v1/exceptions?all=true": `[{"id":"ex-1","resource":"arn:x","reason":"vendor"},{"id":"ex-ended","resource":"arn:y","reason":"test"}]`,
		"/api/v1/keys":                `[{"id":"RIPO1","name":"ana","account":"111122223333","roles":["read"]}]`,
		"/api/v1/pauses":              `[{"id":"pause-1","reason":"migration"}]`,
		"/api/v1/rules":               `[{"id":"r1","title":"one","playbook":"p"},{"id":"r2","playbook":"p"},{"id":"r3"}]`,
		"/api/v1/accounts":            `[{"id":"111122223333","name":"shop"}]`,
	}
	running := folder(t, func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if r.URL.Query().Get("all") != "" {
			path += "?all=true"
		}
		_, _ = w.Write([]byte(lists[path]))
	})
	const noFiles, ordered, folders = ":4", ":36", ":16"
	tests := []struct {
		data, line string // | stands between words, and what follows the last is completed
		want       string // lines, joined with |
	}{
		{running, "findings|get|", "f/1\tHIGH a trail stopped|f/2|" + ordered},
		{running, "findings|get|f/1|", noFiles},
		{running, "findings|update|f/1|", "f/2|" + ordered},
		{running, "executions|undo|", "e1\tFAILED a trail stopped|" + ordered},
		{running, "exceptions|remove|", "ex-1\tarn:x: vendor|" + ordered},
		{running, "exceptions|get|ex-e", "ex-1\tarn:x: vendor|ex-ended\tarn:y: test|" + ordered},
		{running, "keys|revoke|", "ana\taccount 111122223333, read|" + ordered},
		{running, "resume|", "pause-1\tmigration|" + ordered},
		{running, "executions|list|--rule|", "r1\tone|r2|r3|" + ordered},
		{running, "executions|list|--playbook|", "p|" + ordered},
		{running, "watch|--account|", "111122223333\tshop|" + ordered},
		{running, "executions|list|--status|", "RUNNING|SUCCEEDED|FAILED|TIMED_OUT|ABORTED|" + ordered},
		{running, "findings|list|-o|", "table|json|ndjson|yaml|" + ordered},
		{running, "keys|create|--role|", "ingest|read|respond|approve|admin|" + ordered},
		{running, "audit|list|--kind|", "decision|intent|call|outcome|question|answer|exception|pause|key|configuration|anchor|" + ordered},
		{running, "audit|list|--execution|", "e1\tFAILED a trail stopped|" + ordered},
		{running, "audit|export|", ":0"},
		{running, "audit|verify|--head|", noFiles},
		{running, "scan|--role|", noFiles},
		{running, "exceptions|add|--owner|", noFiles},
		{running, "accounts|", noFiles},
		{running, "watch|--data|", folders},
		{running, "put-events|", ":0"},
		{t.TempDir(), "executions|get|", ordered},
	}
	for _, tt := range tests {
		var out, errs bytes.Buffer
		args := append([]string{"__complete", "--data", tt.data}, strings.Split(tt.line, "|")...)
		code := Execute(t.Context(), referenceDeps, args, strings.NewReader(""), &out, &errs)
		if got := strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", "|"); code != exitOK || got != tt.want {
			t.Errorf("%s: exit code %d, %q, want %q", tt.line, code, got, tt.want)
		}
	}
	var out, errs bytes.Buffer // without a riposte that runs, the bundled rules are offered
	Execute(t.Context(), referenceDeps, []string{"__complete", "--data", t.TempDir(), "watch", "--rule", ""}, strings.NewReader(""), &out, &errs)
	if !strings.Contains(out.String(), "cloudtrail-logging-stopped\t") {
		t.Errorf("rules %q", out.String())
	}
}

func TestEveryFlagThatIsNoFileIsCompletedOrNot(t *testing.T) {
	files := map[string]bool{"config": true, "cases": true, "events": true, "rules": true, "file": true}
	walk(New(referenceDeps), func(cmd *cobra.Command) {
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if _, has := cmd.GetFlagCompletionFunc(f.Name); !has && f.NoOptDefVal == "" && !files[f.Name] {
				t.Errorf("%s --%s offers the files of the folder", cmd.CommandPath(), f.Name)
			}
		})
	})
}
