package web

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"crypto/subtle"

	"riposte.dev/fault"
)

// Role is what a key may do over HTTP.
type Role string

const (
	Ingest  Role = "ingest"  // send events
	Read    Role = "read"    // see events, findings, executions
	Respond Role = "respond" // undo, exceptions, pause
	Approve Role = "approve" // approve plans
	Admin   Role = "admin"   // everything
)

// Roles lists every role, for help texts and checks.
func Roles() []Role { return []Role{Ingest, Read, Respond, Approve, Admin} }

// Key is an access key of riposte's own, as `riposte keys create` makes it.
type Key struct {
	ID           string
	Secret       string
	Name         string // whose it is
	Account      string // the AWS account in whose name its events come
	Roles        []Role
	SpeaksForAWS bool // may send events whose source begins with "aws."
}

// Keys finds a key by id; fault.NotFound where there is none or it was revoked.
type Keys interface {
	Key(ctx context.Context, id string) (Key, error)
}

// Caller is who sent a request.
type Caller struct {
	Name         string // of the key, or Local for the owner of the data folder
	Key          string // its id; "" for Local
	Account      string
	Region       string // from the signature's scope; "" without one
	Roles        []Role
	SpeaksForAWS bool
}

// May reports whether the caller has the role or is an admin.
func (c Caller) May(role Role) bool {
	return slices.Contains(c.Roles, role) || slices.Contains(c.Roles, Admin)
}

type callerKey struct{}

// Local is the name of the owner of the data folder.
const Local = "local"

// CallerOf returns who sent the request; the zero Caller, who may do nothing, outside an authenticated route.
func CallerOf(r *http.Request) Caller {
	c, _ := r.Context().Value(callerKey{}).(Caller)
	return c
}

// authenticate finds the caller by SigV4, by Basic "id:secret" (what an EventBridge connection can send), by "Bearer
// id:secret", by X-Api-Key "id:secret", by the same as Firehose's access key, or by the local token.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (Caller, error) {
	header := r.Header.Get("Authorization")
	if strings.HasPrefix(header, sigV4) {
		return s.bySignature(w, r)
	}
	presented := cmp.Or(r.Header.Get("X-Api-Key"), r.Header.Get("X-Amz-Firehose-Access-Key"))
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		presented = token
	} else if basic, ok := strings.CutPrefix(header, "Basic "); ok {
		decoded, err := base64.StdEncoding.DecodeString(basic)
		if err != nil {
			return Caller{}, fault.New(fault.Unauthenticated, "the Basic credentials are not base64")
		}
		presented = string(decoded)
	}
	if presented == "" {
		return Caller{}, fault.New(fault.Unauthenticated, "the request is not signed and has no key").
			WithHint("create a key with `riposte keys create`, sign with SigV4 or send the header X-Api-Key: ID:SECRET")
	}
	if s.LocalToken != "" && subtle.ConstantTimeCompare([]byte(presented), []byte(s.LocalToken)) == 1 {
		return Caller{Name: Local, Roles: []Role{Admin}, SpeaksForAWS: true}, nil
	}
	id, secret, _ := strings.Cut(presented, ":")
	key, err := s.key(r.Context(), id)
	if err != nil {
		return Caller{}, err
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(key.Secret)) != 1 {
		return Caller{}, fault.New(fault.Unauthenticated, "the secret of key %s is wrong", strconv.Quote(id))
	}
	return callerFor(key, ""), nil
}

func (s *Server) bySignature(w http.ResponseWriter, r *http.Request) (Caller, error) {
	sig, err := parseSignature(r)
	if err != nil {
		return Caller{}, err
	}
	key, err := s.key(r.Context(), sig.keyID)
	if err != nil {
		return Caller{}, err
	}
	if err := sig.verify(w, r, key.Secret, maxSignedBody, s.Now()); err != nil {
		return Caller{}, err
	}
	return callerFor(key, sig.region), nil
}

func (s *Server) key(ctx context.Context, id string) (Key, error) {
	key, err := s.Keys.Key(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return Key{}, fault.New(fault.Unauthenticated, "there is no key %s", strconv.Quote(id)).
			WithHint("list the keys with `riposte keys list`")
	}
	return key, err
}

func callerFor(k Key, region string) Caller {
	return Caller{Name: cmp.Or(k.Name, k.ID), Key: k.ID, Account: k.Account, Region: region, Roles: k.Roles, SpeaksForAWS: k.SpeaksForAWS}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
