package file

import (
	"bytes"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// The wrappers of records that are known: a log file's, and that of an answer of LookupEvents.
const (
	recordsWrapper = "Records"
	eventsWrapper  = "Events"
)

// values reads JSON values that lines do not separate: log files, arrays, pretty-printed events.
func (r *Reader) values(name string, s *splitter, fn func([]byte, Where) error) error {
	where := Where{File: name}
	give := func(value []byte, _ int) error {
		if err := fn(value, where); err != nil {
			return &stopError{err}
		}
		return nil
	}
	for {
		var err error
		switch first, wrapper := s.peek(), s.wrapper(); {
		case s.atEnd():
			return nil
		case first == '[':
			err = s.items(give)
		case first != '{':
			err = s.broken("an object or an array is wanted")
		case wrapper == recordsWrapper:
			_, err = s.wrapped(wrapper, give)
		case wrapper == eventsWrapper:
			_, err = s.wrapped(wrapper, func(value []byte, index int) error {
				record, err := lookedUp(value)
				if err != nil {
					r.bad(fmt.Errorf("%s: record %d: %w", name, index+1, err))
					return nil
				}
				return give(record, index)
			})
		default:
			var value []byte
			if value, err = s.record(); err == nil {
				err = give(value, 0)
			}
		}
		if err != nil {
			return err
		}
	}
}

// items reads an array and calls each with every item and its index.
func (s *splitter) items(each func(value []byte, index int) error) error {
	if _, err := s.take("["); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for index := 0; ; index++ {
		value, err := s.record()
		if err != nil {
			return err
		}
		if err := each(value, index); err != nil {
			return err
		}
		if c, err := s.take(",]"); err != nil || c == ']' {
			return err
		}
	}
}

// wrapped reads an object whose member of that name is the array of events, and reports whether it was there; other
// members are passed over.
func (s *splitter) wrapped(wrapper string, each func(value []byte, index int) error) (found bool, err error) {
	if _, err := s.take("{"); err != nil {
		return false, err
	}
	if s.peek() == '}' {
		s.pos++
		return false, nil
	}
	for {
		if s.peek() != '"' {
			return found, s.broken("a name in double quotes is wanted")
		}
		key, err := s.value()
		if err != nil {
			return found, err
		}
		wanted := string(key) == `"`+wrapper+`"`
		if _, err := s.take(":"); err != nil {
			return found, err
		}
		if wanted && s.peek() == '[' {
			found, err = true, s.items(each)
		} else {
			err = s.skip()
		}
		if err != nil {
			return found, err
		}
		if c, err := s.take(",}"); err != nil || c == '}' {
			return found, err
		}
	}
}

// wrapper looks ahead whether the object at hand is a log file's or LookupEvents' wrapper.
func (s *splitter) wrapper() string {
	ahead := bytes.TrimLeft(bytes.TrimPrefix(s.ahead(64), []byte("{")), " \t\r\n")
	for _, name := range []string{recordsWrapper, eventsWrapper} {
		if bytes.HasPrefix(ahead, []byte(`"`+name+`"`)) {
			return name
		}
	}
	return ""
}

// lookedUp takes the record out of an answer of LookupEvents, where it is JSON text in a string.
func lookedUp(v jsontext.Value) ([]byte, error) {
	var e struct{ CloudTrailEvent string }
	if err := jsonv2.Unmarshal(v, &e); err != nil || e.CloudTrailEvent == "" {
		return nil, fault.New(fault.Invalid, "the event has no CloudTrailEvent text")
	}
	return []byte(e.CloudTrailEvent), nil
}
