// Package actiontest is the conformance suite that every action must pass, and the world that it runs in: the sandbox
// behind HTTP, with the real SDK. Only tests import it.
//
// Start at [Run]; [NewCloud] gives an account to build in, and [Cloud.World] makes a [World] of it.
package actiontest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
)

// Run checks that the action keeps its contract, [action.Action], in worlds that open makes.
func Run(t *testing.T, open func(t *testing.T) World) {
	for _, part := range []struct {
		name  string
		check func(*testing.T, World)
	}{
		{"spec describes it", checkSpec},
		{"plan changes nothing", checkPlan},
		{"apply does what the plan shows", checkApply},
		{"verify waits for what AWS shows late", checkStale},
		{"undo restores what was before", reversible(checkUndo)},
		{"undo leaves somebody else's change", reversible(checkConflict)},
		{"what can't be undone says so", checkIrreversible},
		{"wrong parameters are refused", checkParams},
		{"a missing resource is not found", checkMissing},
		{"an ended context ends it", checkContext},
	} {
		t.Run(part.name, func(t *testing.T) { part.check(t, open(t)) })
	}
	t.Run("undo takes back a half", func(t *testing.T) { checkHalf(t, open) })
	t.Run("permissions suffice and are needed", func(t *testing.T) { checkPermissions(t, open) })
}

// whole returns the action with all the permissions that it declares.
func (w World) whole() action.Action { return w.Action(declared(w.Action(nil).Spec())) }

// plan makes the plan and sends it through JSON, as the journal does between plan and apply.
func (w World) plan(t *testing.T, a action.Action) *action.Plan {
	t.Helper()
	p, err := a.Plan(t.Context(), w.Request)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return throughJSON(t, p)
}

func throughJSON(t *testing.T, p *action.Plan) *action.Plan {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatalf("the plan is not JSON: %v", err)
	}
	var again action.Plan
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&again); err != nil {
		t.Fatalf("the plan cannot be read back: %v", err)
	}
	return &again
}

// carryOut applies and verifies the items that are to be changed, and returns them as the runtime would keep them.
func carryOut(ctx context.Context, a action.Action, p *action.Plan) ([]action.Item, error) {
	var done []action.Item
	for _, item := range p.Items {
		if item.Status != action.Change {
			continue
		}
		receipts, err := a.Apply(ctx, item)
		item.Receipts = receipts
		if err != nil {
			return done, err
		}
		if _, err := settle(ctx, a, item); err != nil {
			return done, err
		}
		item.Status = action.Changed
		done = append(done, item)
	}
	return done, nil
}

// settle verifies until the change shows, and says how often it did not. The sandbox shows it at once unless told
// otherwise, so the bound is on reads and not on time.
func settle(ctx context.Context, a action.Action, item action.Item) (notYet int, err error) {
	for {
		err = a.Verify(ctx, item)
		if !errors.Is(err, action.ErrNotYet) || notYet == 10 {
			return notYet, err
		}
		notYet++
	}
}

// change carries the plan out and fails the test where that fails or nothing was to be changed.
func change(t *testing.T, a action.Action, p *action.Plan) []action.Item {
	t.Helper()
	done, err := carryOut(t.Context(), a, p)
	if err != nil {
		t.Fatalf("carry out the plan: %v", err)
	}
	if len(done) == 0 {
		t.Fatalf("nothing was to be changed: %+v", p.Items)
	}
	return done
}

// denied reports whether AWS refused one of the calls for want of a permission. Macie says in the same words that it is off.
func denied(receipts []action.Receipt) bool {
	return slices.ContainsFunc(receipts, func(r action.Receipt) bool {
		if strings.Contains(r.Error, "Macie is not enabled") {
			return false
		}
		for _, code := range []string{"AccessDenied", "UnauthorizedOperation", "AuthorizationError"} {
			if strings.HasPrefix(r.Error, code) {
				return true
			}
		}
		return false
	})
}

// bounded gives a part of the suite half a minute.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
