package store_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/store"
)

// noon is where the tests' clocks begin.
var noon = time.Date(2026, 3, 22, 12, 0, 0, 0, time.UTC)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// backend opens a store on a database of its own; the same options open the same database again.
type backend struct {
	name string
	open func(t testing.TB, o store.Options) *store.Store
}

// backends are the databases that the conformance tests in this package run on.
var backends = []backend{{"sqlite", openSQLite}}

func openSQLite(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// each runs a conformance test on every backend, on an empty database.
func each(t *testing.T, test func(t *testing.T, s *store.Store, c *clock)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			c := &clock{now: noon}
			test(t, b.open(t, store.Options{Path: filepath.Join(t.TempDir(), "riposte.db"), Now: c.Now}), c)
		})
	}
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	openSQLite(t, store.Options{Path: filepath.Join(dir, "riposte.db")})
	for name, want := range map[string]os.FileMode{"": 0o700, "riposte.db": 0o600, "riposte.db-wal": 0o600, "master.key": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %04o, want %04o", name, info.Mode().Perm(), want)
		}
	}
}

func TestOpenTakesAnyPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?#%20&name", "riposte.db")
	s := openSQLite(t, store.Options{Path: path})
	if err := s.Settings.Set(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the database is elsewhere: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		code    fault.Code
	}{
		"a file that is no database": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "riposte.db"), "this is a text of a kilobyte"+string(make([]byte, 1024)), 0o600)
		}, fault.Internal},
		"a folder that is a file": {func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "riposte.db"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, fault.Invalid},
		"a master key that others may read": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "master.key"), "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0o640)
		}, fault.Denied},
		"a link as master key": {func(t *testing.T, dir string) {
			if err := os.Symlink("/dev/zero", filepath.Join(dir, "master.key")); err != nil {
				t.Fatal(err)
			}
		}, fault.Denied},
		"a cut master key": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "master.key"), "0011", 0o600)
		}, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.prepare(t, dir)
			s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "riposte.db")})
			if err == nil {
				_ = s.Close()
			}
			if fault.CodeOf(err) != c.code || fault.Hint(err) == "" {
				t.Errorf("error %v, hint %q, want code %s", err, fault.Hint(err), c.code)
			}
		})
	}
	if _, err := store.Open(t.Context(), store.Options{}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no path: %v", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Settings.Set(t.Context(), "a", "b"); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("write: %v", err)
		}
		if _, _, err := s.Settings.Get(t.Context(), "a"); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("read: %v", err)
		}
	})
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
}
