package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"riposte.dev/fault"
)

// LogFile calls fn with every record of a CloudTrail log file, gzip over {"Records":[…]}, in order, with its index from 0
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html). It is strict where
// [Reader.Read] is lenient. raw is fn's to keep. Memory is bounded by one record.
//
// An error of fn and the end of ctx are returned as they are. For a file that is broken (not gzip, cut off, a bomb, another
// structure) the error has code fault.Invalid or fault.TooLarge; fn has seen the records before the break.
func LogFile(ctx context.Context, src io.Reader, fn func(raw []byte, index int) error) error {
	in := bufio.NewReaderSize(src, 64<<10)
	if magic, err := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return fault.New(fault.Invalid, "not a gzip file")
	}
	plain, err := new(room).gunzip(&counting{src: in, ctx: ctx})
	if err != nil {
		return err
	}
	err = records(newSplitter(plain), fn)
	var stopped *stopError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stopped):
		return stopped.err
	case ctx.Err() != nil:
		return ctx.Err()
	case fault.CodeOf(err) == fault.TooLarge:
		return err
	}
	return fault.New(fault.Invalid, "not a CloudTrail log file, or cut off: %w", err)
}

// records reads one object with its array Records to the end of the file.
func records(s *splitter, fn func([]byte, int) error) error {
	if s.peek() != '{' {
		return s.broken("it does not begin with an object")
	}
	found, err := s.wrapped(recordsWrapper, func(value []byte, index int) error {
		if err := fn(value, index); err != nil {
			return &stopError{err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !found {
		return fault.New(fault.Invalid, "it has no array Records")
	}
	if s.peek(); !s.atEnd() { // to the end, so that the checksum of gzip is seen
		return s.broken("more follows the object")
	}
	return nil
}
