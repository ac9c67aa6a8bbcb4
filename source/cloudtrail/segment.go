package cloudtrail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
)

// segmentEvents is about how many events a segment holds: what a crash may cost to fetch again is a minute or two.
const segmentEvents = 10_000

// SegmentWriter writes the history of a span, newest first, as segments. A segment appears under its name when it is
// whole and on disk, never before.
type SegmentWriter struct {
	dir     string
	to      time.Time // what is written next ends here
	pending []Event   // of the oldest second so far, which may not be whole yet

	part   *os.File
	zip    *gzip.Writer
	events int
	done   []Segment
}

// Write begins to write what comes before to.
func (c Cache) Write(account, region string, to time.Time) (*SegmentWriter, error) {
	dir, err := c.Folder(account, region)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	return &SegmentWriter{dir: dir, to: to}, nil
}

// Add takes the events of a page. Events without a record are left out.
func (w *SegmentWriter) Add(events []Event) error {
	for _, e := range events {
		if len(w.pending) > 0 && e.Time.Before(w.pending[0].Time) {
			whole := w.pending[0].Time
			if err := w.flush(); err != nil {
				return err
			}
			if w.events >= segmentEvents {
				if err := w.seal(whole); err != nil {
					return err
				}
			}
		}
		w.pending = append(w.pending, e)
	}
	return nil
}

// Finish says that everything from from on has been added, and returns the segments.
func (w *SegmentWriter) Finish(from time.Time) ([]Segment, error) {
	if err := w.flush(); err != nil {
		return nil, err
	}
	err := w.seal(from)
	return w.done, err
}

// Stop keeps what is whole: all seconds but the oldest one, of which there may be more.
func (w *SegmentWriter) Stop() error {
	if len(w.pending) == 0 {
		return w.discard()
	}
	from := w.pending[0].Time.Add(time.Second)
	w.pending = nil
	return w.seal(from)
}

// flush writes the seconds that are whole.
func (w *SegmentWriter) flush() error {
	if err := w.open(); err != nil {
		return err
	}
	for _, e := range w.pending {
		if len(e.Record) == 0 {
			continue
		}
		if err := w.line(e.Record); err != nil {
			return fmt.Errorf("writing the cache: %w", err)
		}
		w.events++
	}
	w.pending = w.pending[:0]
	return nil
}

// line writes a record on a line of its own, however AWS laid it out.
func (w *SegmentWriter) line(record []byte) error {
	if bytes.IndexByte(record, '\n') >= 0 { // between values only: in a JSON text it is escaped
		record = bytes.ReplaceAll(record, []byte{'\n'}, []byte{' '})
	}
	_, err := w.zip.Write(record)
	if err == nil {
		_, err = w.zip.Write([]byte{'\n'})
	}
	return err
}

func (w *SegmentWriter) open() error {
	if w.part != nil {
		return nil
	}
	part, err := os.CreateTemp(w.dir, "*"+partSuffix) // 0600
	if err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	w.part = part
	if w.zip == nil {
		w.zip, err = gzip.NewWriterLevel(part, gzip.BestSpeed)
		return err
	}
	w.zip.Reset(part)
	return nil
}

// seal gives the segment that is being written its name: it holds everything from from to w.to.
func (w *SegmentWriter) seal(from time.Time) error {
	if !from.Before(w.to) {
		return w.discard()
	}
	if err := w.open(); err != nil {
		return err
	}
	err := errors.Join(w.zip.Close(), w.part.Sync(), w.part.Close())
	path := filepath.Join(w.dir, segmentName(from, w.to))
	if err == nil {
		err = os.Rename(w.part.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the cache: %w", err), w.discard())
	}
	w.done = append(w.done, Segment{path, from, w.to})
	w.part, w.events, w.to = nil, 0, from
	return nil
}

// discard forgets the segment that is being written.
func (w *SegmentWriter) discard() error {
	if w.part == nil {
		return nil
	}
	name := w.part.Name()
	w.part.Close()
	w.part = nil
	return os.Remove(name)
}
