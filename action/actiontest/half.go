package actiontest

import (
	"testing"

	"riposte.dev/action"
)

// checkHalf makes only the first calls of what takes several, as where a later one fails, and takes that back: what riposte
// did not finish is nobody else's change. An action whose items take one call each has no half.
func checkHalf(t *testing.T, open func(*testing.T) World) {
	for made, there := 1, true; there; made++ {
		w := open(t)
		a, before := w.whole(), w.State()
		if a.Spec().Irreversible != "" {
			return
		}
		there = false
		for _, item := range w.plan(t, a).Items {
			if item.Status != action.Change || len(item.Calls) <= made {
				continue
			}
			there = true
			half := item
			half.Calls = item.Calls[:made]
			receipts, err := a.Apply(t.Context(), half)
			if err != nil {
				t.Fatalf("the first %d of %d calls: %v", made, len(item.Calls), err)
			}
			item.Status, item.Receipts, item.Error = action.Failed, receipts, "the next call failed"
			undo, err := a.Undo(t.Context(), item)
			if err != nil {
				t.Fatalf("undo after %d of %d calls: %v", made, len(item.Calls), err)
			}
			for _, back := range undo.Items {
				if back.Status == action.Conflict {
					t.Errorf("after %d of %d calls the undo is a conflict: %s", made, len(item.Calls), back.Reason)
				}
			}
			if _, err := carryOut(t.Context(), a, throughJSON(t, undo)); err != nil {
				t.Errorf("take back %d of %d calls: %v", made, len(item.Calls), err)
			}
		}
		if after := w.State(); there && after != before {
			t.Errorf("after %d calls the undo restored\n%s\nwant\n%s", made, after, before)
		}
	}
}
