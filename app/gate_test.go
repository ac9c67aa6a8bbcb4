package app

import (
	"cmp"
	"testing"

	"riposte.dev/guard"
)

func TestModeOfARule(t *testing.T) {
	tests := []struct {
		name       string
		id         string // "" for r
		limit      guard.Mode
		modes      map[string]guard.Mode
		own        guard.Mode
		asked, may guard.Mode
	}{
		{"its own", "", guard.Auto, nil, guard.Auto, guard.Auto, guard.Auto},
		{"more than is allowed", "", guard.DryRun, nil, guard.Auto, guard.Auto, guard.DryRun},
		{"named", "", guard.Auto, map[string]guard.Mode{"r": guard.DryRun}, guard.Auto, guard.DryRun, guard.Auto},
		{"named and bolder", "", guard.Auto, map[string]guard.Mode{"r": guard.Auto}, guard.Notify, guard.Auto, guard.Auto},
		{"not named", "", guard.Auto, map[string]guard.Mode{"*": guard.DryRun}, guard.Auto, guard.Auto, guard.DryRun},
		{"not named and careful", "", guard.Auto, map[string]guard.Mode{"*": guard.Auto}, guard.Notify, guard.Notify, guard.Auto},
		{"the others may not more than all", "", guard.DryRun, map[string]guard.Mode{"*": guard.Auto}, guard.Auto, guard.Auto, guard.DryRun},
		{"named beside the others", "", guard.Auto, map[string]guard.Mode{"*": guard.DryRun, "r": guard.Auto}, guard.Notify, guard.Auto, guard.Auto},
		{"an escalation's own", "r/escalate", guard.Auto, nil, guard.Approve, guard.Approve, guard.Auto},
		{"an escalation is no bolder than its rule", "r/escalate", guard.Auto, map[string]guard.Mode{"r": guard.DryRun}, guard.Auto, guard.Auto, guard.DryRun},
		{"a bolder rule makes it no bolder", "r/escalate", guard.Auto, map[string]guard.Mode{"r": guard.Auto}, guard.Approve, guard.Approve, guard.Auto},
		{"an escalation is named", "r/escalate", guard.Auto, map[string]guard.Mode{"r": guard.DryRun, "r/escalate": guard.Auto}, guard.Approve, guard.Auto, guard.Auto},
		{"its name is not the rule's", "r", guard.Auto, map[string]guard.Mode{"r/escalate": guard.Auto}, guard.Approve, guard.Approve, guard.Auto},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked, may := (&inForce{limit: tt.limit, modes: tt.modes}).mode(cmp.Or(tt.id, "r"), tt.own)
			if asked != tt.asked || may != tt.may {
				t.Errorf("asks for %s and may %s, want %s and %s", asked, may, tt.asked, tt.may)
			}
		})
	}
}
