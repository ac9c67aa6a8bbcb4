package web

import (
	"context"
	"net/http"
	"testing"

	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

// people is what takes pauses and answers.
type people struct {
	*backend
	answer playbook.Answer
}

func (p *people) InForce(context.Context) ([]guard.Pause, error)            { return nil, nil }
func (p *people) PauseHistory(context.Context) ([]store.PauseRecord, error) { return nil, nil }

func (p *people) Pause(_ context.Context, pause guard.Pause, by string) (guard.Pause, error) {
	p.by = by
	return pause, nil
}

func (p *people) Resume(_ context.Context, _, by string) error {
	p.by = by
	return nil
}

func (p *people) Approvals(context.Context, playbook.ApprovalFilter) ([]playbook.Approval, error) {
	return nil, nil
}

func (p *people) Approval(context.Context, string) (playbook.Approval, error) {
	return playbook.Approval{Execution: "e1", Question: playbook.Question{ID: "q1"}}, nil
}

func (p *people) Answer(_ context.Context, _, _ string, a playbook.Answer) (playbook.Approval, error) {
	p.answer, p.by = a, a.By
	return playbook.Approval{}, nil
}

// Whatever people change has the name of their key, not its id, and no name that they only claim.
func TestChangesWithAKeyHaveItsName(t *testing.T) {
	p := &people{backend: &backend{}}
	s := testServer()
	s.Findings, s.Executions, s.Exceptions, s.KeyStore, s.Pauses, s.Approvals = findingsBackend{p.backend}, executionsBackend{p.backend}, p, p, p, p
	url := listen(t, s)
	const ana = "RIPOANA:s3cret"
	for _, step := range []struct{ method, path, body string }{
		{"POST", "/api/v1/executions/e1/undo", "{}"},
		{"POST", "/api/v1/exceptions", `{"resource":"arn:*","owner":"ops","reason":"test"}`},
		{"DELETE", "/api/v1/exceptions/x-1", ""},
		{"POST", "/api/v1/pauses", `{"reason":"strange","by":"ben"}`},
		{"DELETE", "/api/v1/pauses/p-1", ""},
		{"POST", "/api/v1/approvals/q1", `{"hash":"sha256:00","approve":true}`},
		{"PATCH", "/api/v1/findings/f1", `{"note":"seen"}`},
		{"PATCH", "/api/v1/findings/f1", `{"note":"seen","by":"ana"}`},
		{"POST", "/api/v1/keys", `{"name":"ben","account":"111122223333","roles":["approve"]}`},
		{"DELETE", "/api/v1/keys/ben", ""},
	} {
		p.by = ""
		if status, body := ask(t, step.method, url+step.path, ana, step.body); status != http.StatusOK || p.by != "ana" {
			t.Errorf("%s %s: %d %s, by %q", step.method, step.path, status, body, p.by)
		}
	}
	if p.answer.Key != "RIPOANA" || !p.answer.Approve || p.answer.Question != "q1" {
		t.Errorf("answer %+v", p.answer)
	}
	if status, body := ask(t, "PATCH", url+"/api/v1/findings/f1", ana, `{"note":"seen","by":"ben"}`); status != http.StatusForbidden {
		t.Errorf("a note in another's name: %d %s", status, body)
	}
	if status, body := ask(t, "PATCH", url+"/api/v1/findings/f1", owner, `{"note":"seen","by":"ben"}`); status != http.StatusOK || p.by != "ben" {
		t.Errorf("the owner of the folder for ben: %d %s, by %q", status, body, p.by)
	}
}
