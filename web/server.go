package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// Bounds on a request.
const (
	maxSignedBody = 4 << 20
	maxJSONBody   = 1 << 20
)

// Server is the HTTP surface. All fields are set before [Server.Handler] is called; optional ones say so.
type Server struct {
	Keys       Keys
	LocalToken string   // the bearer of this token owns the data folder and may do everything; "" for none
	Hosts      []string // host names that requests may name beside loopback ones
	Log        *slog.Logger
	Now        func() time.Time
	Metrics    http.Handler
	Ready      func(context.Context) Readiness

	PutEvents http.HandlerFunc // EventBridge's JSON protocol
	PostEvent http.HandlerFunc // one bare event
	// StepFunctions is Step Functions' JSON protocol, and StepFunctionsRole what the operation of an X-Amz-Target takes.
	StepFunctions     http.HandlerFunc
	StepFunctionsRole func(target string) Role
	Firehose          http.HandlerFunc // what Amazon Data Firehose delivers
	// RefuseFirehose answers Firehose's requests that don't get so far, in its own form; nil: as all others.
	RefuseFirehose func(http.ResponseWriter, *http.Request, error)

	Findings   Findings
	Executions Executions
	Exceptions Exceptions
	Pauses     Pauses
	Approvals  Approvals
	Audit      Audit
	Evidence   Evidence
	Accounts   func() []Account
	KeyStore   KeyStore
	Dead       DeadLetters
	Watch      Watch
	Told       Told
	Rules      func() []Rule
	Replay     Replay
	Explain    Explain
}

// route is a method and path, and who may ask for it.
type route struct {
	pattern string
	role    Role // "" for everybody
	handle  http.HandlerFunc
}

// routes is the whole surface.
func (s *Server) routes() []route {
	return []route{
		{"GET /healthz", "", s.healthz},
		{"GET /readyz", "", s.readyz},
		{"GET /metrics", "", s.metrics},
		{awsAPI, Ingest, s.PutEvents},
		{"POST /events", Ingest, s.PostEvent},
		{"POST " + firehosePath, Ingest, s.Firehose},
		{"GET /api/v1/accounts", Read, answer(s.listAccounts)},
		{"GET /api/v1/rules", Read, answer(s.listRules)},
		{"GET /api/v1/watch", Read, s.watch},
		{"POST /api/v1/replay", Read, s.replay},
		{"POST /api/v1/guard/explain", Read, answer(s.explain)},
		{"GET /api/v1/findings", Read, answer(s.listFindings)},
		{"GET /api/v1/findings/{id...}", Read, answer(s.getFinding)},
		{"PATCH /api/v1/findings/{id...}", Respond, answer(s.updateFinding)},
		{"GET /api/v1/executions", Read, answer(s.listExecutions)},
		{"GET /api/v1/executions/{id}", Read, answer(s.getExecution)},
		{"GET /api/v1/executions/{id}/evidence", Read, s.getEvidence},
		{"POST /api/v1/executions/{id}/undo", Respond, answer(s.undoExecution)},
		{"POST /api/v1/signals", Respond, answer(s.signal)},
		{"GET /api/v1/executions/{id}/history", Read, answer(s.executionHistory)},
		{"POST /api/v1/executions/{id}/stop", Respond, answer(s.stopExecution)},
		{"POST /api/v1/executions/{id}/redrive", Respond, answer(s.redriveExecution)},
		{"GET /api/v1/exceptions", Read, answer(s.listExceptions)},
		{"POST /api/v1/exceptions", Respond, answer(s.addException)},
		{"GET /api/v1/exceptions/{id}", Read, answer(s.getException)},
		{"DELETE /api/v1/exceptions/{id}", Respond, answer(s.removeException)},
		{"GET /api/v1/approvals", Read, answer(s.listApprovals)},
		{"GET /api/v1/approvals/{id}", Read, answer(s.getApproval)},
		{"POST /api/v1/approvals/{id}", Approve, answer(s.answerApproval)},
		{"GET /api/v1/pauses", Read, answer(s.listPauses)},
		{"POST /api/v1/pauses", Respond, answer(s.addPause)},
		{"DELETE /api/v1/pauses/{id}", Respond, answer(s.endPause)},
		{"GET /api/v1/audit", Read, answer(s.listAudit)},
		{"GET /api/v1/audit/export", Read, s.exportAudit},
		{"GET /api/v1/keys", Admin, answer(s.listKeys)},
		{"POST /api/v1/keys", Admin, answer(s.createKey)},
		{"DELETE /api/v1/keys/{id}", Admin, answer(s.revokeKey)},
		{"GET /api/v1/dead-letters", Read, answer(s.listDeadLetters)},
	}
}

