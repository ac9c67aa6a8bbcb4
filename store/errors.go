package store

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"riposte.dev/fault"
)

// classify gives a database error its code; nil stays nil, and an error that has a code already stays as it is.
func classify(err error, doing string) error {
	var coded *fault.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	if errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed" {
		return fault.New(fault.Unavailable, "%s: the database is closed", doing)
	}
	var native *sqlite.Error
	if !errors.As(err, &native) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	switch native.Code() & 0xff { // the low byte is the primary code (https://www.sqlite.org/rescode.html)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.New(fault.Unavailable, "%s: another process holds the database: %w", doing, err).
			WithHint("stop the other riposte that uses the same data folder")
	case sqlite3.SQLITE_FULL:
		return fault.New(fault.Unavailable, "%s: the disk is full: %w", doing, err).WithHint("make room on the disk of the data folder")
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fault.New(fault.Unavailable, "%s: the disk fails: %w", doing, err).WithHint("check the disk and the owner of the data folder")
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.New(fault.Internal, "%s: the file is damaged or no SQLite database: %w", doing, err).
			WithHint("restore it from a backup, or move it away to begin anew")
	default:
		return fault.New(fault.Internal, "%s: %w", doing, err)
	}
}
