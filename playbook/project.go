package playbook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// projector brings the index up to date with the journal, in batches: as many appends as are there go in one transaction.
type projector struct {
	runtime *Runtime
	running map[string]Summary // of executions that have not ended, so that most records need no read
	paid    time.Time          // until when transactions were taken in advance
}

// appended is one append of the journal.
type appended struct {
	id      string
	entries []Entry
}

// batch bounds the appends of one transaction. A burst of transactions begins at once, so that the index is close behind a few
// executions; after it they begin pace apart: each costs a sync of the disk that the journal writes to, and writes an
// execution's summary once, however many records came.
const (
	batch = 512
	pace  = 20 * time.Millisecond
	burst = 10 * pace
)

// project follows the journal until ctx ends. caughtUp is called once, when the index has all that was there at the call.
func (r *Runtime) project(ctx context.Context, caughtUp func()) {
	for try := 0; ctx.Err() == nil; try++ {
		p := &projector{runtime: r, running: map[string]Summary{}}
		err := p.follow(ctx, caughtUp)
		if ctx.Err() != nil {
			return
		}
		r.log.Error("playbook: the index of executions can't follow the journal; it is tried again", "error", err)
		r.sleep(ctx, backoff(try))
	}
}

func (p *projector) follow(ctx context.Context, caughtUp func()) error {
	position, err := p.runtime.opts.Index.Position(ctx)
	if err != nil {
		return fmt.Errorf("read the index's position: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	feed := make(chan appended, batch)
	reached := make(chan struct{})
	go func() {
		err := p.runtime.opts.Journal.Follow(ctx, position+1, func() { close(reached) }, func(id string, entries []Entry) error {
			select {
			case feed <- appended{id, entries}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err == nil {
			err = fault.New(fault.Unavailable, "the journal is closed")
		}
		cancel(err)
	}()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case first := <-feed:
			if err := p.apply(ctx, p.collect(ctx, first, feed, reached == nil)); err != nil {
				return err
			}
		case <-reached:
			if len(feed) > 0 { // what was given before must be applied before it counts
				if err := p.apply(ctx, p.collect(ctx, <-feed, feed, false)); err != nil {
					return err
				}
				continue
			}
			reached = nil
			caughtUp()
		}
	}
}

// collect adds what is there already, and what comes until the next transaction may begin.
func (p *projector) collect(ctx context.Context, first appended, feed <-chan appended, paced bool) []appended {
	all := []appended{first}
	wait := time.Until(p.paid.Add(-burst))
	if !paced {
		wait = 0
	}
	over := time.NewTimer(max(wait, 0))
	defer over.Stop()
	for len(all) < batch {
		select {
		case next := <-feed:
			all = append(all, next)
			continue
		default:
		}
		if wait <= 0 {
			break
		}
		select {
		case next := <-feed:
			all = append(all, next)
		case <-over.C:
			wait = 0
		case <-ctx.Done():
			wait = 0
		}
	}
	if now := time.Now(); p.paid.Before(now) {
		p.paid = now
	}
	p.paid = p.paid.Add(pace)
	return all
}

// apply stores a batch in one transaction, and tries until the index takes it.
func (p *projector) apply(ctx context.Context, appends []appended) error {
	changed := map[string]*Summary{}
	projection := Projection{Position: appends[len(appends)-1].entries[0].Seq}
	for _, a := range appends {
		s, err := p.summary(ctx, changed, a.id)
		if err != nil {
			return err
		}
		for _, entry := range a.entries {
			r, err := DecodeRecord(entry.Data)
			if err != nil { // its execution is in quarantine when it is driven; the others go on
				p.runtime.log.Error("playbook: a journal record is left out of the index", "execution", a.id, "sequence", entry.Seq, "error", err)
				continue
			}
			projection.Requests = append(projection.Requests, s.apply(a.id, r)...)
			projection.Changes = append(projection.Changes, intended(a.id, r)...)
			projection.Approvals = append(projection.Approvals, s.approvals(r)...)
			projection.Audit = append(projection.Audit, s.told(r, p.runtime.opts.Redact)...)
			projection.Expiries = append(projection.Expiries, s.expiries(r)...)
			s.Seq = entry.Seq
		}
		if s.Undoes != "" && s.Status == Running {
			original, err := p.summary(ctx, changed, s.Undoes)
			if err != nil {
				return err
			}
			original.UndoneBy = s.ID
		}
	}
	for _, s := range changed {
		if s.ID == "" {
			continue // nothing of it could be read
		}
		projection.Summaries = append(projection.Summaries, *s)
		if s.Status == Running {
			p.running[s.ID] = *s
		} else {
			delete(p.running, s.ID)
		}
	}
	if err := p.runtime.opts.Index.Apply(ctx, projection); err != nil {
		return fmt.Errorf("apply %d journal appends to the index: %w", len(appends), err)
	}
	p.runtime.metrics.applied.Set(float64(projection.Position))
	return nil
}

// summary returns an execution's summary to change: of this batch, of memory, of the index, or a new one.
func (p *projector) summary(ctx context.Context, changed map[string]*Summary, id string) (*Summary, error) {
	if s, ok := changed[id]; ok {
		return s, nil
	}
	s, ok := p.running[id]
	if !ok {
		var err error
		if s, err = p.runtime.opts.Index.Get(ctx, id); err != nil && fault.CodeOf(err) != fault.NotFound {
			return nil, fmt.Errorf("read execution %s from the index: %w", id, err)
		}
	}
	copied := s
	copied.Items = map[action.Status]int{}
	for status, n := range s.Items {
		copied.Items[status] = n
	}
	copied.Resources = slices.Clone(s.Resources)
	changed[id] = &copied
	return &copied, nil
}

// maxResources bounds Summary.Resources.
const maxResources = 100

// apply takes a record into the summary and returns the AWS calls in it.
func (s *Summary) apply(id string, r Record) []Request {
	switch r.Kind {
	case Started:
		b := r.Begin.Start
		undoneBy := s.UndoneBy
		*s = Summary{
			ID: id, Rule: b.Rule, Playbook: b.Playbook, Cause: b.Cause, Root: b.Root, Account: b.Account, Region: b.Region, Title: b.Title,
			Severity: b.Severity, Finding: b.Finding, Mode: b.Mode, Status: Running, Received: b.Received, Started: r.Time,
			Undoes: b.Undoes, UndoneBy: undoneBy, Items: map[action.Status]int{},
		}
	case Entered:
		s.State = r.Step.State
	case Asked:
		return requests(s.ID, r.Question.Plan.Account, r.Question.Receipts)
	case Held:
		s.Held = r.Hold.Reason
	case Intent:
		s.Held = ""
		return requests(s.ID, r.Intent.Plan.Account, r.Intent.Receipts)
	case Outcome:
		s.Held = ""
	case Ended:
		if r.Step.Path == "" {
			s.Status, s.Error, s.Why, s.Ended = Status(r.Step.Status), r.Step.Error, r.Step.Cause, r.Time
		}
	case Redriven:
		s.Status, s.Error, s.Why, s.Ended = Running, "", "", time.Time{}
	}
	if r.Effect != nil {
		return s.effect(r.Effect)
	}
	return nil
}

// intended returns the changes that an intent announces.
func intended(id string, r Record) []guard.Change {
	if r.Intent == nil || r.Intent.Undo {
		return nil
	}
	var list []guard.Change
	for _, i := range changes(&r.Intent.Plan) {
		item := r.Intent.Plan.Items[i]
		list = append(list, guard.Change{Key: id + "/" + r.Intent.Effect + "/" + item.ID, Action: r.Intent.Plan.Action,
			Account: item.Resource.Account, Resource: item.Resource.ARN, At: r.Intent.At})
	}
	return list
}

// approvals returns what a record changes in the list of questions.
func (s *Summary) approvals(r Record) []ApprovalChange {
	switch r.Kind {
	case Asked:
		s.Asked++
		return []ApprovalChange{{Closed: &Closed{s.ID, r.Question.Path, r.Time, true}}, {Asked: &Approval{Question: *r.Question, Execution: s.ID, Rule: s.Rule,
			Title: s.Title, Severity: s.Severity, Account: s.Account, Status: Open}}}
	case Answered:
		return []ApprovalChange{{Answer: r.Answer}}
	case Outcome, Ended:
		if s.Asked > 0 {
			return []ApprovalChange{{Closed: &Closed{s.ID, r.Step.Path, r.Time, false}}}
		}
	}
	return nil
}

// expiries returns what a record changes in the list of what expires.
func (s *Summary) expiries(r Record) []ExpiryChange {
	over := func(effect string) []ExpiryChange {
		return []ExpiryChange{{Expiry{Execution: s.Undoes, Effect: effect}, true}}
	}
	switch f := r.Effect; {
	case r.Kind == Started && r.Begin.Start.Expired != "":
		return over(r.Begin.Start.Expired)
	case f == nil:
	case !f.Expires.IsZero():
		return []ExpiryChange{{Expiry{Execution: s.ID, Effect: f.Key, At: f.Expires}, false}}
	case f.Undoes != "" && f.Plan != nil && complete([]action.Plan{*f.Plan}):
		return over(f.Undoes)
	}
	return nil
}

func (s *Summary) effect(f *Effect) []Request {
	account := s.Account
	var calls []Request
	if f.Plan != nil {
		account = f.Plan.Account
		for _, item := range f.Plan.Items {
			s.Items[item.Status]++
			if len(s.Resources) < maxResources && item.Resource.ARN != "" && !slices.Contains(s.Resources, item.Resource.ARN) {
				s.Resources = append(s.Resources, item.Resource.ARN)
			}
			calls = append(calls, requests(s.ID, item.Resource.Account, item.Receipts)...)
		}
	}
	if !f.FirstCall.IsZero() && s.FirstCall == 0 && !s.Received.IsZero() {
		s.FirstCall = f.FirstCall.Sub(s.Received)
	}
	s.Undoable = s.Undoable || f.changed() && f.Reversible && !f.Undo
	calls = append(calls, requests(s.ID, account, f.Receipts)...)
	return append(calls, f.Lost...)
}

// requests are the calls behind receipts; one whose answer was lost has no id.
func requests(execution, account string, receipts []action.Receipt) []Request {
	calls := make([]Request, 0, len(receipts))
	for _, r := range receipts {
		calls = append(calls, Request{ID: r.RequestID, Execution: execution, Service: r.Service, Operation: r.Operation,
			Account: account, Region: r.Region, At: r.At})
	}
	return calls
}
