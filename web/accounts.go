package web

import (
	"net/http"
	"time"
)

// Account is an AWS account that riposte looks after, and whether it can be reached.
type Account struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Role    string    `json:"role,omitempty"` // that is assumed there; "" for riposte's own account
	Status  string    `json:"status"`         // ok, failing, unknown
	Problem string    `json:"problem,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Checked time.Time `json:"checked,omitzero"`
}

func (s *Server) listAccounts(*http.Request) (any, error) { return some(s.Accounts()), nil }
