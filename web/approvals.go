package web

import (
	"context"
	"net/http"

	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Approvals is the questions whether plans may be carried out.
type Approvals interface {
	Approvals(ctx context.Context, f playbook.ApprovalFilter) ([]playbook.Approval, error)
	Approval(ctx context.Context, id string) (playbook.Approval, error)
	Answer(ctx context.Context, execution, hash string, a playbook.Answer) (playbook.Approval, error)
}

// listApprovals lists the questions that wait for an answer, and with all=true every question; execution and limit narrow it.
func (s *Server) listApprovals(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := playbook.ApprovalFilter{Open: q.Get("all") != "true", Now: s.Now(), Execution: q.Get("execution")}
	var err error
	if _, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	list, err := s.Approvals.Approvals(r.Context(), f)
	return some(list), err
}

func (s *Server) getApproval(r *http.Request) (any, error) {
	return s.Approvals.Approval(r.Context(), r.PathValue("id"))
}

// AnswerRequest is a person's word. Hash is that of the plan that they saw; another plan is not approved by it.
type AnswerRequest struct {
	Hash    string `json:"hash"`
	Approve bool   `json:"approve"`
	Comment string `json:"comment,omitempty"`
}

func (s *Server) answerApproval(r *http.Request) (any, error) {
	var req AnswerRequest
	if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	if req.Hash == "" {
		return nil, fault.New(fault.Invalid, "the answer does not say which plan was seen").WithHint("send the approval's hash")
	}
	asked, err := s.Approvals.Approval(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	caller := CallerOf(r)
	return s.Approvals.Answer(r.Context(), asked.Execution, req.Hash,
		playbook.Answer{Question: asked.ID, By: caller.Name, Key: caller.Key, Approve: req.Approve, Comment: req.Comment})
}
