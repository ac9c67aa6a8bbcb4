package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/store"
)

func createKey(t *testing.T, s *store.Store) store.Key {
	t.Helper()
	k, err := s.Keys.Create(t.Context(), store.Key{Account: "111122223333", Roles: []string{"ingest", "read"}, SpeaksForAWS: true, Description: "EventBridge"}, "ana")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		k := createKey(t, s)
		if !regexp.MustCompile(`^RIPO[A-Z2-7]{16}$`).MatchString(k.ID) || len(k.Secret) != 40 || !k.Created.Equal(noon) || k.CreatedBy != "ana" {
			t.Errorf("key %+v", k)
		}
		got, err := s.Keys.Get(t.Context(), k.ID)
		if diff := cmp.Diff(k, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if other := createKey(t, s); other.ID == k.ID || other.Secret == k.Secret {
			t.Error("two keys are one")
		}
		for _, after := range []time.Duration{time.Hour, 30 * time.Second, time.Minute} {
			c.forward(after)
			if err := s.Keys.Used(t.Context(), got); err != nil {
				t.Fatal(err)
			}
			got, _ = s.Keys.Get(t.Context(), k.ID)
		}
		if want := noon.Add(time.Hour + 90*time.Second); !got.LastUsed.Equal(want) {
			t.Errorf("last used %v, want %v", got.LastUsed, want)
		}
		if err := s.Keys.Revoke(t.Context(), k.ID, "eve"); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"get":         func() error { _, err := s.Keys.Get(t.Context(), k.ID); return err }(),
			"get none":    func() error { _, err := s.Keys.Get(t.Context(), "RIPO"); return err }(),
			"revoke":      s.Keys.Revoke(t.Context(), k.ID, "ana"),
			"revoke none": s.Keys.Revoke(t.Context(), "RIPO", "ana"),
		} {
			if fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		list, err := s.Keys.List(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("%d keys, error %v", len(list), err)
		}
		for _, listed := range list {
			if listed.Secret != "" {
				t.Error("the list tells secrets")
			}
			if listed.ID == k.ID && (listed.RevokedBy != "eve" || !listed.Revoked.Equal(c.Now()) || !listed.SpeaksForAWS || len(listed.Roles) != 2) {
				t.Errorf("revoked %+v", listed)
			}
		}
		for _, roles := range [][]string{nil, {""}, {"ingest,admin"}} {
			if _, err := s.Keys.Create(t.Context(), store.Key{Roles: roles}, "ana"); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("roles %q: %v", roles, err)
			}
		}
	})
}

// Of the keys that are in use one has a name; whoever gets a new one in place of an old is called the same.
func TestNamesOfKeys(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		create := func(name string) (store.Key, error) {
			return s.Keys.Create(t.Context(), store.Key{Name: name, Account: "111122223333", Roles: []string{"approve"}}, "local")
		}
		unnamed, err := create("")
		if err != nil || unnamed.Name != unnamed.ID {
			t.Errorf("without a name: %+v, %v", unnamed, err)
		}
		first, err := create("ana")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := create("ana"); fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" {
			t.Errorf("a second ana: %v", err)
		}
		if got, err := s.Keys.Get(t.Context(), first.ID); err != nil || got.Name != "ana" {
			t.Errorf("read as %q, %v", got.Name, err)
		}
		if err := s.Keys.Revoke(t.Context(), "ana", "local"); err != nil {
			t.Fatal(err)
		}
		second, err := create("ana")
		if err != nil || second.ID == first.ID {
			t.Errorf("after the first was revoked: %+v, %v", second, err)
		}
		if err := s.Keys.Revoke(t.Context(), second.ID, "local"); err != nil {
			t.Errorf("by its id: %v", err)
		}
	})
}

func TestSecretsAreNotInTheFilesInClear(t *testing.T) {
	dir := t.TempDir()
	s := openSQLite(t, store.Options{Path: filepath.Join(dir, "riposte.db")})
	k := createKey(t, s)
	found := false
	for _, name := range []string{"riposte.db", "riposte.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(k.Secret)) {
			t.Errorf("%s holds the secret in clear", name)
		}
		found = found || bytes.Contains(raw, []byte(k.ID))
	}
	if !found {
		t.Error("the files do not even hold the id: this test looks in the wrong place")
	}
}

func TestMasterKeyIsMadeOnce(t *testing.T) {
	o := store.Options{Path: filepath.Join(t.TempDir(), "riposte.db")}
	reopen := func() *store.Store {
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := reopen()
	k := createKey(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen()
	if got, err := s.Keys.Get(t.Context(), k.ID); err != nil || got.Secret != k.Secret {
		t.Errorf("after opening again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	master := filepath.Join(filepath.Dir(o.Path), "master.key")
	was, err := os.ReadFile(master)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(master); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), o); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("with the master key gone: %v", err)
	}
	write(t, master, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0o600)
	s = reopen()
	if _, err := s.Keys.Get(t.Context(), k.ID); fault.CodeOf(err) != fault.Denied {
		t.Errorf("with another master key: %v", err)
	}
	if err := s.Keys.Revoke(t.Context(), k.ID, "ana"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(master); err != nil {
		t.Fatal(err)
	}
	s = reopen() // nothing is encrypted with it any more
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(master); err != nil || bytes.Equal(now, was) {
		t.Errorf("a new master key: %v", err)
	}
}
