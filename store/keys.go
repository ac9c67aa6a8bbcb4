package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// Keys keeps the access keys of riposte's own HTTP surface, their secrets encrypted.
type Keys struct {
	store  *Store
	now    func() time.Time
	random io.Reader
	sealer *sealer
}

// Key is an access key. Its roles are the HTTP surface's: ingest, read, respond, approve, admin.
type Key struct {
	ID           string // RIPO and 16 letters and digits, the shape of AWS's AKIA… ids
	Secret       string // 40 characters; "" in lists
	Name         string // whose it is: of the keys that were not revoked, one has it
	Account      string // the AWS account in whose name its events come
	Roles        []string
	SpeaksForAWS bool // may send events whose source begins with "aws."
	Description  string
	Created      time.Time
	CreatedBy    string
	LastUsed     time.Time // to the minute; zero: never
	Revoked      time.Time // zero: never
	RevokedBy    string
}

// lastUsedStep is how old LastUsed may get before it is written again.
const lastUsedStep = time.Minute

// Create makes a key with the name, account, roles, right to speak for AWS and description of k, and returns it with its id and
// secret. One without a name is called by its id; a name that another key has is fault.Conflict. The secret can be read again by
// Get only, never from a list.
func (s *Keys) Create(ctx context.Context, k Key, by string) (Key, error) {
	if len(k.Roles) == 0 || slices.ContainsFunc(k.Roles, func(r string) bool { return r == "" || strings.ContainsRune(r, ',') }) {
		return Key{}, fault.New(fault.Invalid, "a key needs roles, and %q is not a list of them", k.Roles).WithHint("name at least one, such as ingest")
	}
	id, err := randomID(s.random, 16)
	if err != nil {
		return Key{}, err
	}
	secret := make([]byte, 30)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return Key{}, fmt.Errorf("make a secret: %w", err)
	}
	k.ID, k.Secret = "RIPO"+strings.ToUpper(id), base64.RawURLEncoding.EncodeToString(secret)
	k.Name = cmp.Or(k.Name, k.ID)
	k.Created, k.CreatedBy = s.now().UTC().Truncate(time.Microsecond), by
	k.LastUsed, k.Revoked, k.RevokedBy = time.Time{}, time.Time{}, ""
	sealed, err := s.sealer.seal([]byte(k.Secret), k.ID)
	if err != nil {
		return Key{}, err
	}
	err = s.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var other string
		err := tx.QueryRowContext(ctx, "SELECT id FROM access_keys WHERE name = ? AND revoked_at IS NULL", k.Name).Scan(&other)
		switch {
		case err == nil:
			return fault.New(fault.Conflict, "key %s is called %s already", other, k.Name).WithHint("revoke it first, or give another name: a name is one person's")
		case !errors.Is(err, sql.ErrNoRows):
			return classify(err, "look for a key's name")
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO access_keys (id, secret, name, account, roles, speaks_for_aws, description, created_at, created_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, k.ID, sealed, k.Name, k.Account, strings.Join(k.Roles, ","), k.SpeaksForAWS, k.Description, micros(k.Created), by)
		if err != nil {
			return classify(err, "store a key")
		}
		_, err = appendAudit(ctx, tx, keyCreated(k))
		return err
	})
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// Get returns a key with its secret. fault.NotFound where there is none or it was revoked.
func (s *Keys) Get(ctx context.Context, id string) (Key, error) {
	list, err := s.keys(ctx, "WHERE id = ? AND revoked_at IS NULL", id)
	if err != nil {
		return Key{}, err
	}
	if len(list) == 0 {
		return Key{}, noKey(id)
	}
	k := list[0].Key
	secret, err := s.sealer.open(list[0].sealed, k.ID)
	k.Secret = string(secret)
	return k, err
}

func noKey(id string) error {
	return fault.New(fault.NotFound, "there is no key %q", id).WithHint("list them with riposte keys list")
}

// List returns every key, without secrets, the latest first; also those that were revoked.
func (s *Keys) List(ctx context.Context) ([]Key, error) {
	stored, err := s.keys(ctx, "ORDER BY created_at DESC, id")
	list := make([]Key, len(stored))
	for i := range stored {
		list[i] = stored[i].Key
	}
	return list, err
}

// Revoke ends a key, given by its id or its name, at once. fault.NotFound where there is none or it was revoked before.
func (s *Keys) Revoke(ctx context.Context, key, by string) error {
	return s.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var id, name string
		err := tx.QueryRowContext(ctx, "SELECT id, name FROM access_keys WHERE (id = ?1 OR name = ?1) AND revoked_at IS NULL", key).Scan(&id, &name)
		if errors.Is(err, sql.ErrNoRows) {
			return noKey(key)
		}
		if err == nil {
			// The secret is of no use any more, so it goes.
			_, err = tx.ExecContext(ctx, "UPDATE access_keys SET revoked_at = ?, revoked_by = ?, secret = x'' WHERE id = ?", micros(s.now()), by, id)
		}
		if err != nil {
			return classify(err, "revoke a key")
		}
		_, err = appendAudit(ctx, tx, keyRevoked(id, name, by, s.now()))
		return err
	})
}

// Used keeps that the key was used now, to the minute. k is what Get returned.
func (s *Keys) Used(ctx context.Context, k Key) error {
	now := s.now()
	if now.Sub(k.LastUsed) < lastUsedStep {
		return nil
	}
	return s.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE access_keys SET last_used_at = ? WHERE id = ?", micros(now), k.ID)
		return classify(err, "keep when a key was used")
	})
}

// storedKey is a key whose secret is still encrypted.
type storedKey struct {
	Key
	sealed []byte
}

func (s *Keys) keys(ctx context.Context, rest string, args ...any) ([]storedKey, error) {
	query := `SELECT id, secret, name, account, roles, speaks_for_aws, description, created_at, created_by,
		coalesce(last_used_at, 0), coalesce(revoked_at, 0), revoked_by FROM access_keys ` + rest
	list, err := collect(ctx, s.store.read, query, args, func(row *sql.Rows) (k storedKey, err error) {
		var created, used, revoked int64
		var roles string
		err = row.Scan(&k.ID, &k.sealed, &k.Name, &k.Account, &roles, &k.SpeaksForAWS, &k.Description, &created, &k.CreatedBy, &used, &revoked, &k.RevokedBy)
		k.Roles = strings.Split(roles, ",")
		k.Created, k.LastUsed, k.Revoked = fromMicros(created), fromMicros(used), fromMicros(revoked)
		return
	})
	return list, classify(err, "read keys")
}

// randomID returns n lower-case letters and digits, 5 bits each.
func randomID(random io.Reader, n int) (string, error) {
	raw := make([]byte, n*5/8+1)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)[:n]), nil
}
