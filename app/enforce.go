package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

// enforcer enforces rules again where an exception has ended, by its time or by hand: what it had held back gets a new execution,
// which looks at the present state and does nothing where that is right.
type enforcer struct {
	exceptions *store.Exceptions
	executions *store.Executions
	settings   *store.Settings
	runtime    *playbook.Runtime
	inForce    *atomic.Pointer[inForce]
	now        func() time.Time
	log        *slog.Logger

	done map[string]bool // exceptions that need no further look, by id
}

const (
	enforceEvery = 2 * time.Second
	// enforceAfter lets what was decided under the exception reach the index.
	enforceAfter = 5 * time.Second
	// heldSince is how far back it looks for what an exception held back.
	heldSince = 30 * 24 * time.Hour
	// looked begins the setting that says that an exception's end was acted on.
	looked = "exception_ended/"
)

// run looks for exceptions that have ended until ctx ends. What fails is tried again.
func (e *enforcer) run(ctx context.Context) error {
	tick := time.NewTicker(enforceEvery)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		problem := ""
		if err := e.look(ctx); err != nil && ctx.Err() == nil {
			problem = err.Error()
		}
		if problem != said && problem != "" {
			e.log.Warn("what exceptions held back is not enforced yet; it is tried again", "error", problem)
		}
		said = problem
	}
}

// look acts on every exception that has ended and was not acted on.
func (e *enforcer) look(ctx context.Context) error {
	records, err := e.exceptions.History(ctx)
	if err != nil {
		return err
	}
	now := e.now()
	for _, x := range records {
		end := ended(x)
		if e.done[x.ID] || now.Before(end.Add(enforceAfter)) || now.Sub(end) > heldSince {
			continue
		}
		if _, acted, err := e.settings.Get(ctx, looked+x.ID); err != nil {
			return err
		} else if !acted {
			if err := e.enforce(ctx, x, end, now); err != nil {
				return err
			}
			if err := e.settings.Set(ctx, looked+x.ID, now.UTC().Format(time.RFC3339)); err != nil {
				return err
			}
		}
		e.done[x.ID] = true
	}
	return nil
}

// ended is when an exception ends: when it expires, or was removed before.
func ended(x store.ExceptionRecord) time.Time {
	if !x.Removed.IsZero() && x.Removed.Before(x.Expires) {
		return x.Removed
	}
	return x.Expires
}

// enforce starts again, newest first, what the exception held back: once for each rule and resource.
func (e *enforcer) enforce(ctx context.Context, x store.ExceptionRecord, end, now time.Time) error {
	seen := map[string]bool{}
	rules := []string{x.Rule}
	if x.Rule != "" && x.Rule == guard.RuleOf(x.Rule) {
		rules = append(rules, guard.EscalationOf(x.Rule))
	}
	for _, rule := range rules {
		if err := e.enforceRule(ctx, rule, x, end, now, seen); err != nil {
			return err
		}
	}
	return nil
}

func (e *enforcer) enforceRule(ctx context.Context, rule string, x store.ExceptionRecord, end, now time.Time, seen map[string]bool) error {
	filter := playbook.Filter{Rule: rule, Since: later(x.Created, now.Add(-heldSince)), Limit: 1000}
	for {
		page, err := e.executions.List(ctx, filter)
		if err != nil {
			return err
		}
		for _, s := range page {
			if s.Items[action.Excepted] == 0 {
				continue
			}
			v, err := e.runtime.Get(ctx, s.ID)
			switch {
			case err != nil && (fault.Retryable(err) || ctx.Err() != nil):
				return err
			case err != nil:
				e.log.Error("an execution that an exception held back can't be read", "execution", s.ID, "exception", x.ID, "error", err)
				continue
			}
			if heldNew(v, x.Exception, seen) {
				if err := e.again(ctx, v.Start, x.Exception, end, now); err != nil {
					return err
				}
			}
		}
		if len(page) < filter.Limit {
			return nil
		}
		filter.After = page[len(page)-1].ID
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// heldNew reports whether the exception left a resource alone in the execution of which no later one of the rule was seen.
func heldNew(v playbook.View, x guard.Exception, seen map[string]bool) (fresh bool) {
	for _, plan := range v.Plans {
		for _, item := range plan.Items {
			key := v.Start.Rule + " " + item.Resource.ARN
			if x.Held(item) && !seen[key] {
				seen[key], fresh = true, true
			}
		}
	}
	return fresh
}

// again starts the execution anew, under a cause that makes it the only one, in the mode that the rule has now. A rule that is
// not in force any more, or only notifies, starts nothing.
func (e *enforcer) again(ctx context.Context, s playbook.Start, x guard.Exception, end, now time.Time) error {
	force := e.inForce.Load()
	rule := force.rules.Rule(guard.RuleOf(s.Rule))
	if rule == nil || rule.Respond == nil || s.Undoes != "" {
		return nil
	}
	own := rule.Respond.Mode
	if s.Rule != rule.ID {
		if rule.Respond.Escalate == nil {
			return nil
		}
		own = rule.Respond.Escalate.Mode
	}
	asked, limit := force.mode(s.Rule, own)
	if s.Mode = asked; asked.Bolder(limit) {
		s.Mode = limit
	}
	if s.Mode == guard.Notify {
		return nil
	}
	s.Cause = event.Cause("exception|" + x.ID + "|" + string(s.Cause))
	s.RuleHash, s.Received = rule.Hash, now
	s.Reasons = []string{"Exception " + x.ID + " ended " + end.UTC().Format(time.RFC3339) + ", so what it held back is looked at again."}
	_, _, err := e.runtime.Start(ctx, s)
	if err != nil && !fault.Retryable(err) {
		e.log.Error("what an exception held back can't be started again", "exception", x.ID, "rule", s.Rule, "cause", s.Cause, "error", err)
		return nil
	}
	return err
}
