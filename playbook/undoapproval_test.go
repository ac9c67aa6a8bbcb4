package playbook_test

import (
	"context"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// asksAboutUndos lets nobody take something back alone.
type asksAboutUndos struct{ plainGuard }

func (g asksAboutUndos) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	if p.Undo && p.Mode == guard.Auto {
		p.Mode = guard.Approve
	}
	return g.plainGuard.Decide(ctx, p)
}

// Who asks for an undo can't approve it; somebody else can, also after a crash.
func TestAnUndoThatSomebodyElseHasToApprove(t *testing.T) {
	r := newRig(t, "lamp")
	r.guard = asksAboutUndos{}
	first := r.boot(fix, r.journal, nil)
	first.resume(t)
	id, _, err := first.Start(t.Context(), start(guard.Auto, "lamp"))
	if err != nil {
		t.Fatal(err)
	}
	first.end(t, id)
	waits, err := first.Undo(t.Context(), id, playbook.UndoOptions{By: "ana"})
	if err != nil || waits.Approval == "" || waits.Status != playbook.Running || len(waits.Plans) != 1 {
		t.Fatalf("undo %+v, %v", waits, err)
	}
	hash, err := waits.Plans[0].Hash()
	if err != nil {
		t.Fatal(err)
	}
	first.kill()

	p := r.boot(fix, r.journal, nil)
	p.resume(t)
	again, err := p.Undo(t.Context(), id, playbook.UndoOptions{By: "ana"})
	if err != nil || again.ID != waits.ID || again.Approval != waits.Approval {
		t.Errorf("asked for again it is %+v, %v; want %+v", again, err, waits)
	}
	answer := playbook.Answer{Question: waits.Approval, By: "ana", Approve: true}
	if _, err := p.Answer(t.Context(), waits.ID, hash, answer); fault.CodeOf(err) != fault.Denied || !strings.Contains(err.Error(), "ana asked for the change") {
		t.Errorf("her own approval: %v", err)
	}
	if on, effects := r.world.is("lamp"); !on || effects != 1 {
		t.Errorf("before anybody agreed: on %v after %d effects", on, effects)
	}
	answer.By = "ben"
	if _, err := p.Answer(t.Context(), waits.ID, hash, answer); err != nil {
		t.Fatal(err)
	}
	if v := p.end(t, waits.ID); v.Status != playbook.Succeeded {
		t.Errorf("it is %s: %s", v.Status, v.Why)
	}
	if on, effects := r.world.is("lamp"); on || effects != 2 {
		t.Errorf("in the end: on %v after %d effects", on, effects)
	}
}
