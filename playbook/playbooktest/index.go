package playbooktest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// Index is an index in memory. The zero value is ready.
type Index struct {
	mu        sync.Mutex
	summaries map[string]playbook.Summary
	requests  map[string]playbook.Request
	lost      []playbook.Request
	approvals []approval
	changes   []guard.Change
	told      []audit.Entry
	expiries  []playbook.Expiry
	position  uint64
}

var _ playbook.Index = (*Index)(nil)

// Apply stores the projection.
func (x *Index) Apply(ctx context.Context, p playbook.Projection) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p.Position <= x.position {
		return ctx.Err()
	}
	if x.summaries == nil {
		x.summaries, x.requests = map[string]playbook.Summary{}, map[string]playbook.Request{}
	}
	for _, s := range p.Summaries {
		if s.Seq >= x.summaries[s.ID].Seq {
			x.summaries[s.ID] = s
		}
	}
	for _, r := range p.Requests {
		if r.ID == "" {
			x.lost = append(x.lost, r)
		} else if _, there := x.requests[r.ID]; !there {
			x.requests[r.ID] = r
		}
	}
	for _, c := range p.Approvals {
		x.change(c)
	}
	for _, c := range p.Changes {
		if !slices.ContainsFunc(x.changes, func(known guard.Change) bool { return known.Key == c.Key }) {
			x.changes = append(x.changes, c)
		}
	}
	x.told = append(x.told, p.Audit...)
	for _, c := range p.Expiries {
		x.expiries = slices.DeleteFunc(x.expiries, func(e playbook.Expiry) bool { return e.Execution == c.Execution && e.Effect == c.Effect })
		if !c.Over {
			x.expiries = append(x.expiries, c.Expiry)
		}
	}
	x.position = p.Position
	return ctx.Err()
}

// Audit returns what was to be appended to the audit record.
func (x *Index) Audit() []audit.Entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.told)
}

// approval is a question, and when it was closed.
type approval struct {
	playbook.Approval
	closed time.Time
}

func (x *Index) change(c playbook.ApprovalChange) {
	if c.Asked != nil && !slices.ContainsFunc(x.approvals, func(a approval) bool { return a.ID == c.Asked.ID }) {
		x.approvals = append(x.approvals, approval{Approval: *c.Asked})
	}
	for i := range x.approvals {
		a := &x.approvals[i]
		if c.Answer != nil && a.ID == c.Answer.Question && !slices.ContainsFunc(a.Answers, func(b playbook.Answer) bool { return b.By == c.Answer.By }) {
			a.Answers = append(slices.Clone(a.Answers), *c.Answer)
		}
		if c.Closed != nil && a.Execution == c.Closed.Execution && within(a.Path, c.Closed.Path) && a.closed.IsZero() {
			a.closed = c.Closed.At
			if c.Closed.Again {
				a.Status = playbook.Superseded
			}
		}
	}
}

// within reports whether a branch is another one, or belongs to a state of it.
func within(path, of string) bool { return path == of || of == "" || strings.HasPrefix(path, of+"/") }

// Approvals returns questions.
func (x *Index) Approvals(ctx context.Context, f playbook.ApprovalFilter) ([]playbook.Approval, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []playbook.Approval
	for _, a := range x.approvals {
		a.Status = a.StatusAt(f.Now, a.closed)
		if (f.Execution == "" || f.Execution == a.Execution) && (!f.Open || a.Status == playbook.Open) {
			all = append(all, a.Approval)
		}
	}
	slices.SortFunc(all, func(a, b playbook.Approval) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(a.ID, b.ID)) })
	return all[:min(len(all), cmp.Or(f.Limit, 100), 1000)], ctx.Err()
}

// Approval returns a question.
func (x *Index) Approval(ctx context.Context, id string, now time.Time) (playbook.Approval, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range x.approvals {
		if a.ID == id {
			a.Status = a.StatusAt(now, a.closed)
			return a.Approval, ctx.Err()
		}
	}
	return playbook.Approval{}, fault.New(fault.NotFound, "there is no approval %q", id)
}

// Position returns what was applied.
func (x *Index) Position(ctx context.Context) (uint64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.position, ctx.Err()
}

// Get returns a summary.
func (x *Index) Get(ctx context.Context, id string) (playbook.Summary, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.summaries[id]
	if !ok {
		return s, fault.New(fault.NotFound, "there is no execution %q", id)
	}
	return s, ctx.Err()
}

// List returns summaries.
func (x *Index) List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []playbook.Summary
	for _, s := range x.summaries {
		all = append(all, s)
	}
	newest := func(a, b playbook.Summary) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.ID, b.ID))
	}
	slices.SortFunc(all, newest)
	if f.After != "" {
		after, ok := x.summaries[f.After]
		if !ok {
			return nil, fault.New(fault.NotFound, "there is no execution %q", f.After)
		}
		all = slices.DeleteFunc(all, func(s playbook.Summary) bool { return newest(s, after) <= 0 })
	}
	all = slices.DeleteFunc(all, func(s playbook.Summary) bool { return !selects(f, s) })
	limit := cmp.Or(f.Limit, 100)
	return all[:min(len(all), limit, 1000)], ctx.Err()
}

func selects(f playbook.Filter, s playbook.Summary) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	return same(string(f.Status), string(s.Status)) && same(f.Rule, s.Rule) && same(f.Playbook, s.Playbook) && same(f.Account, s.Account) &&
		(f.Cause == "" || f.Cause == s.Cause || f.Cause == s.Root) &&
		(f.Resource == "" || slices.Contains(s.Resources, f.Resource)) &&
		(f.Since.IsZero() || !s.Started.Before(f.Since)) && (f.Until.IsZero() || s.Started.Before(f.Until))
}

// Request returns a call.
func (x *Index) Request(ctx context.Context, id string) (playbook.Request, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.requests[id]
	if !ok {
		return r, fault.New(fault.NotFound, "request %q is not ours", id)
	}
	return r, ctx.Err()
}

// Changes returns changes.
func (x *Index) Changes(ctx context.Context, since time.Time) ([]guard.Change, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(x.changes), func(c guard.Change) bool { return c.At.Before(since) })
	slices.SortStableFunc(list, func(a, b guard.Change) int { return a.At.Compare(b.At) })
	return list, ctx.Err()
}

// Expiries returns what is to be taken back.
func (x *Index) Expiries(ctx context.Context) ([]playbook.Expiry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := slices.Clone(x.expiries)
	slices.SortFunc(list, func(a, b playbook.Expiry) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Execution, b.Execution), strings.Compare(a.Effect, b.Effect))
	})
	return list, ctx.Err()
}

// Lost returns calls without a request id.
func (x *Index) Lost(ctx context.Context, since time.Time) ([]playbook.Request, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(x.lost), func(r playbook.Request) bool { return r.At.Before(since) }), ctx.Err()
}
