package web

import (
	"net"
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

// readyz answers 200 when events are accepted and acted on, 503 otherwise. The reasons name accounts and queues, and tell when
// riposte is blind or stopped: they are for callers on this machine and those who may read.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ready := s.Ready(r.Context())
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	if !local(r) {
		if caller, err := s.authenticate(w, r); err != nil || !caller.May(Read) {
			writeJSON(w, status, map[string]bool{"ready": ready.Ready})
			return
		}
	}
	writeJSON(w, status, ready)
}

// metrics answers callers on this machine and those who may read.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if local(r) {
		s.Metrics.ServeHTTP(w, r)
		return
	}
	s.require(Read, s.Metrics.ServeHTTP).ServeHTTP(w, r)
}

// local reports whether a request comes from this machine.
func local(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
