package app

import (
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

func TestWhenAnExceptionEnds(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ expires, removed, want time.Time }{
		"it expires":             {noon, time.Time{}, noon},
		"it is removed":          {noon, noon.Add(-time.Hour), noon.Add(-time.Hour)},
		"it is removed too late": {noon, noon.Add(time.Hour), noon},
	} {
		if got := ended(store.ExceptionRecord{Exception: guard.Exception{Expires: c.expires}, Removed: c.removed}); !got.Equal(c.want) {
			t.Errorf("%s: it ends %s, want %s", name, got, c.want)
		}
	}
}

func TestHeldBackCountsOnceForEachRuleAndResource(t *testing.T) {
	x := guard.Exception{ID: "ex-1"}
	held := func(rule string, reason string, arns ...string) playbook.View {
		v := playbook.View{Start: playbook.Start{Rule: rule}, Plans: []action.Plan{{}}}
		for _, arn := range arns {
			v.Plans[0].Items = append(v.Plans[0].Items, action.Item{Status: action.Excepted, Reason: reason, Resource: action.Resource{ARN: arn}})
		}
		return v
	}
	const by = "Exception ex-1 holds until 2026-03-01T12:00:00Z: A migration (ana)."
	seen := map[string]bool{}
	for i, c := range []struct {
		view playbook.View
		want bool
	}{
		{held("r", by, "a"), true},
		{held("r", by, "a"), false},
		{held("r", by, "a", "b"), true},
		{held("other", by, "a"), true},
		{held("r", "Exception ex-2 holds until then.", "c"), false},
		{held("r", by), false},
	} {
		if got := heldNew(c.view, x, seen); got != c.want {
			t.Errorf("execution %d: %v, want %v", i, got, c.want)
		}
	}
}
