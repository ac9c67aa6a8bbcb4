package app

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"riposte.dev/audit"
)

// chain reads the audit record through the API, demands that it is whole, and returns "kind actor: text" of each record.
func (e *engine) chain(t *testing.T) (lines []string) {
	t.Helper()
	body, err := e.client.Open(t.Context(), http.MethodGet, "/api/v1/audit/export", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	report, err := audit.Verify(func(yield func(audit.Record, error) bool) {
		for r, err := range audit.Lines(body) {
			lines = append(lines, string(r.Kind)+" "+r.Actor+": "+r.Text)
			if !yield(r, err) {
				return
			}
		}
	}, audit.Check{})
	if err != nil || report.Broken != nil {
		t.Fatalf("%v, %+v", err, report.Broken)
	}
	return lines
}

// recorded waits for a record with that text.
func (e *engine) recorded(t *testing.T, text string) {
	t.Helper()
	eventually(t, "the audit record has "+text, func() bool { return strings.Contains(strings.Join(e.chain(t), "\n"), text) })
}

func TestConfigurationsAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hangups := make(chan os.Signal)
	w.reload = hangups
	w.write(t, "rules/trail.yaml", trailRule)
	e := w.start(t, "", onlyRules)
	e.recorded(t, "configuration riposte: A configuration is in force (start): 1 rules")
	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "HIGH", "FIERCE", 1))
	e.recorded(t, "configuration riposte: A configuration was refused (files changed): ")
	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "was stopped\"", "does not log\"", 1))
	e.recorded(t, "configuration riposte: A configuration is in force (files changed): 1 rules")
	before := len(e.chain(t))
	hangups <- syscall.SIGHUP
	eventually(t, "what is unchanged is read", func() bool { return e.measures(t, `riposte_reloads_total{result="unchanged"}`) })
	if after := e.chain(t); len(after) != before {
		t.Errorf("what is unchanged is recorded: %q", after[before:])
	}
	e.stop(t)

	again := w.start(t, "", onlyRules)
	if lines := again.chain(t); len(lines) != before+1 || !strings.Contains(lines[before], "(start)") {
		t.Errorf("after the next start: %q", lines)
	}
}
