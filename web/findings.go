package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"riposte.dev/fault"
	"riposte.dev/finding"
)

// Findings is the hub as the surface reads it.
type Findings interface {
	List(ctx context.Context, f finding.Filter) (finding.Page, error)
	Get(ctx context.Context, key finding.Key) (finding.Record, error)
	Update(ctx context.Context, key finding.Key, u finding.Update) (finding.Record, error)
}

// listFindings takes type, severity, account, region, resource, workflow, state, rule, text, since and until
// (RFC 3339), limit and after.
func (s *Server) listFindings(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := finding.Filter{
		Type: q.Get("type"), Account: q.Get("account"), Region: q.Get("region"), Resource: q.Get("resource"), Rule: q.Get("rule"),
		RecordState: finding.RecordState(q.Get("state")), Text: q.Get("text"), After: q.Get("after"),
	}
	for _, label := range q["severity"] {
		f.Severity = append(f.Severity, finding.Label(label))
	}
	for _, status := range q["workflow"] {
		f.Workflow = append(f.Workflow, finding.WorkflowStatus(status))
	}
	err := errors.Join(oneOf("severity", f.Severity, Severities()), oneOf("workflow status", f.Workflow, WorkflowStatuses()),
		oneOf("record state", optional(f.RecordState), RecordStates()))
	if err != nil {
		return nil, err
	}
	if f.Since, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	if f.Until, err = moment(q, "until"); err != nil {
		return nil, err
	}
	page, err := s.Findings.List(r.Context(), f)
	page.Records = some(page.Records)
	return page, err
}

// getFinding takes product, the ARN of the product, for an id that several have.
func (s *Server) getFinding(r *http.Request) (any, error) {
	return s.Findings.Get(r.Context(), findingKey(r))
}

func findingKey(r *http.Request) finding.Key {
	return finding.Key{ProductArn: r.URL.Query().Get("product"), ID: r.PathValue("id")}
}

// FindingUpdate is what a person changes about a finding; empty fields leave it as it is.
type FindingUpdate struct {
	Workflow     finding.WorkflowStatus `json:"workflow,omitempty"`
	Severity     finding.Label          `json:"severity,omitempty"`
	Verification string                 `json:"verification,omitempty"` // one of VerificationStates
	Note         string                 `json:"note,omitempty"`
	By           string                 `json:"by,omitempty"` // who wrote the note, where local says so; "" for the caller's name
}

func (s *Server) updateFinding(r *http.Request) (any, error) {
	var u FindingUpdate
	if err := readJSON(r, &u); err != nil {
		return nil, err
	}
	if u.Workflow == "" && u.Severity == "" && u.Verification == "" && u.Note == "" {
		return nil, fault.New(fault.Invalid, "nothing is to be changed").WithHint("give a workflow status, a severity, a verification state or a note")
	}
	caller := CallerOf(r)
	if u.By != "" && u.By != caller.Name && caller.Name != Local {
		return nil, fault.New(fault.Denied, "key %s can't write a note as %s", caller.Name, u.By).WithHint("leave by out: the note has the key's name")
	}
	err := errors.Join(oneOf("severity", optional(u.Severity), Severities()), oneOf("workflow status", optional(u.Workflow), WorkflowStatuses()),
		oneOf("verification state", optional(u.Verification), VerificationStates()))
	if err != nil {
		return nil, err
	}
	return s.Findings.Update(r.Context(), findingKey(r), finding.Update{
		Workflow: u.Workflow, Severity: u.Severity, VerificationState: u.Verification, Note: u.Note, By: cmp.Or(u.By, caller.Name)})
}

// sinceAndLimit reads the two filters that every list has.
func sinceAndLimit(q url.Values) (since time.Time, limit int, err error) {
	if since, err = moment(q, "since"); err != nil {
		return since, 0, err
	}
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return since, 0, fault.New(fault.Invalid, "limit is not a positive number: %q", text)
		}
	}
	return since, limit, nil
}

// moment reads a time; the zero time where there is none.
func moment(q url.Values, name string) (time.Time, error) {
	text := q.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fault.New(fault.Invalid, "%s is not a time: %q", name, text).WithHint("write RFC 3339, such as 2026-03-01T00:00:00Z")
	}
	return at, nil
}
