package web

import (
	"context"
	"io"
	"net/http"

	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Explanation is what the guard would say about an event that a rule matches.
type Explanation struct {
	Rule     string          `json:"rule"`
	Title    string          `json:"title"`
	Playbook string          `json:"playbook"`
	Outcome  string          `json:"outcome"`           // respond, notify-only, ignore, misuse
	Reasons  []string        `json:"reasons,omitempty"` // why no more than that
	Stages   []guard.Step    `json:"stages"`            // what each stage of the guard says of the event
	Plans    []ExplainedPlan `json:"plans,omitempty"`   // of the playbook's actions
	Error    string          `json:"error,omitempty"`   // why there is no plan, or not all of them
}

// ExplainedPlan is what one action would do now, and what the guard would say about that.
type ExplainedPlan struct {
	Action    string       `json:"action"`
	Mode      string       `json:"mode"`                // in which it would be carried out
	Approvers int          `json:"approvers,omitempty"` // how many people would have to agree
	Items     []string     `json:"items"`               // as the guard would let it
	Reasons   []string     `json:"reasons,omitempty"`   // what it holds back
	Stages    []guard.Step `json:"stages"`
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
