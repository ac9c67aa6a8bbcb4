package web

import (
	"context"
	"io"
	"net/http"

	"riposte.dev/fault"
)

// Explanation is what the guard would say about an event that a rule matches.
type Explanation struct {
	Rule     string   `json:"rule"`
	Title    string   `json:"title"`
	Playbook string   `json:"playbook"`
	Outcome  string   `json:"outcome"`           // respond, notify-only, ignore, misuse
	Reasons  []string `json:"reasons,omitempty"` // why no more than that
	Mode     string   `json:"mode,omitempty"`    // in which the plan would be carried out
	Items    []string `json:"items,omitempty"`   // what the playbook would do now, as the guard would let it
	Plan     []string `json:"plan,omitempty"`    // what the guard says about the plan
	Error    string   `json:"error,omitempty"`   // why there is no plan
}

// Explain asks what would be decided about an event now: an envelope or a CloudTrail record. It changes nothing. fault.NotFound
// where no rule matches.
type Explain func(ctx context.Context, event []byte) ([]Explanation, error)

func (s *Server) explain(r *http.Request) (any, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxJSONBody+1))
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the event: %w", err)
	}
	if len(raw) > maxJSONBody {
		return nil, fault.New(fault.TooLarge, "the event has more than %d bytes", maxJSONBody)
	}
	list, err := s.Explain(r.Context(), raw)
	return some(list), err
}
