package web

import (
	"encoding/json"
	"net/http"

	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// SignalRequest is what somebody tells a task that waits for a callback: one of Output, Error and Heartbeat.
type SignalRequest struct {
	Token     string          `json:"token"`
	Output    json.RawMessage `json:"output,omitempty"`
	Error     string          `json:"error,omitempty"`
	Cause     string          `json:"cause,omitempty"` // beside Error
	Heartbeat bool            `json:"heartbeat,omitempty"`
}

// Signalled says that a signal was taken.
type Signalled struct {
	Status string `json:"status"` // succeeded, failed or alive
}

func (s *Server) signal(r *http.Request) (any, error) {
	var req SignalRequest
	if err := readJSON(r, &req); err != nil {
		return nil, err
	}
	said := Signalled{}
	given := 0
	for _, one := range []struct {
		is     bool
		status string
	}{{req.Output != nil, "succeeded"}, {req.Error != "" || req.Cause != "", "failed"}, {req.Heartbeat, "alive"}} {
		if one.is {
			given++
			said.Status = one.status
		}
	}
	if req.Token == "" || given != 1 {
		return nil, fault.New(fault.Invalid, "a signal has a token, and one of output, error and heartbeat").
			WithHint(`send {"token":"…","output":{…}}, {"token":"…","error":"NAME","cause":"…"} or {"token":"…","heartbeat":true}`)
	}
	err := s.Executions.Signal(r.Context(), playbook.Signal{Token: req.Token, Output: req.Output, Failed: said.Status == "failed", Error: req.Error, Cause: req.Cause,
		Beat: req.Heartbeat, By: CallerOf(r).Name})
	return said, err
}
