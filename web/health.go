package web

import (
	"net/http"
)

// Readiness says whether riposte can do its work, part by part.
type Readiness struct {
	Ready  bool              `json:"ready"`
	Rules  string            `json:"rules"` // hash of the rules in force
	Parts  map[string]string `json:"parts"` // name → "ok" or what is wrong
	Uptime string            `json:"uptime"`
}

// healthz answers while the process can answer at all.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz answers 200 when events are accepted and acted on, 503 with the reason otherwise.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ready := s.Ready(r.Context())
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, ready)
}
