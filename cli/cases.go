package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// maxCaseBytes bounds a line of a cases file. A longer one is answered with an error and skipped without being held.
const maxCaseBytes = 64 << 20

// errCaseTooLong is given for a line over maxCaseBytes.
var errCaseTooLong = fmt.Errorf("the line is longer than %d MiB; split the case", maxCaseBytes>>20)

// answerCases reads cases (NDJSON) from the file at path, or from standard input if it is "" or "-", and writes what
// answer returns for each as a line of JSON, in the same order. A line that can't be read reaches answer as an error with
// no line; blank lines are passed over. Answers are flushed whenever the input pauses, so that a program at the other end
// of a pipe may wait for each. The error is about the file or the output, never about a case.
func answerCases(cmd *cobra.Command, path string, answer func(line []byte, err error) any) error {
	in := cmd.InOrStdin()
	if path != "" && path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read cases: %w", err)
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 1<<20)
	w := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		line, err := readCase(r, maxCaseBytes)
		if err != nil && !errors.Is(err, errCaseTooLong) {
			if errors.Is(err, io.EOF) {
				return w.Flush()
			}
			return errors.Join(fmt.Errorf("read cases: %w", err), w.Flush())
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := enc.Encode(answer(line, err)); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
	}
}

// readCase returns the next line without its end, io.EOF after the last, or errCaseTooLong for a line over limit bytes,
// of which it has then read to the end.
func readCase(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	tooLong, read := false, false
	for {
		chunk, err := r.ReadSlice('\n')
		read = read || len(chunk) > 0
		if tooLong = tooLong || len(line)+len(chunk) > limit; tooLong {
			line = nil
		} else {
			line = append(line, chunk...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && read:
		case err != nil:
			return nil, err
		}
		if tooLong {
			return nil, errCaseTooLong
		}
		return bytes.TrimRight(line, "\r\n"), nil
	}
}
