package playbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// parallel is how many items of one plan are changed at the same time.
const parallel = 8

// apply changes the items and verifies them; one that fails doesn't stop the others. Where all of them failed in a way that
// may pass, the task fails so that Retry can try again.
func (t *task) apply(ctx context.Context, c change, plan *action.Plan, due []int) error {
	errs := make([]error, len(due))
	var first sync.Once
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, index := range due {
		group.Go(func() error {
			first.Do(func() {
				t.effect.FirstCall = t.runtime.opts.Now()
				if t.first() && !t.resumed {
					t.runtime.metrics.firstCall.Observe(t.effect.FirstCall.Sub(t.e.begin.Start.Received).Seconds())
				}
			})
			errs[i] = t.applyItem(ctx, c, &plan.Items[index])
			return nil
		})
	}
	_ = group.Wait() // its functions return no error; errs has them
	if t.runtime.base.Err() != nil {
		return errInterrupted
	}
	err, passing := retryable(errs)
	if !passing {
		return nil
	}
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return err
	}
	return &taskError{errorName(err), err.Error()}
}

// first reports whether the execution has done nothing before.
func (t *task) first() bool {
	t.e.mu.RLock()
	defer t.e.mu.RUnlock()
	return len(t.e.effects) == 0
}

// applyItem makes the calls of one item and looks until they show.
func (t *task) applyItem(ctx context.Context, c change, item *action.Item) (failed error) {
	var refused atomic.Bool // by the guard, which is no failure of the action
	permitted := action.Permit(ctx, func(ctx context.Context) error {
		err := t.runtime.opts.Guard.MayCall(ctx, t.proposal(c, nil), item.Resource)
		if err != nil {
			refused.Store(true)
		}
		return err
	})
	defer func() {
		if failed != nil {
			item.Status, item.Error = action.Failed, failed.Error()
			if fault.CodeOf(failed) == fault.NotFound && fault.Hint(failed) == "" {
				item.Error += " — it was deleted after riposte had looked: find out by whom"
			}
		}
		if !refused.Load() && t.runtime.base.Err() == nil {
			t.runtime.opts.Guard.Done(t.proposal(c, nil), *item)
		}
	}()
	err := guarded(c.spec.Name, func() (err error) {
		item.Receipts, err = c.action.Apply(permitted, *item)
		return err
	})
	// The event of the call may come before the item is verified, and the guard holds it back until it knows the request.
	t.runtime.opts.Ledger.note(item.Receipts)
	if err != nil {
		// A call whose answer was lost may have worked all the same.
		if !fault.Retryable(err) || guarded(c.spec.Name, func() error { return c.action.Verify(ctx, *item) }) != nil {
			return err
		}
	} else {
		t.observe(StepApplied, nil, "%s", calls(*item))
		if err := t.verify(ctx, c, *item); err != nil {
			return err
		}
	}
	item.Status = action.Changed
	t.observe(StepVerified, nil, "%s is as planned", nameOf(item.Resource))
	return nil
}

// verify looks until the item is as planned: AWS is eventually consistent.
func (t *task) verify(ctx context.Context, c change, item action.Item) error {
	patience := max(t.runtime.opts.VerifyFor, time.Duration(c.spec.TakesSeconds)*time.Second)
	until := t.runtime.opts.Now().Add(patience)
	for try := 0; ; try++ {
		err := guarded(c.spec.Name, func() error { return c.action.Verify(ctx, item) })
		if err == nil || !errors.Is(err, action.ErrNotYet) && !fault.Retryable(err) {
			return err
		}
		if !t.runtime.opts.Now().Before(until) {
			return fmt.Errorf("not seen as planned within %v: %w", patience, err)
		}
		if !t.runtime.sleep(ctx, backoff(try)) {
			return fmt.Errorf("not seen as planned in time: %w", err)
		}
	}
}

// recover finishes an intent that an earlier process left open. It looks again: what is as planned now was done by us, and
// is not done a second time; what is not is done now.
func (t *task) recover(ctx context.Context, c change, open *Plan) (*action.Plan, []int, guard.Mode, error) {
	t.effect.Recovered = true
	if _, err := t.turn.take(ctx, &open.Plan, changes(&open.Plan)); err != nil {
		return nil, nil, "", err
	}
	if wait := open.At.Add(t.runtime.opts.Settle).Sub(t.runtime.opts.Now()); wait > 0 && !t.runtime.sleep(ctx, wait) {
		return nil, nil, "", fmt.Errorf("interrupted while waiting for an earlier call to show")
	}
	plan := open.Plan
	plan.Items = append([]action.Item(nil), open.Plan.Items...)
	t.effect.Reasons, t.allowed = open.Reasons, open.Approval
	var decision guard.Decision
	for try := 0; ; try++ {
		var err error
		if decision, err = t.decide(ctx, c); err == nil {
			break
		}
		if held := (*sleepError)(nil); errors.As(err, &held) {
			return nil, nil, "", err
		}
		if fault.Retryable(err) && t.runtime.sleep(ctx, backoff(try)) {
			continue
		}
		for _, i := range changes(&plan) {
			plan.Items[i].Status = action.Failed
			plan.Items[i].Error = "riposte was interrupted while changing it, and could not look again: " + err.Error()
		}
		return &plan, nil, t.e.begin.Start.Mode, nil
	}
	now := map[string]action.Item{}
	for _, item := range decision.Plan.Items {
		now[item.ID] = item
	}
	var due []int
	for _, i := range changes(&plan) {
		item := &plan.Items[i]
		present, there := now[item.ID]
		switch {
		case !there:
			item.Status, item.Error = action.Failed, "it was no longer there when riposte looked again after an interruption"
		case present.Status == action.Unneeded:
			item.Status = action.Changed
			item.Reason += " Riposte was interrupted after the call and saw the change when it looked again."
		case present.Status == action.Change && len(present.Calls) > 0 && t.mayApply(decision) && (t.allowed == "" || sameCalls(*item, present)):
			item.Calls, item.After = present.Calls, present.After
			due = append(due, i)
		case present.Status == action.Change:
			item.Status, item.Calls = action.Escalated, nil
			item.Reason = strings.TrimSuffix(present.Reason, ".") + ". Riposte was interrupted in the middle of it, and may not finish it: " + interrupted(decision, t.allowed)
		default:
			item.Status, item.Reason, item.Error, item.Calls = present.Status, present.Reason, present.Error, nil
		}
	}
	t.effect.Reasons = decision.Reasons
	t.observe(StepPlanned, &plan, "looked again: %s", planSummary(&plan, decision.Mode))
	return &plan, due, decision.Mode, nil
}

// interrupted says why what was begun is not finished.
func interrupted(d guard.Decision, approved string) string {
	if approved != "" && d.Mode == guard.Approve {
		return "what is left to do is not what was approved."
	}
	return fmt.Sprintf("the mode is %s now.", d.Mode)
}

// sameCalls reports whether two items make the same calls.
func sameCalls(a, b action.Item) bool {
	return slices.EqualFunc(a.Calls, b.Calls, func(x, y action.Call) bool {
		return x.Service == y.Service && x.Operation == y.Operation && x.Account == y.Account && x.Region == y.Region && action.SameState(x.Input, y.Input)
	})
}

func calls(item action.Item) string {
	text := ""
	for i, call := range item.Calls {
		if i > 0 {
			text += ", "
		}
		text += call.Service + ":" + call.Operation
	}
	return text + " on " + nameOf(item.Resource)
}

func nameOf(r action.Resource) string {
	if r.Name != "" {
		return r.Name
	}
	return r.ARN
}
