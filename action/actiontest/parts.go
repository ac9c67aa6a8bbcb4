package actiontest

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"riposte.dev/action"
	"riposte.dev/fault"
)

var (
	specName   = regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9]+(-[a-z0-9]+)*)$`)
	permission = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`)
)

func checkSpec(t *testing.T, w World) {
	spec := w.whole().Spec()
	if !specName.MatchString(spec.Name) || spec.Title == "" || spec.Description == "" {
		t.Errorf("name %q, title %q, description %q: want service.verb-noun and both texts", spec.Name, spec.Title, spec.Description)
	}
	if !slices.Contains([]action.Effect{action.StateChecked, action.TokenKeyed, action.AtLeastOnce}, spec.Effect) {
		t.Errorf("effect %q is none of the three", spec.Effect)
	}
	for _, p := range spec.Permissions {
		if !permission.MatchString(p) {
			t.Errorf("permission %q is not an IAM action", p)
		}
	}
	schema := compile(t, spec.Parameters)
	for _, ok := range []json.RawMessage{w.Request.Params, w.Missing} {
		if ok == nil {
			continue
		}
		if err := schema.Validate(value(t, ok)); err != nil {
			t.Errorf("the schema refuses %s: %v", ok, err)
		}
	}
	if schema.Validate(value(t, misspelt(t, w.Request.Params))) == nil {
		t.Error("the schema accepts a parameter that does not exist")
	}
}

func compile(t *testing.T, raw json.RawMessage) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("params.json", value(t, raw)); err != nil {
		t.Fatalf("the schema of the parameters: %v", err)
	}
	schema, err := c.Compile("params.json")
	if err != nil {
		t.Fatalf("the schema of the parameters: %v", err)
	}
	return schema
}

