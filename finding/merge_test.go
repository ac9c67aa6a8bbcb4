package finding_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/finding"
)

// TestHubKeepsItsPromises plays providers that deliver twice and out of order, and customers in between, and holds the
// hub to what it promises after each step.
func TestHubKeepsItsPromises(t *testing.T) {
	base := variant(t, ``)
	rapid.Check(t, func(rt *rapid.T) {
		h, m := newHub()
		key := base.Key()
		var have *finding.Record
		reopened := 0
		rt.Repeat(map[string]func(*rapid.T){
			"import": func(rt *rapid.T) {
				f := base
				f.UpdatedAt = finding.Time(noon.Add(2*time.Hour + time.Duration(rapid.IntRange(0, 20).Draw(rt, "minute"))*time.Minute))
				f.Title = fmt.Sprint("title ", rapid.IntRange(0, 3).Draw(rt, "title"))
				f.RecordState = rapid.SampledFrom([]finding.RecordState{finding.Active, finding.Archived}).Draw(rt, "state")
				f.Note = &finding.Note{Text: "provider", UpdatedBy: "p", UpdatedAt: f.UpdatedAt}
				events := len(m.outbox)
				r, err := h.Upsert(rt.Context(), f)
				if err != nil {
					rt.Fatal(err)
				}
				now, err := h.Get(rt.Context(), key)
				if err != nil {
					rt.Fatal(err)
				}
				switch {
				case have == nil:
					must(rt, r.Outcome == finding.Created, "the first one is created")
				case f.UpdatedAt <= have.Finding.UpdatedAt:
					must(rt, r.Outcome == finding.Unchanged && now.Version == have.Version, "an older one changes nothing")
				case have.Finding.RecordState == finding.Archived && f.RecordState == finding.Active && have.Finding.Workflow.Status != finding.StatusSuppressed:
					must(rt, r.Outcome == finding.Reopened && now.Finding.Workflow.Status == finding.StatusNew, "what is back is reopened")
					reopened++
				default:
					must(rt, r.Outcome == finding.Updated && now.Finding.Workflow.Status == have.Finding.Workflow.Status, "workflow is the customer's")
				}
				if have != nil {
					must(rt, now.Finding.Note.Text == have.Finding.Note.Text, "the note is the customer's")
					must(rt, now.Finding.UpdatedAt >= have.Finding.UpdatedAt, "UpdatedAt never goes back")
				}
				changed := r.Outcome != finding.Unchanged
				must(rt, len(m.outbox) == events+map[bool]int{true: 1}[changed], "one event a change")
				must(rt, now.Generation == reopened && r.Generation == reopened, "generation counts reopenings")
				have = &now
			},
			"update": func(rt *rapid.T) {
				if have == nil {
					return
				}
				now, err := h.Update(rt.Context(), key, finding.Update{
					Workflow: rapid.SampledFrom([]finding.WorkflowStatus{finding.StatusNew, finding.StatusNotified, finding.StatusResolved, finding.StatusSuppressed}).Draw(rt, "status"),
					Note:     fmt.Sprint("note ", rapid.IntRange(0, 2).Draw(rt, "note")), By: "ana",
				})
				if err != nil {
					rt.Fatal(err)
				}
				must(rt, now.Finding.UpdatedAt == have.Finding.UpdatedAt && now.Generation == reopened, "a customer's word is no new state of the issue")
				have = &now
			},
		})
	})
}

func must(rt *rapid.T, ok bool, what string) {
	rt.Helper()
	if !ok {
		rt.Fatal("broken: ", what)
	}
}
