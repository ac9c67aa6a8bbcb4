// Package actiontest is the conformance suite that every action must pass, and the world that it runs in: the sandbox
// behind HTTP, with the real SDK. Only tests import it.
//
// Start at [Run]; [NewCloud] gives an account to build a [World] in.
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

// World is a place with one resource that needs the action's change. Each part of the suite opens a new one.
type World struct {
	// Action returns the action with credentials that may do exactly what the permissions say.
	Action func(permissions []string) action.Action
	// Request is for the resource that needs the change.
	Request action.Request
	// Missing is parameters that name a resource that does not exist; nil for an action without parameters, whose resource
	// is the account.
	Missing json.RawMessage
	// State looks at the resource from outside, without the action: what an undo must restore.
	State func() string
	// Writes counts the calls so far that may change something, whoever made them.
	Writes func() int
	// Interfere changes the resource, after the action, so that an undo would overwrite or miss somebody else's change. nil where
	// the state has two values only: the one before, and the action's.
	Interfere func()
	// Permission returns the IAM action that a call needs, where that isn't its service and operation. It may be nil.
	Permission func(action.Call) string
	// Elsewhere is the permissions that this world doesn't need, and another world of the same action does: "ec2:CreateTags", or one
	// of the resources that the specification narrows it to, "ec2:CreateTags on arn:P:ec2:*::snapshot/*".
	Elsewhere []string
	// Unanswered are the operations whose answers go to somebody else, so that their request ids are never riposte's: such as
	// GetCallerIdentity of a token.
	Unanswered []string
	// Stale makes the reads after the next write see the state before it, that many times.
	Stale func(reads int)
}

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
func (w World) whole() action.Action {
	permissions, err := without(grants(w.Action(nil).Spec()), -1)
	if err != nil {
		panic(err) // what is marshalled is strings alone
	}
	return w.Action(permissions)
}

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
