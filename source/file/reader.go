package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// maxRecord bounds one line or record: an event and room for the spaces of a pretty-printed one.
const maxRecord = event.MaxBytes + 64<<10

// headSize is how much of a file is looked at to tell what it is.
const headSize = 64 << 10

// Reader reads files of events, one after another. The zero value is ready, without standard input.
type Reader struct {
	Stdin io.Reader // what the path "-" reads
	// Bad is called for what cannot be read; nil ignores it. The error names file and line.
	Bad func(error)
	// Progress is called with the bytes read from disk since the last call; nil for none.
	Progress func(n int)
	// Whole, where it is set, reads the JSON value that text begins with, which is often more than one record, and returns
	// how many bytes it takes; 0 if it is not whole or not sound. It is asked before the reader looks where a record ends:
	// who checks records anyway reads them once so. Lines are not asked about.
	Whole func(text []byte) int

	room room
}

// Read calls fn with every event of the paths, in order. A folder is walked in lexical order for .json, .ndjson, .jsonl and
// .log files, each also with .gz. raw is fn's until it returns. An error of fn ends the reading and is returned; so does a path
// that does not exist.
func (r *Reader) Read(ctx context.Context, paths []string, fn func(raw []byte, where Where) error) error {
	for _, path := range paths {
		if path == "-" {
			if err := r.stream(ctx, "-", r.Stdin, fn); err != nil {
				return err
			}
			continue
		}
		files, err := Files(path)
		if err != nil {
			return err
		}
		for _, name := range files {
			if err := r.file(ctx, name, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// Where is the place of an event: the file and the line on which it begins (0 where lines mean nothing).
type Where struct {
	File string
	Line int
}

func (w Where) String() string {
	if w.Line == 0 {
		return w.File
	}
	return fmt.Sprintf("%s:%d", w.File, w.Line)
}

// Files lists what Read would read of a path.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no file or folder %s", path).WithHint("check the path; - reads standard input")
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(strings.TrimSuffix(name, ".gz")) {
		case ".json", ".ndjson", ".jsonl", ".log":
			if entry.Type().IsRegular() {
				files = append(files, name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading folder %s: %w", path, err)
	}
	return files, nil
}

func (r *Reader) file(ctx context.Context, name string, fn func([]byte, Where) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	defer f.Close()
	return r.stream(ctx, name, f, fn)
}

// stream reads one file. Its own faults go to Bad; only fn's errors and the context's end are returned.
func (r *Reader) stream(ctx context.Context, name string, src io.Reader, fn func([]byte, Where) error) error {
	if src == nil {
		return fault.New(fault.Invalid, "there is no standard input")
	}
	plain, err := r.room.gunzip(&counting{src: src, report: r.Progress, ctx: ctx})
	if err == nil {
		s := &r.room.splitter
		s.reset(plain)
		s.whole = r.Whole
		switch format(s.ahead(headSize)) {
		case formatLines:
			err = r.lines(name, s, fn)
		default:
			err = r.values(name, s, fn)
		}
	}
	var stopped *stopError
	switch {
	case errors.As(err, &stopped):
		return stopped.err
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.bad(fmt.Errorf("%s: %w", name, err))
	}
	return nil
}

// stopError marks an error of the callback, which ends the reading.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

func (r *Reader) bad(err error) {
	if r.Bad != nil {
		r.Bad(err)
	}
}

const (
	formatLines = iota
	formatValues
)

// format looks at the first line: an object on it makes a file of lines, unless it is the wrapper of a log file.
func format(head []byte) int {
	head = bytes.TrimLeft(head, " \t\r\n")
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	for _, wrapper := range []string{`"Records"`, `"Events"`} {
		if inside, ok := bytes.CutPrefix(line, []byte("{")); ok && bytes.HasPrefix(bytes.TrimLeft(inside, " \t"), []byte(wrapper)) {
			return formatValues
		}
	}
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 {
		return formatLines
	}
	goesOn := len(rest) > 0 && bytes.IndexByte([]byte(" \t\"}"), rest[0]) >= 0 // a line of its own would begin with {
	if trimmed[0] == '[' || trimmed[0] == '{' && (len(trimmed) == 1 || goesOn) {
		return formatValues // an array, or pretty-printed
	}
	return formatLines
}

// lines reads one event a line. A bad line is reported and skipped.
func (r *Reader) lines(name string, s *splitter, fn func([]byte, Where) error) error {
	for number := 1; ; number++ {
		line, tooLong, last := s.line()
		if last && !errors.Is(s.err, io.EOF) {
			return fmt.Errorf("line %d: %w", number, s.err)
		}
		where := Where{name, number}
		text := bytes.TrimSpace(line)
		switch {
		case tooLong:
			r.bad(fmt.Errorf("%s: %w", where, fault.New(fault.TooLarge, "the line has more than %d bytes; it is skipped", maxRecord)))
		case len(text) == 0:
		default:
			if err := fn(text, where); err != nil {
				return &stopError{err}
			}
		}
		if last {
			return nil
		}
	}
}
