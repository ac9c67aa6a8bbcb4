package playbook

import (
	"testing"

	"riposte.dev/action"
)

func TestStatusOf(t *testing.T) {
	for want, plans := range map[string][][]action.Status{
		"unneeded":  {{}, {action.Unneeded}, {action.Excepted}, {action.Unneeded, action.Excepted}},
		"changed":   {{action.Changed}, {action.Changed, action.Unneeded}, {action.Changed, action.Escalated}, {action.Changed, action.Conflict}},
		"escalated": {{action.Escalated}, {action.Conflict, action.Unneeded}},
		"failed":    {{action.Failed}, {action.Failed, action.Escalated}},
		"partial":   {{action.Failed, action.Changed}, {action.Unneeded, action.Failed}},
		"dry-run":   {{action.Change}, {action.Change, action.Failed}},
	} {
		for _, statuses := range plans {
			plan := &action.Plan{}
			for _, s := range statuses {
				plan.Items = append(plan.Items, action.Item{Status: s})
			}
			if got := statusOf(plan); got != want {
				t.Errorf("%v is %s, want %s", statuses, got, want)
			}
		}
	}
}
