// Package tickettest has stand-ins for Jira Cloud and ServiceNow: servers over HTTP that answer what riposte asks of the two REST
// APIs as they do, mistakes included. Only tests import it.
//
// Start at [NewJira] and [NewServiceNow].
package tickettest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// The credentials that the servers take.
const (
	User  = "riposte@example.com"
	Token = "tok-Zm9vYmFyYmF6cXV4"
)

// TokenFile writes the token into a file.
func TokenFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Ticket is an issue or a record as it stands.
type Ticket struct {
	Key, Title, Text, State string
	Labels                  []string
	Fields                  map[string]string // ServiceNow: all of them
	Comments                []string
}

func (t Ticket) clone() Ticket {
	t.Labels, t.Comments = slices.Clone(t.Labels), slices.Clone(t.Comments)
	fields := map[string]string{}
	for name, value := range t.Fields {
		fields[name] = value
	}
	t.Fields = fields
	return t
}

// server is what the two have in common.
type server struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	tickets  []Ticket
	old      []Ticket // what reads see for a while after a write
	stale    int      // how many reads see it
	lag      int      // how many will after the next write
	writes   int
	throttle int  // seconds; 0: not
	drop     bool // the next write's answer
	lost     bool // this answer
}

func (s *server) serve(t *testing.T, handler http.Handler) {
	s.t = t
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.throttle > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(s.throttle))
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
}

// Tickets are all that there are.
func (s *server) Tickets() []Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clone(s.tickets)
}

func clone(tickets []Ticket) []Ticket {
	var list []Ticket
	for _, t := range tickets {
		list = append(list, t.clone())
	}
	return list
}

// Writes counts the calls so far that changed something.
func (s *server) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Stale makes the reads after the next write see the state before it, that many times.
func (s *server) Stale(reads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = reads
}

// Throttle refuses every call and asks to wait so many seconds; 0 ends it.
func (s *server) Throttle(seconds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = seconds
}

// Drop carries the next write out and loses its answer.
func (s *server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = true
}

// Move is somebody else's hand.
func (s *server) Move(key, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.ticket(key); t != nil {
		t.State = state
		return
	}
	s.t.Errorf("there is no ticket %s to move", key)
}

func (s *server) ticket(key string) *Ticket {
	for i := range s.tickets {
		if s.tickets[i].Key == key {
			return &s.tickets[i]
		}
	}
	return nil
}

// seen are the tickets as a read sees them.
func (s *server) seen() []Ticket {
	if s.stale > 0 {
		s.stale--
		return s.old
	}
	return s.tickets
}

// write begins a change.
func (s *server) write() {
	s.writes++
	s.lost, s.drop = s.drop, false
	if s.lag > 0 {
		s.old, s.stale, s.lag = clone(s.tickets), s.lag, 0
	}
}

func (s *server) answer(w http.ResponseWriter, status int, body any) {
	if s.lost {
		s.lost = false
		panic(http.ErrAbortHandler)
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

func authenticated(r *http.Request) bool {
	user, token, ok := r.BasicAuth()
	return ok && user == User && token == Token || r.Header.Get("Authorization") == "Bearer "+Token
}
