package cli

import (
	"context"
	"fmt"
	"io"

	"riposte.dev/event"
	"riposte.dev/source/file"
)

// scanReader reads files into batches of checked events. Each byte is walked over once: where a record ends is found by
// checking it.
type scanReader struct {
	scan    *scan
	files   file.Reader
	events  event.Reader
	checked bool // the reader of files gives what events has read
	next    *scanBatch
	batches chan<- *scanBatch
}

func newScanReader(s *scan, stdin io.Reader, progress func(int), batches chan<- *scanBatch) *scanReader {
	r := &scanReader{scan: s, next: s.batch(), batches: batches}
	r.files = file.Reader{Stdin: stdin, Progress: progress, Whole: func(text []byte) int {
		n, err := r.events.Read(text)
		if r.checked = err == nil; !r.checked {
			return 0
		}
		return n
	}}
	return r
}

// read reads the file into batches, each of which goes to whoever matches and into f.batches.
func (r *scanReader) read(ctx context.Context, f *scanFile) error {
	r.files.Bad = func(err error) {
		if r.next.bad = append(r.next.bad, err); len(r.next.bad) == scanBatchEvents {
			_ = r.flush(ctx, f) // it fails when ctx ends, which ends the reading too
		}
	}
	err := r.files.Read(ctx, []string{f.path}, func(raw []byte, where file.Where) error {
		b := r.next
		if err := r.check(raw); err != nil {
			b.bad = append(b.bad, fmt.Errorf("%s: %w", where, err))
		} else if at := r.events.Time(); at.Before(r.scan.since) {
			b.older++
		} else {
			var e event.Checked
			b.text, e = r.events.Append(b.text)
			b.events, b.wheres = append(b.events, e), append(b.wheres, where)
		}
		b.read++
		b.bytes += int64(len(raw))
		if b.read == scanBatchEvents || b.bytes >= scanBatchBytes {
			return r.flush(ctx, f)
		}
		return nil
	})
	if err == nil && (r.next.read > 0 || len(r.next.bad) > 0) {
		err = r.flush(ctx, f)
	}
	return err
}

// check has events read raw, unless it just did.
func (r *scanReader) check(raw []byte) error {
	if r.checked {
		r.checked = false
		return nil
	}
	return r.events.ReadAll(raw)
}

func (r *scanReader) flush(ctx context.Context, f *scanFile) error {
	b := r.next
	r.next = r.scan.batch()
	for _, to := range []chan<- *scanBatch{f.batches, r.batches} {
		select {
		case to <- b:
		case <-ctx.Done():
			b.done <- scanResult{} // it may be in f.batches
			return ctx.Err()
		}
	}
	return nil
}

// batch returns an empty batch.
func (s *scan) batch() *scanBatch {
	if b, ok := s.room.Get().(*scanBatch); ok {
		return b
	}
	return &scanBatch{done: make(chan scanResult, 1)}
}

// recycle takes back a batch that was told of.
func (s *scan) recycle(b *scanBatch) {
	clear(b.events)
	clear(b.bad)
	*b = scanBatch{events: b.events[:0], wheres: b.wheres[:0], text: b.text[:0], bad: b.bad[:0], done: b.done}
	s.room.Put(b)
}
