package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// heartbeat is how often a quiet watch gets an empty line, so that a dead connection is noticed.
const heartbeat = 15 * time.Second

// Line is one thing that just happened, for people who watch.
type Line struct {
	Time      time.Time     `json:"time"`
	Since     time.Duration `json:"since,omitempty"` // since the event was received, ns
	Kind      string        `json:"kind"`            // match, step, call, finding, notice, ended, …
	Rule      string        `json:"rule,omitempty"`
	Execution string        `json:"execution,omitempty"`
	Text      string        `json:"text"`
}

// Watch returns the lines since then that are still known, and every line from now on; none of the past for the zero time.
// The channel is closed when ctx or riposte ends. A reader that is too slow misses
// lines rather than hold up a response.
type Watch func(ctx context.Context, since time.Time) <-chan Line

// watch streams lines as NDJSON. It takes since (RFC 3339).
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	since, err := moment(r.URL.Query(), "since")
	if err != nil {
		writeFault(w, err)
		return
	}
	lines := s.Watch(r.Context(), since) // before the answer begins: whoever sees it misses nothing
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
