package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
)

// NewKey asks for a key.
type NewKey struct {
	Name         string `json:"name,omitempty"` // whose it is; needed for roles that change or approve anything
	Account      string `json:"account"`
	Roles        []Role `json:"roles"`
	SpeaksForAWS bool   `json:"speaks_for_aws"`
}

// KeyInfo is a key without its secret.
type KeyInfo struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
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

// keyNames are names of people and of their programs. Capital letters are left to the ids of keys, so that none can be taken
// for another.
var keyNames = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// check refuses an account that is not one, a role that does not exist, and a name that says nothing of who it is.
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
	answers := slices.ContainsFunc(k.Roles, func(r Role) bool { return r != Ingest && r != Read })
	switch {
	case k.Name == "" && answers:
		return fault.New(fault.Invalid, "a key that may change or approve anything needs a name: it is what is recorded").
			WithHint("pass --name with whose it is, such as --name ana")
	case k.Name == Local || k.Name == audit.Self:
		return fault.New(fault.Invalid, "%s is what riposte calls itself and the owner of its folder", k.Name).WithHint("--name says whose key it is, such as ana")
	case k.Name != "" && !keyNames.MatchString(k.Name):
		return fault.New(fault.Invalid, "%q is no name for a key", k.Name).
			WithHint("write up to 64 small letters, digits and . _ @ + -, such as ana or ana@example.com")
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
