package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"riposte.dev/fault"
)

// maxLine bounds a record's line: nine texts whose every byte is escaped, and data.
const maxLine = 9*6*MaxText + MaxData + 1<<10

// Lines reads records from NDJSON, one a line. A line that is none yields fault.Invalid and ends the sequence.
func Lines(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 64<<10), maxLine)
		for n := 1; lines.Scan(); n++ {
			record, err := Decode(lines.Bytes())
			if err != nil {
				yield(Record{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(Record{}, fault.New(fault.Invalid, "a line is longer than an audit record can be"))
		case err != nil:
			yield(Record{}, fmt.Errorf("read audit records: %w", err))
		}
	}
}

// Write writes records as Lines reads them, to the end or the first error.
func Write(w io.Writer, records iter.Seq2[Record, error]) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		if _, err := w.Write(append(r.Encode(), '\n')); err != nil {
			return fmt.Errorf("write audit records: %w", err)
		}
	}
	return nil
}