func value(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

// misspelt adds a parameter that no action has.
func misspelt(t *testing.T, params json.RawMessage) json.RawMessage {
	t.Helper()
	members := value(t, params).(map[string]any)
	members["x-misspelt"] = true
	raw, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func checkPlan(t *testing.T, w World) {
	a, before, writes := w.whole(), w.State(), w.Writes()
	p := w.plan(t, a)
	if w.State() != before || w.Writes() != writes {
		t.Errorf("the plan made %d changes: state %s, was %s", w.Writes()-writes, w.State(), before)
	}
	spec := a.Spec()
	if p.Action != spec.Name || p.Account != w.Request.Account || p.Region != w.Request.Region {
		t.Errorf("the plan is of %s in %s %s, want what was asked for", p.Action, p.Account, p.Region)
	}
	ids := map[string]bool{}
	for _, item := range p.Items {
		r := item.Resource
		if item.ID == "" || ids[item.ID] || item.Reason == "" || r.Type == "" || r.ARN == "" || r.Account == "" || r.Region == "" {
			t.Errorf("item %+v: want an id of its own, a reason and a whole resource", item)
		}
		ids[item.ID] = true
		if (item.Status == action.Change) != (len(item.Calls) > 0) {
			t.Errorf("item %s has status %s and %d calls", item.ID, item.Status, len(item.Calls))
		}
		if item.Status == action.Change && len(action.Diff(item.Before, item.After)) == 0 {
			t.Errorf("item %s changes nothing: %s", item.ID, item.Before)
		}
		for _, c := range item.Calls {
			needs := c.Service + ":" + c.Operation
			if w.Permission != nil {
				needs = w.Permission(c)
			}
			if !spec.Outside && !slices.Contains(spec.Permissions, needs) {
				t.Errorf("call %s:%s needs %s, which is not among the permissions", c.Service, c.Operation, needs)
			}
			if c.Account == "" || c.Region == "" || len(c.Input) == 0 {
				t.Errorf("call %+v: want where it goes and what is sent", c)
			}
		}
		if errors.Is(a.Verify(t.Context(), item), action.ErrNotYet) != (item.Status == action.Change) {
			t.Errorf("item %s of status %s: only what is to be changed is not yet as planned", item.ID, item.Status)
		}
	}
	first, err := p.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := w.plan(t, a).Hash(); err != nil || second != first {
		t.Errorf("the same plan twice has hashes %s and %s (%v)", first, second, err)
	}
}

func checkApply(t *testing.T, w World) {
	a, before := w.whole(), w.State()
	p := w.plan(t, a)
	done := change(t, a, p)
	if w.State() == before {
		t.Error("nothing was changed")
	}
	for _, item := range done {
		if len(item.Receipts) < len(item.Calls) {
			t.Errorf("%d receipts of %d calls", len(item.Receipts), len(item.Calls))
		}
		for _, r := range item.Receipts {
			if r.RequestID == "" && !slices.Contains(w.Unanswered, r.Operation) || r.Error != "" || r.At.IsZero() || r.Service == "" || r.Operation == "" || r.Region == "" {
				t.Errorf("receipt %+v: want it whole, without an error", r)
			}
		}
	}
	after := map[string]json.RawMessage{}
	for _, item := range p.Items {
		after[item.ID] = item.After
	}
	writes := w.Writes()
	for _, item := range w.plan(t, a).Items {
		if item.Status == action.Change || len(item.Calls) > 0 {
			t.Errorf("planned again, %s is %s with %d calls", item.ID, item.Status, len(item.Calls))
		}
		if !action.SameState(item.Before, after[item.ID]) {
			t.Errorf("%s became %s, want %s as planned", item.ID, item.Before, after[item.ID])
		}
	}
	if w.Writes() != writes {
		t.Error("the second plan made changes")
	}
}

func checkStale(t *testing.T, w World) {
	a := w.whole()
	p := w.plan(t, a)
	w.Stale(3)
	for _, item := range p.Items {
		if item.Status != action.Change {
			continue
		}
		if _, err := a.Apply(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		if notYet, err := settle(t.Context(), a, item); err != nil || notYet == 0 {
			t.Errorf("verify ended after %d times ErrNotYet with %v, want some and then nil", notYet, err)
		}
		return
	}
	t.Fatal("nothing was to be changed")
}

func checkParams(t *testing.T, w World) {
	a, writes := w.whole(), w.Writes()
	wrong := []json.RawMessage{misspelt(t, w.Request.Params), nil, []byte(`[]`), []byte(`{`)}
	if w.Missing != nil {
		wrong = append(wrong, []byte(`{}`))
	}
	for _, params := range wrong {
		req := w.Request
		req.Params = params
		if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("plan with %s: %v, want code invalid and a next step", params, err)
		}
	}
	for _, req := range []action.Request{
		{Region: w.Request.Region, Params: w.Request.Params}, {Account: w.Request.Account, Params: w.Request.Params},
	} {
		if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("plan for account %q, region %q: %v, want code invalid", req.Account, req.Region, err)
		}
	}
	if w.Writes() != writes {
		t.Error("a refused plan made changes")
	}
}

func checkMissing(t *testing.T, w World) {
	if w.Missing == nil {
		return // an account is always there
	}
	req := w.Request
	req.Params = w.Missing
	if _, err := w.whole().Plan(t.Context(), req); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("plan with %s: %v, want code not_found and a next step", req.Params, err)
	}
}

func checkContext(t *testing.T, w World) {
	a := w.whole()
	p := w.plan(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	writes := w.Writes()
	if _, err := a.Plan(ctx, w.Request); !errors.Is(err, context.Canceled) {
		t.Errorf("plan: %v, want the context's end", err)
	}
	for _, item := range p.Items {
		if item.Status != action.Change {
			continue
		}
		if _, err := a.Apply(ctx, item); !errors.Is(err, context.Canceled) {
			t.Errorf("apply: %v, want the context's end", err)
		}
		if err := a.Verify(ctx, item); !errors.Is(err, context.Canceled) {
			t.Errorf("verify: %v, want the context's end", err)
		}
		if _, err := a.Undo(ctx, item); a.Spec().Irreversible == "" && !errors.Is(err, context.Canceled) {
			t.Errorf("undo: %v, want the context's end", err)
		}
	}
	if w.Writes() != writes {
		t.Error("changes were made under an ended context")
	}
}
