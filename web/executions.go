package web

import (
	"context"
	"net/http"

	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

// Executions is the runtime and its index as the surface uses them.
type Executions interface {
	List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error)
	Get(ctx context.Context, id string) (playbook.View, error)
	Undo(ctx context.Context, id string, o playbook.UndoOptions) (playbook.Undone, error)
	Signal(ctx context.Context, s playbook.Signal) error
	History(ctx context.Context, id string) ([]asl.HistoryEvent, error)
	Stop(ctx context.Context, id, name, cause, by string) error
	Redrive(ctx context.Context, id, by string) error
}

// listExecutions takes status, rule, playbook, account, cause, resource, since and until (RFC 3339), limit and after.
func (s *Server) listExecutions(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := playbook.Filter{
		Status: playbook.Status(q.Get("status")), Rule: q.Get("rule"), Playbook: q.Get("playbook"), Account: q.Get("account"),
		Cause: event.Cause(q.Get("cause")), Resource: q.Get("resource"), After: q.Get("after"),
	}
	err := oneOf("status", optional(f.Status), ExecutionStatuses())
	if err != nil {
		return nil, err
	}
	if f.Since, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	if f.Until, err = moment(q, "until"); err != nil {
		return nil, err
	}
	list, err := s.Executions.List(r.Context(), f)
	return some(list), err
}

// Execution is everything that an execution did, and who was told of it.
type Execution struct {
	playbook.View
	Told []notify.Entry `json:"told,omitempty"` // attempts to tell people, the latest first
}

// Told lists the attempts to tell people of an execution, the latest first.
type Told func(ctx context.Context, execution string) ([]notify.Entry, error)

func (s *Server) getExecution(r *http.Request) (any, error) {
	view, err := s.Executions.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	told, err := s.Told(r.Context(), view.ID)
	return Execution{view, told}, err
}

// UndoRequest asks to take back what an execution changed.
type UndoRequest struct {
	Step   string `json:"step,omitempty"` // a state's name; "" for everything
	DryRun bool   `json:"dry_run,omitempty"`
}

func (s *Server) undoExecution(r *http.Request) (any, error) {
	var req UndoRequest
	if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	return s.Executions.Undo(r.Context(), r.PathValue("id"), playbook.UndoOptions{Step: req.Step, DryRun: req.DryRun, By: CallerOf(r).Name})
}

func (s *Server) executionHistory(r *http.Request) (any, error) {
	events, err := s.Executions.History(r.Context(), r.PathValue("id"))
	return some(events), err
}

// StopRequest says why an execution is stopped; both stand in its history.
type StopRequest struct {
	Error string `json:"error,omitempty"` // a name, as Catch would see it
	Cause string `json:"cause,omitempty"`
}

// ExecutionStatus is where an execution stands after a request.
type ExecutionStatus struct {
	ID     string          `json:"id"`
	Status playbook.Status `json:"status"`
}

func (s *Server) stopExecution(r *http.Request) (any, error) {
	var req StopRequest
	if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	return ExecutionStatus{id, playbook.Aborted}, s.Executions.Stop(r.Context(), id, req.Error, req.Cause, CallerOf(r).Name)
}

func (s *Server) redriveExecution(r *http.Request) (any, error) {
	id := r.PathValue("id")
	return ExecutionStatus{id, playbook.Running}, s.Executions.Redrive(r.Context(), id, CallerOf(r).Name)
}
