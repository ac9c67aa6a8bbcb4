package app

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRulesChangeWhileRiposteRuns changes the rules well and wrongly.
func TestRulesChangeWhileRiposteRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hangups := make(chan os.Signal)
	w.reload = hangups
	w.write(t, "rules/trail.yaml", trailRule)
	e := w.start(t, "", onlyRules)
	first := e.ready(t.Context()).Rules
	if !e.measures(t, `riposte_rules_info{hash="`+first+`"} 1`) {
		t.Error("no metric has the hash of the first rules")
	}

	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "HIGH", "FIERCE", 1))
	eventually(t, "wrong rules are refused", func() bool { return e.measures(t, `riposte_reloads_total{result="refused"}`) })
	state := e.ready(t.Context())
	if said := state.Parts["rules"]; !state.Ready || state.Rules != first || !strings.Contains(said, "trail.yaml:4:11") {
		t.Errorf("with wrong rules: ready %t, rules %s, it says %q", state.Ready, state.Rules, said)
	}
	e.post(t, stoppedEvent("audit"))
	e.finding(t, "audit was stopped")

	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "was stopped\"", "does not log\"", 1))
	eventually(t, "the new rules are in force", func() bool { return e.ready(t.Context()).Rules != first })
	eventually(t, "the metric has the hash of the new rules alone", func() bool {
		return e.measures(t, `riposte_rules_info{hash="`+e.ready(t.Context()).Rules+`"} 1`) && !e.measures(t, `riposte_rules_info{hash="`+first+`"}`)
	})
	eventually(t, "nothing is wrong any more", func() bool { return e.ready(t.Context()).Parts["rules"] == "ok" })
	e.post(t, stoppedEvent("payments"))
	e.finding(t, "payments does not log")

	before := e.metric(t, `riposte_reloads_total{result="unchanged"}`)
	hangups <- syscall.SIGHUP
	eventually(t, "what is asked for is read", func() bool { return e.metric(t, `riposte_reloads_total{result="unchanged"}`) != before })

	w.configure(t, "", onlyRules+"learning: 1h\n")
	eventually(t, "what takes effect later is said", func() bool {
		return strings.HasPrefix(e.ready(t.Context()).Parts["rules"], "changes of learning in the configuration take effect at the next start")
	})
}

func TestWhatNeedsARestart(t *testing.T) {
	was := Config{Mode: "notify", Rules: RulesConfig{Paths: []string{"a"}}, Learning: 1}
	is := was
	is.Mode, is.Rules.Paths, is.ThreatLists = "auto", []string{"b"}, []ThreatListConfig{{Name: "tor", Path: "tor.txt"}}
	is.Guard.Protected = []string{"arn:aws:iam::*:role/break-glass"}
	if keys := needRestart(was, is); len(keys) > 0 {
		t.Errorf("%v need a restart", keys)
	}
	is.Learning, is.AWS.Region, is.Sources.SQS = 2, region, []QueueConfig{{URL: "https://example.com/1/q"}}
	if d := cmp.Diff([]string{"aws", "learning", "sources"}, needRestart(was, is)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
