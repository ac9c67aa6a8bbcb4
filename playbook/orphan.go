package playbook

import (
	"context"
	"fmt"
	"slices"

	"riposte.dev/action"
)

// lookAgain finds out what became of an intent that an earlier process left open and that nobody waits for any more: another
// branch had failed, the execution was stopped. Nothing is done for it; what was done is on record and can be taken back.
func (t *task) lookAgain(ctx context.Context) error {
	plan := t.orphan.Plan
	plan.Items = slices.Clone(plan.Items)
	t.effect.Plan, t.effect.Recovered = &plan, true
	t.loseCalls(t.orphan)
	if wait := t.orphan.At.Add(t.runtime.opts.Settle).Sub(t.runtime.opts.Now()); wait > 0 && !t.runtime.sleep(ctx, wait) {
		return errInterrupted
	}
	a, err := t.runtime.opts.Actions.Action(plan.Action)
	if err == nil {
		t.effect.Reversible = a.Spec().Irreversible == ""
	}
	for _, i := range changes(&plan) {
		item := &plan.Items[i]
		failed := err
		if err == nil {
			failed = guarded(plan.Action, func() error { return a.Verify(ctx, *item) })
		}
		if failed == nil {
			item.Status = action.Changed
			item.Reason += " Riposte was interrupted after the call and saw the change when it looked again."
			continue
		}
		item.Status = action.Failed
		item.Error = fmt.Sprintf("riposte was interrupted while changing it, and did not go on because nobody waited for it any more: %v", failed)
	}
	return nil
}
