package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// A chunk is how much is read at once; it is kept as long as a record in it is. The first is small, as many files are.
const (
	firstChunk = 16 << 10
	chunkSize  = 256 << 10
)

// splitter finds where JSON values begin and end. It looks at brackets and strings only: whoever gets a record checks it.
// So a file is looked at once here, fast, and a broken record costs no others as long as its brackets and quotes are in
// order. Records are parts of the chunks that were read, and are never copied unless one lies across two of them. They stay
// as they are, unless the splitter reads into its room again: then until the next is asked for.
type splitter struct {
	src  io.Reader
	buf  []byte // what was read and not yet forgotten
	pos  int
	base int64 // bytes of src before buf
	err  error // of src, io.EOF too
	// again tells that records are looked at once: what was passed over makes room for what is read.
	again bool
	whole func(text []byte) int // Reader.Whole
}

func newSplitter(src io.Reader) *splitter { return &splitter{src: src} }

// reset has s read another file, in the same room.
func (s *splitter) reset(src io.Reader) {
	*s = splitter{src: src, buf: s.buf[:0], again: true, whole: s.whole}
}

// fill reads more behind what is kept, which begins at from, and reports whether there is more. What is kept moves to a
// new chunk, so that records that were given away stay as they are; it returns how far back it moved.
func (s *splitter) fill(from int) (moved int, more bool) {
	if s.err != nil {
		return 0, false
	}
	if len(s.buf) == cap(s.buf) && s.again && from > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[from:])]
		s.pos, s.base, moved = s.pos-from, s.base+int64(from), from
	}
	if len(s.buf) == cap(s.buf) {
		kept := s.buf[from:]
		size := chunkSize
		if s.buf == nil && !s.again {
			size = firstChunk
		}
		next := make([]byte, len(kept), max(size, 2*len(kept)))
		copy(next, kept)
		s.buf, s.pos, s.base, moved = next, s.pos-from, s.base+int64(from), from
	}
	for {
		n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf, s.err = s.buf[:len(s.buf)+n], err
		if n > 0 || err != nil {
			return moved, n > 0
		}
	}
}

// peek passes over white space and returns the next byte, 0 at the end.
func (s *splitter) peek() byte {
	for {
		for ; s.pos < len(s.buf); s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\n', '\r':
			default:
				return c
			}
		}
		if _, more := s.fill(s.pos); !more {
			return 0
		}
	}
}

// atEnd reports whether all of a sound file was read.
func (s *splitter) atEnd() bool { return s.pos == len(s.buf) && errors.Is(s.err, io.EOF) }

// ahead returns up to n bytes that follow, without passing over them.
func (s *splitter) ahead(n int) []byte {
	for len(s.buf)-s.pos < n {
		if _, more := s.fill(s.pos); !more {
			break
		}
	}
	return s.buf[s.pos:min(len(s.buf), s.pos+n)]
}

// take passes over one of these bytes, after white space.
func (s *splitter) take(these string) (byte, error) {
	c := s.peek()
	if c == 0 || bytes.IndexByte([]byte(these), c) < 0 {
		return 0, s.broken(fmt.Sprintf("one of %s is wanted", these))
	}
	s.pos++
	return c, nil
}

// broken says that the file does not go on as JSON; where it ends, that it is cut off.
func (s *splitter) broken(what string) error {
	err := errors.New(what)
	if s.err != nil && s.pos >= len(s.buf) {
		if err = s.err; errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	return fmt.Errorf("at byte %d: %w; what follows is not read", s.base+int64(s.pos), err)
}

// record returns the next value; whole may know better than value where it ends.
func (s *splitter) record() ([]byte, error) {
	if s.peek(); s.whole != nil {
		if n := s.whole(s.buf[s.pos:]); n > 0 {
			s.pos += n
			return s.buf[s.pos-n : s.pos : s.pos], nil
		}
	}
	return s.value()
}

// line returns the next line, without its end, and whether it is the last. One of more than maxRecord bytes is passed over;
// tooLong tells of it.
func (s *splitter) line() (line []byte, tooLong, last bool) {
	start := s.pos
	for {
		if end := bytes.IndexByte(s.buf[s.pos:], '\n'); end >= 0 {
			s.pos += end + 1
			line = s.buf[start : s.pos-1]
			return line, tooLong || len(line) > maxRecord, false
		}
		if s.pos = len(s.buf); s.pos-start > maxRecord {
			start, tooLong = s.pos, true
		}
		moved, more := s.fill(start)
		if start -= moved; !more {
			return s.buf[start:], tooLong, true
		}
	}
}

// value returns the next value, of at most maxRecord bytes.
func (s *splitter) value() ([]byte, error) {
	s.peek()
	start, in := s.pos, inside{}
	for {
		n, ended := in.walk(s.buf[s.pos:])
		s.pos += n
		if s.pos-start > maxRecord {
			return nil, fault.New(fault.TooLarge, "one record has more than %d bytes", event.MaxBytes)
		}
		if !ended {
			moved, more := s.fill(start)
			if start -= moved; more {
				continue
			}
		}
		if !ended && !in.mayEnd(s.err) || s.pos == start {
			return nil, s.broken("a value is wanted")
		}
		return s.buf[start:s.pos:s.pos], nil
	}
}

// skip passes over the next value, however long it is.
func (s *splitter) skip() error {
	s.peek()
	in := inside{}
	for passed := false; ; {
		n, ended := in.walk(s.buf[s.pos:])
		s.pos += n
		passed = passed || n > 0
		if !ended {
			if _, more := s.fill(s.pos); more {
				continue
			}
		}
		if !ended && !in.mayEnd(s.err) || !passed {
			return s.broken("a value is wanted")
		}
		return nil
	}
}

// inside is where in a value the reading is.
type inside struct {
	depth   int  // brackets that are open
	text    bool // within a string
	escaped bool // after a backslash in it
}

// mayEnd reports whether the value may end where the text does: a number or a word does.
func (in *inside) mayEnd(err error) bool { return in.depth == 0 && !in.text && errors.Is(err, io.EOF) }

// walk goes on through the value in b and returns how much of b belongs to it, and whether it ends there.
func (in *inside) walk(b []byte) (n int, ended bool) {
	for i := 0; i < len(b); i++ {
		if in.text {
			if in.escaped {
				in.escaped = false
				continue
			}
			quote := bytes.IndexByte(b[i:], '"')
			end := i + quote
			if quote < 0 {
				end = len(b)
			}
			slash := end
			for slash > i && b[slash-1] == '\\' {
				slash--
			}
			in.escaped = (end-slash)%2 == 1
			if quote < 0 {
				return len(b), false
			}
			i = end
			if in.escaped {
				in.escaped = false
				continue
			}
			if in.text = false; in.depth == 0 {
				return i + 1, true
			}
			continue
		}
		switch b[i] {
		case '"':
			in.text = true
		case '{', '[':
			in.depth++
		case '}', ']':
			if in.depth == 0 {
				return i, true
			}
			if in.depth--; in.depth == 0 {
				return i + 1, true
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if in.depth == 0 {
				return i, true
			}
		}
	}
	return len(b), false
}
