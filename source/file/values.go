package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// values reads JSON values that lines do not separate: log files, arrays, pretty-printed events.
func (r *Reader) values(name string, in *bufio.Reader, fn func([]byte, Where) error) error {
	window := &window{src: in}
	dec := jsontext.NewDecoder(window, jsontext.AllowDuplicateNames(true))
	window.dec = dec
	where := Where{File: name}
	// each reads the members of the open array, which dec has entered.
	each := func(member func(jsontext.Value) ([]byte, error)) error {
		for index := 0; dec.PeekKind() != ']'; index++ {
			value, err := dec.ReadValue()
			if err != nil {
				return place(dec, err)
			}
			raw, err := member(value)
			if err != nil {
				r.bad(fmt.Errorf("%s: record %d: %w", name, index+1, err))
				continue
			}
			if err := fn(raw, where); err != nil {
				return &stopError{err}
			}
		}
		_, err := dec.ReadToken()
		return place(dec, err)
	}
	for {
		kind := dec.PeekKind()
		if kind == '[' {
			if _, err := dec.ReadToken(); err != nil {
				return place(dec, err)
			}
			if err := each(asIs); err != nil {
				return err
			}
			continue
		}
		wrapper := wrapperName(window, dec)
		if wrapper == "" {
			value, err := dec.ReadValue()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return place(dec, err)
			}
			if err := fn(bytes.Clone(value), where); err != nil {
				return &stopError{err}
			}
			continue
		}
		member := asIs
		if wrapper == "Events" {
			member = lookedUp
		}
		if err := r.wrapped(dec, wrapper, func() error { return each(member) }); err != nil {
			return err
		}
	}
}

// wrapped reads an object whose member of that name is the array of events; other members are passed over.
func (r *Reader) wrapped(dec *jsontext.Decoder, wrapper string, each func() error) error {
	if _, err := dec.ReadToken(); err != nil {
		return place(dec, err)
	}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return place(dec, err)
		}
		if key.String() != wrapper || dec.PeekKind() != '[' {
			if err := dec.SkipValue(); err != nil {
				return place(dec, err)
			}
			continue
		}
		if _, err := dec.ReadToken(); err != nil {
			return place(dec, err)
		}
		if err := each(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return place(dec, err)
}

// wrapperName looks ahead whether the next object is a log file's or LookupEvents' wrapper.
func wrapperName(w *window, dec *jsontext.Decoder) string {
	if dec.PeekKind() != '{' {
		return ""
	}
	ahead := dec.UnreadBuffer()
	if at := bytes.IndexByte(ahead, '{'); at >= 0 {
		ahead = ahead[at:]
	}
	if len(ahead) < 64 { // the name may lie beyond what the decoder has buffered
		more, _ := w.src.Peek(64)
		ahead = append(bytes.Clone(ahead), more...)
	}
	ahead = bytes.TrimLeft(bytes.TrimPrefix(ahead, []byte("{")), " \t\r\n")
	for _, name := range []string{"Records", "Events"} {
		if bytes.HasPrefix(ahead, []byte(`"`+name+`"`)) {
			return name
		}
	}
	return ""
}

func asIs(v jsontext.Value) ([]byte, error) { return bytes.Clone(v), nil }

// lookedUp takes the record out of an answer of LookupEvents, where it is JSON text in a string.
func lookedUp(v jsontext.Value) ([]byte, error) {
	var e struct{ CloudTrailEvent string }
	if err := jsonv2.Unmarshal(v, &e); err != nil || e.CloudTrailEvent == "" {
		return nil, fault.New(fault.Invalid, "the event has no CloudTrailEvent text")
	}
	return []byte(e.CloudTrailEvent), nil
}

func place(dec *jsontext.Decoder, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("at byte %d: %w; what follows is not read", dec.InputOffset(), err)
}

// window refuses to let the decoder buffer one value of more than maxRecord bytes.
type window struct {
	src  *bufio.Reader
	dec  *jsontext.Decoder
	read int64
}

func (w *window) Read(p []byte) (int, error) {
	if w.dec != nil && w.read-w.dec.InputOffset() > maxRecord {
		return 0, fault.New(fault.TooLarge, "one record has more than %d bytes", event.MaxBytes)
	}
	n, err := w.src.Read(p)
	w.read += int64(n)
	return n, err
}
