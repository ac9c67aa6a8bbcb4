package web

import (
	"context"
	"net/http"
	"time"

	"riposte.dev/fault"
)

// NewKey asks for a key.
type NewKey struct {
	Account      string `json:"account"`
	Roles        []Role `json:"roles"`
	SpeaksForAWS bool   `json:"speaks_for_aws"`
}

// KeyInfo is a key without its secret.
type KeyInfo struct {
	ID           string    `json:"id"`
	Account      string    `json:"account"`
	Roles        []Role    `json:"roles"`
	SpeaksForAWS bool      `json:"speaks_for_aws"`
	Created      time.Time `json:"created"`
	LastUsed     time.Time `json:"last_used,omitzero"`
}

// CreatedKey is a new key with its secret, which is shown this once.
type CreatedKey struct {
	KeyInfo
	Secret string `json:"secret"`
}

// KeyStore makes, lists and revokes keys.
type KeyStore interface {
	CreateKey(ctx context.Context, k NewKey, by string) (CreatedKey, error)
	ListKeys(ctx context.Context) ([]KeyInfo, error)
	RevokeKey(ctx context.Context, id, by string) error
}

func (s *Server) createKey(r *http.Request) (any, error) {
	var k NewKey
	if err := readJSON(r, &k); err != nil {
		return nil, err
	}
	if err := k.check(); err != nil {
		return nil, err
	}
	return s.KeyStore.CreateKey(r.Context(), k, CallerOf(r).Name)
}

// check refuses an account that is not one and a role that does not exist.
func (k NewKey) check() error {
	if len(k.Account) != 12 || !digits(k.Account) {
		return fault.New(fault.Invalid, "%q is not an AWS account", k.Account).WithHint("--account takes the 12 digits of the account")
	}
	known := map[Role]bool{}
	for _, role := range Roles() {
		known[role] = true
	}
	for _, role := range k.Roles {
		if !known[role] {
			return fault.New(fault.Invalid, "there is no role %q", role).WithHint("use ingest, read, respond, approve or admin")
		}
	}
	if len(k.Roles) == 0 {
		return fault.New(fault.Invalid, "the key has no role").WithHint("pass --role ingest")
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (s *Server) listKeys(r *http.Request) (any, error) {
	list, err := s.KeyStore.ListKeys(r.Context())
	return some(list), err
}

func (s *Server) revokeKey(r *http.Request) (any, error) {
	return struct{}{}, s.KeyStore.RevokeKey(r.Context(), r.PathValue("id"), CallerOf(r).Name)
}

// some turns a nil list into an empty one, so that JSON says [] and not null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
