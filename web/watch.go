package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"riposte.dev/playbook"
)

// heartbeat is how often a quiet watch gets an empty line, so that a dead connection is noticed.
const heartbeat = 15 * time.Second

// Line is one thing that just happened, for people who watch.
type Line struct {
	// ID names the line for [From]; "" for the kind missed.
	ID        string        `json:"id,omitempty"`
	Time      time.Time     `json:"time"`
	Since     time.Duration `json:"since,omitempty"` // since the event was received, ns
	Kind      string        `json:"kind"`            // one of LineKinds
	Severity  string        `json:"severity,omitempty"`
	Account   string        `json:"account,omitempty"`
	Region    string        `json:"region,omitempty"`
	Rule      string        `json:"rule,omitempty"`
	Execution string        `json:"execution,omitempty"`
	Finding   string        `json:"finding,omitempty"` // id of the finding, of kind finding
	Text      string        `json:"text"`
}

// Kinds of lines beside the steps of executions.
const (
	LineFinding  = "finding"  // a finding is new or changed
	LineDelivery = "delivery" // a message was sent, or could not be
	LineMissed   = "missed"   // lines that the watcher asked for are not kept any more, or came faster than it read
)

// LineKinds lists what a watch tells of.
func LineKinds() []string {
	kinds := []string{LineFinding, LineDelivery, LineMissed}
	for _, step := range playbook.Steps() {
		kinds = append(kinds, string(step))
	}
	return kinds
}

// From says where a watch begins; the zero value is now.
type From struct {
	Since time.Time // lines since then that are still known
	After string    // the lines that follow the one with this id; where riposte was started anew since, all that it knows
}

// Watch returns the lines from there on, as far as they are still known, and every line to come. The channel is closed when
// ctx or riposte ends. A reader that is too slow misses lines rather than hold up a response, and is told how many.
type Watch func(ctx context.Context, from From) <-chan Line

// watch streams lines as NDJSON. It takes since (RFC 3339) and after (the id of a line).
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, err := moment(q, "since")
	if err != nil {
		writeFault(w, err)
		return
	}
	lines := s.Watch(r.Context(), From{Since: since, After: q.Get("after")}) // before the answer begins: whoever sees it misses nothing
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a watch may last for days; the heartbeat finds dead ones
	_ = control.Flush()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	enc := json.NewEncoder(w)
	for {
		select {
		case l, open := <-lines:
			if !open || enc.Encode(l) != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-beat.C:
			if _, err := w.Write([]byte("\n")); err != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
	}
}
