package web

import (
	"context"
	"net/http"

	"riposte.dev/event"
	"riposte.dev/playbook"
)

// Executions is the runtime and its index as the surface uses them.
type Executions interface {
	List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error)
	Get(ctx context.Context, id string) (playbook.View, error)
	Undo(ctx context.Context, id string, o playbook.UndoOptions) (playbook.Undone, error)
}

// listExecutions takes status, rule, playbook, account, cause, resource, since (RFC 3339), limit and after.
func (s *Server) listExecutions(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := playbook.Filter{
		Status: playbook.Status(q.Get("status")), Rule: q.Get("rule"), Playbook: q.Get("playbook"), Account: q.Get("account"),
		Cause: event.Cause(q.Get("cause")), Resource: q.Get("resource"), After: q.Get("after"),
	}
	var err error
	if f.Since, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	list, err := s.Executions.List(r.Context(), f)
	return some(list), err
}

func (s *Server) getExecution(r *http.Request) (any, error) {
	return s.Executions.Get(r.Context(), r.PathValue("id"))
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
