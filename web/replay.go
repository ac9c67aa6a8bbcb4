package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"riposte.dev/fault"
)

// ReplayRequest asks what rules make of retained events.
type ReplayRequest struct {
	Since time.Time `json:"since"`           // when riposte received them, at the earliest
	Rules []string  `json:"rules,omitempty"` // ids; empty: every rule
	// Files are rules to try instead of those in force.
	Files []ReplayFile `json:"files,omitempty"`
	Plans int          `json:"plans"` // look at the account for at most so many responses, newest first
}

// ReplayFile is a file of rules.
type ReplayFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// ReplayLine is a line of a replay's answer.
type ReplayLine struct {
	Kind      string    `json:"kind"` // match, escalation, plan, failed, done
	Time      time.Time `json:"time,omitzero"`
	EventID   string    `json:"event_id,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	Severity  string    `json:"severity,omitempty"`
	Title     string    `json:"title,omitempty"`
	Account   string    `json:"account,omitempty"`
	Region    string    `json:"region,omitempty"`
	Principal string    `json:"principal,omitempty"` // ARN of the user, or of the role behind a session
	SourceIP  string    `json:"source_ip,omitempty"`
	Resource  string    `json:"resource,omitempty"`
	Playbook  string    `json:"playbook,omitempty"` // that the rule would start
	Mode      string    `json:"mode,omitempty"`     // in which it would; of kind plan
	// Items are what the playbook would do now: "cloudtrail:StartLogging on audit: change", as the guard would let it. Of kind plan.
	Items   []string `json:"items,omitempty"`
	Reasons []string `json:"reasons,omitempty"` // what the guard said of the plan; or why the match or escalation starts nothing
	Error   string   `json:"error,omitempty"`   // of kinds plan and failed
	Events  int      `json:"events,omitempty"`  // that were looked through; of kind done
}

// Replay gives retained events to rules, in dry run, and tells line by line. It changes nothing and tells nobody else.
type Replay func(ctx context.Context, r ReplayRequest, tell func(ReplayLine) error) error

func (s *Server) replay(w http.ResponseWriter, r *http.Request) {
	var request ReplayRequest
	if err := readJSON(r, &request); err != nil {
		writeFault(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	begun := false
	err := s.Replay(r.Context(), request, func(l ReplayLine) error {
		begun = true
		_ = control.SetWriteDeadline(s.Now().Add(time.Minute)) // a replay may last; one line may not
		if err := enc.Encode(l); err != nil {
			return err
		}
		return control.Flush()
	})
	switch {
	case err == nil:
	case begun:
		_ = enc.Encode(ReplayLine{Kind: "failed", Error: fault.Message(err)}) // the reader may be gone, and the reason for it
	default:
		writeFault(w, err)
	}
}
