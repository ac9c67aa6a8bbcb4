package guard

import (
	"context"
	"testing"

	"riposte.dev/action"
)

// What names a rule means its escalation as well, and not the other way round.
func TestWhatNamesARuleCoversItsEscalation(t *testing.T) {
	for _, c := range []struct {
		named, id string
		want      bool
	}{
		{"", "r", true}, {"", "r/escalate", true}, {"r", "r", true}, {"r", "r/escalate", true},
		{"r/escalate", "r/escalate", true}, {"r/escalate", "r", false}, {"r", "other/escalate", false}, {"r", "r2/escalate", false},
	} {
		d := &draft{Proposal: Proposal{Rule: c.id}}
		inScope := c.named == "" || Scope{Rules: []string{c.named}}.covers(context.Background(), d, &action.Item{}, nil).yes
		paused := Pause{Rule: c.named}.Covers(c.id, "a", action.Resource{})
		excepted := Exception{Rule: c.named, Resource: "*"}.Covers(c.id, "a", action.Resource{ARN: "arn:aws:s3:::b"})
		if inScope != c.want || paused != c.want || excepted != c.want {
			t.Errorf("%q of %q: scope %v, pause %v, exception %v, want %v", c.named, c.id, inScope, paused, excepted, c.want)
		}
	}
	if RuleOf(EscalationOf("r")) != "r" || RuleOf("r") != "r" {
		t.Error("the rule behind an escalation is not found")
	}
}
