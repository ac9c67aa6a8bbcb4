package web

import "net/http"

// Rule is a rule in force.
type Rule struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
	Playbook string `json:"playbook,omitempty"` // that it starts
	Mode     string `json:"mode,omitempty"`     // in which the rule wants to respond
}

func (s *Server) listRules(*http.Request) (any, error) { return some(s.Rules()), nil }
