package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// adminPrefix begins the paths of administration. No AWS path begins so:
// bucket names have no underscore.
const adminPrefix = "/_sandbox/"

// adminRoutes are the pages that no service owns.
func (s *Sandbox) adminRoutes() {
	s.admin.HandleFunc("GET "+adminPrefix+"health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"services": s.catalog.Services()})
	})
	s.admin.HandleFunc("GET "+adminPrefix+"calls", s.adminCalls)
	s.admin.HandleFunc("GET "+adminPrefix+"events", s.adminEvents)
	s.admin.HandleFunc("GET "+adminPrefix+"faults", s.adminFaults)
	s.admin.HandleFunc("POST "+adminPrefix+"faults", s.adminAddFault)
	s.admin.HandleFunc("DELETE "+adminPrefix+"faults/{id}", s.adminRemoveFault)
	s.admin.HandleFunc("POST "+adminPrefix+"compliance", s.adminCompliance)
}

// serveAdmin lets loopback clients in that were not sent by a web page.
func (s *Sandbox) serveAdmin(w http.ResponseWriter, r *http.Request) {
	if err := fromLoopback(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.admin.ServeHTTP(w, r)
}

func fromLoopback(r *http.Request) error {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return errors.New("the sandbox is administered from its own machine only")
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	// A page of another site could reach us by a name that it made point here.
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("the host %q is not this machine: use 127.0.0.1 or localhost", host)
	}
	if r.Method != http.MethodGet && r.Header.Get("Origin") != "" {
		return errors.New("requests of web pages are not taken")
	}
	return nil
}

func (s *Sandbox) adminCalls(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	calls := s.Calls(Match{
		Service: q.Get("service"), Operation: q.Get("operation"), Account: q.Get("account"),
		Region: q.Get("region"), Resource: q.Get("resource"), Principal: q.Get("principal"),
	})
	writeJSON(w, http.StatusOK, map[string]any{"calls": calls})
}

func (s *Sandbox) adminEvents(w http.ResponseWriter, r *http.Request) {
	account := r.URL.Query().Get("account")
	out := []json.RawMessage{}
	s.mu.Lock()
	for id, log := range s.events {
		if account != "" && id != account {
			continue
		}
		for _, e := range log.entries {
			out = append(out, e.record)
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"Records": out})
}

// faultJSON is a fault as administration takes it. Times are Go durations.
type faultJSON struct {
	ID int `json:"id,omitempty"`
	Match
	Times int         `json:"times,omitempty"`
	After bool        `json:"after,omitempty"`
	Delay string      `json:"delay,omitempty"`
	Drop  bool        `json:"drop,omitempty"`
	Error *FaultError `json:"error,omitempty"`
}

func (s *Sandbox) adminFaults(w http.ResponseWriter, _ *http.Request) {
	out := []faultJSON{}
	s.mu.Lock()
	for _, f := range s.faults.faults {
		j := faultJSON{ID: f.id, Match: f.Match, Times: max(f.left, 0), After: f.After, Drop: f.Drop, Error: f.Error}
		if f.Delay > 0 {
			j.Delay = f.Delay.String()
		}
		out = append(out, j)
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"faults": out})
}

func (s *Sandbox) adminAddFault(w http.ResponseWriter, r *http.Request) {
	var j faultJSON
	if err := readJSON(r, &j); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f := Fault{Match: j.Match, Times: j.Times, After: j.After, Drop: j.Drop, Error: j.Error}
	if j.Delay != "" {
		d, err := time.ParseDuration(j.Delay)
		if err != nil || d < 0 {
			http.Error(w, fmt.Sprintf("delay %q: write a duration like 250ms or 2s", j.Delay), http.StatusBadRequest)
			return
		}
		f.Delay = d
	}
	if !f.Drop && f.Error == nil && f.Delay == 0 {
		http.Error(w, "the fault does nothing: give delay, drop or error", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	j.ID = s.addFault(f)
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, j)
}

func (s *Sandbox) adminRemoveFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	s.mu.Lock()
	found := err == nil && s.removeFault(id)
	s.mu.Unlock()
	if !found {
		http.Error(w, fmt.Sprintf("no fault %q: GET %sfaults lists them", r.PathValue("id"), adminPrefix), http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readJSON(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("the body is not the JSON that is wanted: %w", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	// A failed write means that the client is gone.
	_ = enc.Encode(v)
}