// Handler serves the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		switch {
		case r.role == "":
			mux.Handle(r.pattern, r.handle)
		case r.pattern == awsAPI:
			mux.Handle(r.pattern, s.aws(r))
		default:
			mux.Handle(r.pattern, s.require(r.role, r.handle))
		}
	}
	return s.sameSite(mux)
}

// awsAPI is where AWS's JSON protocols arrive: that of EventBridge, and that of Step Functions.
const awsAPI = "POST /{$}"

// aws tells the protocols apart: they differ in who may use them.
func (s *Server) aws(events route) http.HandlerFunc {
	intake := s.require(events.role, events.handle)
	return func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		if s.StepFunctions == nil || !strings.HasPrefix(target, "AWSStepFunctions.") {
			intake.ServeHTTP(w, r)
			return
		}
		s.require(s.StepFunctionsRole(target), s.StepFunctions).ServeHTTP(w, r)
	}
}

const firehosePath = "/firehose"

// refuse answers a request that is not let through.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.URL.Path == firehosePath && s.RefuseFirehose != nil {
		s.RefuseFirehose(w, r, err)
		return
	}
	writeFault(w, err)
}

// require lets only callers with the role through.
func (s *Server) require(role Role, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.authenticate(w, r)
		if err == nil && !caller.May(role) {
			err = fault.New(fault.Denied, "key %s has not the role %s", caller.Name, role).
				WithHint("create a key with `riposte keys create --role %s`", role)
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// sameSite refuses requests that name a host that is not ours (DNS rebinding) or come from a foreign page.
func (s *Server) sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ownHost(r.Host) {
			s.refuse(w, r, fault.New(fault.Denied, "the request is for host %q, which is not served here", r.Host).
				WithHint("add it to server.hosts in the configuration"))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
				s.refuse(w, r, fault.New(fault.Denied, "the request comes from a page of %q", origin))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) ownHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	return host == "localhost" || slices.Contains(s.Hosts, host)
}

// statuses maps fault codes to HTTP in this one place.
var statuses = map[fault.Code]int{
	fault.Invalid:         http.StatusBadRequest,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Unauthenticated: http.StatusForbidden,
	fault.Denied:          http.StatusForbidden,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusGatewayTimeout,
}

// awsTypes are the names by which AWS clients know a refusal.
var awsTypes = map[fault.Code]string{
	fault.Unauthenticated: "UnrecognizedClientException",
	fault.Denied:          "AccessDeniedException",
	fault.TooLarge:        "RequestEntityTooLargeException",
}

// Problem is the body of every refusal.
type Problem struct {
	Type    string     `json:"__type,omitempty"` // for AWS clients: the SDKs read the header, the aws CLI reads this
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

// writeFault answers err, for AWS clients too.
func writeFault(w http.ResponseWriter, err error) {
	code := fault.CodeOf(err)
	status, known := statuses[code]
	p := Problem{Type: awsTypes[code], Code: code, Message: fault.Message(err), Hint: fault.Hint(err)}
	if !known {
		status = http.StatusInternalServerError
		p.Message = "internal failure; see the log of riposte"
	}
	if p.Type != "" {
		w.Header().Set("X-Amzn-ErrorType", p.Type)
	}
	writeJSON(w, status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails; there is nobody left to tell
}

// answer turns a function into a handler that answers its value as JSON, or its error.
func answer(fn func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := fn(r)
		if err != nil {
			writeFault(w, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// readJSON decodes a request's body strictly and bounded.
func readJSON(r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxJSONBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return fault.New(fault.TooLarge, "the request has more than %d bytes", maxJSONBody)
		}
		return fault.New(fault.Invalid, "the request is not the JSON that is expected: %w", err)
	}
	return nil
}
