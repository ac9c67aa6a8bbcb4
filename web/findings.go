package web

import (
	"context"
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
}

// listFindings takes type, severity, account, resource, workflow, rule, text, since (RFC 3339), limit and after.
func (s *Server) listFindings(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := finding.Filter{
		Type: q.Get("type"), Account: q.Get("account"), Resource: q.Get("resource"), Rule: q.Get("rule"),
		Text: q.Get("text"), After: q.Get("after"),
	}
	for _, label := range q["severity"] {
		f.Severity = append(f.Severity, finding.Label(label))
	}
	for _, status := range q["workflow"] {
		f.Workflow = append(f.Workflow, finding.WorkflowStatus(status))
	}
	var err error
	if f.Since, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	page, err := s.Findings.List(r.Context(), f)
	page.Records = some(page.Records)
	return page, err
}

func (s *Server) getFinding(r *http.Request) (any, error) {
	return s.Findings.Get(r.Context(), finding.Key{ID: r.PathValue("id")})
}

// sinceAndLimit reads the two filters that every list has.
func sinceAndLimit(q url.Values) (since time.Time, limit int, err error) {
	if text := q.Get("since"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return since, 0, fault.New(fault.Invalid, "since is not a time: %q", text).WithHint("write RFC 3339, such as 2026-03-01T00:00:00Z")
		}
	}
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return since, 0, fault.New(fault.Invalid, "limit is not a positive number: %q", text)
		}
	}
	return since, limit, nil
}
