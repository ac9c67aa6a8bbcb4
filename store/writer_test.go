package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"riposte.dev/fault"
)

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "riposte.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestWritesShareATransactionButNotTheirErrors holds the writer with one job until a group has gathered behind it. In the
// group one fails after it has written: it alone is taken back.
func TestWritesShareATransactionButNotTheirErrors(t *testing.T) {
	s := open(t)
	held, release := make(chan struct{}), make(chan struct{})
	hand := func(fn func(ctx context.Context, tx *sql.Tx) error) *job {
		j := &job{t.Context(), fn, make(chan error, 1)}
		if err := s.writer.hand(j); err != nil {
			t.Fatal(err)
		}
		return j
	}
	first := hand(func(context.Context, *sql.Tx) error { close(held); <-release; return nil })
	<-held
	var group []*job
	transactions := map[*sql.Tx]bool{}
	for n := range 20 {
		group = append(group, hand(func(ctx context.Context, tx *sql.Tx) error {
			transactions[tx] = true
			_, err := tx.ExecContext(ctx, "INSERT INTO settings (name, value) VALUES (?, '')", n)
			if n == 7 {
				return firstOf(err, errOwn)
			}
			return err
		}))
	}
	close(release)
	if err := <-first.done; err != nil {
		t.Error(err)
	}
	for n, j := range group {
		if err := <-j.done; (n == 7) != errors.Is(err, errOwn) || n != 7 && err != nil {
			t.Errorf("write %d: %v", n, err)
		}
	}
	var kept, seventh int
	if err := s.read.QueryRow("SELECT count(*), count(CASE WHEN name = '7' THEN 1 END) FROM settings").Scan(&kept, &seventh); err != nil {
		t.Fatal(err)
	}
	if len(transactions) != 1 || kept != len(group)-1 || seventh != 0 {
		t.Errorf("%d transactions, %d rows, %d of the one that failed", len(transactions), kept, seventh)
	}
}

var errOwn = errors.New("the caller's own error")

func TestReadersCannotWrite(t *testing.T) {
	s := open(t)
	if _, err := s.read.Exec("INSERT INTO settings (name, value) VALUES ('a', 'b')"); err == nil {
		t.Error("a reading connection wrote")
	}
}

func TestEveryCommitIsSynced(t *testing.T) {
	s := open(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, error %v, want %s", pragma, got, err, want)
		}
	}
}

func TestErrorsHaveCodes(t *testing.T) {
	s := open(t)
	other, err := connect(filepath.Join(t.TempDir(), "none", "riposte.db"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	syntax := func() error { _, err := s.read.Exec("SELEC"); return err }()
	for name, c := range map[string]struct {
		err  error
		code fault.Code
	}{
		"no folder":       {other.Ping(), fault.Unavailable},
		"a wrong query":   {syntax, fault.Internal},
		"coded already":   {fault.New(fault.Conflict, "x"), fault.Conflict},
		"nothing":         {nil, ""},
		"a ended context": {context.DeadlineExceeded, fault.Timeout},
	} {
		if got := fault.CodeOf(classify(c.err, "test")); got != c.code {
			t.Errorf("%s: %v has code %q, want %q", name, c.err, got, c.code)
		}
	}
}

// A database that another process has locked for longer than we wait is an error that may be tried again.
func TestALockedDatabaseMayBeTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "riposte.db")
	first, err := connect(path, 1, "journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	tx, err := first.Begin() // immediate: it has the lock
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	second, err := connect(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	_, err = second.Begin()
	if err := classify(err, "begin"); !fault.Retryable(err) || fault.Hint(err) == "" {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
}
