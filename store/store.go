package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"riposte.dev/fault"
)

// Store is an open database. Its handles are safe for concurrent use. Their errors carry fault codes: Unavailable (full
// disk, locked by another process, closed) may be tried again.
type Store struct {
	Findings   *Findings
	Executions *Executions
	Exceptions *Exceptions
	Pauses     *Pauses
	Networks   *Networks
	Keys       *Keys
	Deliveries *Deliveries
	Settings   *Settings
	Calls      *Calls
	Audit      *Audit
	Machines   *Machines

	read   *sql.DB // several connections that cannot write
	write  *sql.DB // one connection, used by the writer only
	writer *writer
}

// Options say where the database is. Path is needed.
type Options struct {
	Path      string           // database file; made with mode 0600, with its folder (0700), where there is none
	MasterKey string           // file of the key that secrets are encrypted with; "" for master.key beside Path
	Now       func() time.Time // nil: time.Now
	Random    io.Reader        // nil: crypto/rand.Reader
	Logger    *slog.Logger     // nil: silent; tells of migrations
}

// readers bounds the reading connections; each may hold a few MB of cache.
const readers = 4

// Open opens the database, making and migrating it as needed. It refuses, with the next step, a database of a newer
// riposte, a file that is no database, and a master key that others may read or that is gone.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil || o.Path == "" {
		return nil, fault.New(fault.Invalid, "no path for the database is given")
	}
	if o.MasterKey == "" {
		o.MasterKey = filepath.Join(filepath.Dir(path), "master.key")
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	s := &Store{}
	if err := s.open(ctx, path, o); err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, closeAfter(err, s))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string, o Options) error {
	var err error
	// FULL syncs the log at every commit: what a caller was told is kept, also when the power goes.
	if s.write, err = connect(path, 1, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "journal_size_limit(67108864)"); err != nil {
		return err
	}
	if err := migrate(ctx, s.write, o.Logger); err != nil {
		return err
	}
	if s.read, err = connect(path, readers, "query_only(1)"); err != nil {
		return err
	}
	sealer, err := openSealer(ctx, s.read, o.MasterKey, o.Random)
	if err != nil {
		return err
	}
	s.writer = startWriter(s.write)
	s.Findings = &Findings{s, o.Now}
	s.Executions = &Executions{s}
	s.Exceptions = &Exceptions{s, o.Now, o.Random}
	s.Pauses = &Pauses{s, o.Now, o.Random}
	s.Networks = &Networks{s}
	s.Keys = &Keys{s, o.Now, o.Random, sealer}
	s.Deliveries = &Deliveries{s}
	s.Settings = &Settings{s}
	s.Calls = &Calls{s}
	s.Audit = &Audit{s, o.Now}
	s.Machines = &Machines{s, o.Now}
	return nil
}

// Close finishes the writes that have begun and closes the database. Calls after it fail with fault.Unavailable.
func (s *Store) Close() error {
	if s.writer != nil {
		s.writer.stop()
	}
	var err error
	for _, db := range []*sql.DB{s.read, s.write} { // the last connection to close cleans up the log, and readers can't
		if db != nil {
			err = firstOf(err, db.Close())
		}
	}
	return classify(err, "close the database")
}

// closeAfter closes what a failed Open has opened. The first error is the one that matters.
func closeAfter(err error, s *Store) error { return firstOf(err, s.Close()) }

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// connect opens a pool. Every connection waits up to 5 s for another process's lock and begins writes with the lock, so
// that none fails halfway.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	name := "file:" + strings.ReplaceAll(url.PathEscape(path), "%2F", "/") + "?" + query.Encode()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, classify(err, "connect")
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// createPrivate makes the file and its folder, readable by the owner only: findings tell where to attack. SQLite gives its
// log the same mode.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.New(fault.Invalid, "make the data folder: %w", err).WithHint("choose a folder that you may write to")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fault.New(fault.Invalid, "open the database: %w", err).WithHint("choose a file that you may write to")
	}
	return f.Close()
}
