package asl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Path is a JSONPath into a state's data ($), the context object ($$) or a variable ($name).
//
// Supported is what Step Functions documents, with Jayway's meaning: names (.a, ['a'], ['a','b']), indexes ([0], [-1],
// [0,2]), slices ([1:3]), wildcards (.*, [*]), descent (..a) and filters ([?(@.a == 'x' && @.b)]). A path that can lead to
// several values gives a list, possibly empty.
type Path struct {
	text     string
	root     pathRoot
	variable string
	segments []segment
}

type pathRoot byte

const (
	inputRoot pathRoot = iota
	contextRoot
	variableRoot
)

// segment selects from each value that the path has reached.
type segment struct {
	kind       segmentKind
	names      []string
	indexes    []int
	start, end *int // of a slice
	filter     filter
	deep       bool // after "..": from the value and everything below it
}

type segmentKind byte

const (
	byName segmentKind = iota
	byIndex
	bySlice
	byFilter
	all
)

// String returns the path as written.
func (p *Path) String() string { return p.text }

// definite reports whether the path leads to one value at most.
func (p *Path) definite() bool {
	return !slices.ContainsFunc(p.segments, func(s segment) bool {
		return s.deep || s.kind > byIndex || len(s.names)+len(s.indexes) > 1
	})
}

// ParsePath reads a path.
func ParsePath(text string) (*Path, error) {
	s := &scanner{text: text}
	p, err := s.path()
	if err == nil && s.rest() != "" {
		err = s.errorf("unexpected %q", s.rest())
	}
	return p, err
}

// parseReference reads a Reference Path: one that can only lead to one place
// (https://states-language.net/#ref-paths). Negative indexes count from an end that may move, so they are refused.
func parseReference(text string) (*Path, error) {
	p, err := ParsePath(text)
	if err != nil {
		return nil, err
	}
	for _, s := range p.segments {
		if len(s.indexes) == 1 && s.indexes[0] < 0 {
			return nil, fmt.Errorf("the reference path %q has a negative index", text)
		}
	}
	if !p.definite() {
		return nil, fmt.Errorf("%q can lead to several places, but a reference path must lead to one", text)
	}
	return p, nil
}

// scanner reads paths and intrinsic functions.
type scanner struct {
	text  string
	at    int
	depth int
}

func (s *scanner) rest() string { return s.text[s.at:] }

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("%q is not valid at character %d: %s", s.text, s.at+1, fmt.Sprintf(format, args...))
}

// take consumes the token if it comes next.
func (s *scanner) take(token string) bool {
	if !strings.HasPrefix(s.rest(), token) {
		return false
	}
	s.at += len(token)
	return true
}

func (s *scanner) space() { s.at = len(s.text) - len(strings.TrimLeft(s.rest(), " \t\r\n")) }

// nameEnds are the characters that end an unquoted name.
const nameEnds = ".[](),'\"@?*&|!=<>{}\\ \t\r\n"

func (s *scanner) name() string {
	n := strings.IndexAny(s.rest(), nameEnds)
	if n < 0 {
		n = len(s.rest())
	}
	name := s.rest()[:n]
	s.at += n
	return name
}

func (s *scanner) path() (*Path, error) {
	start, p := s.at, &Path{}
	switch {
	case s.take("$$"):
		p.root = contextRoot
	case s.take("$"):
		if p.variable = s.name(); p.variable != "" {
			p.root = variableRoot
			if !validVariable(p.variable) {
				s.at = start
				return nil, s.errorf("%q is no variable name; write $.%s for a field of the input", p.variable, p.variable)
			}
		}
	default:
		return nil, s.errorf("a path begins with $")
	}
	err := s.segments(p)
	p.text = s.text[start:s.at]
	return p, err
}

func (s *scanner) segments(p *Path) error {
	for {
		seg := segment{}
		switch {
		case s.take(".."):
			seg.deep = true
			if s.take("[") {
				break
			}
			if err := s.dotted(&seg); err != nil {
				return err
			}
			p.segments = append(p.segments, seg)
			continue
		case s.take("."):
			if err := s.dotted(&seg); err != nil {
				return err
			}
			p.segments = append(p.segments, seg)
			continue
		case s.take("["):
		default:
			return nil
		}
		if err := s.bracket(&seg); err != nil {
			return err
		}
		p.segments = append(p.segments, seg)
	}
}

func (s *scanner) dotted(seg *segment) error {
	if s.take("*") {
		seg.kind = all
		return nil
	}
	name := s.name()
	if name == "" {
		return s.errorf("a name is missing")
	}
	seg.names = []string{name}
	return nil
}

// bracket reads what stands between [ and ].
func (s *scanner) bracket(seg *segment) error {
	s.space()
	var err error
	switch {
	case s.take("*"):
		seg.kind = all
	case s.take("?("):
		seg.kind = byFilter
		if seg.filter, err = s.or(); err == nil && !s.take(")") {
			err = s.errorf("a ) is missing")
		}
	case strings.HasPrefix(s.rest(), "'") || strings.HasPrefix(s.rest(), `"`):
		for more := true; more && err == nil; more = s.comma() {
			var name string
			name, err = s.quoted()
			seg.names = append(seg.names, name)
		}
	default:
		err = s.numbers(seg)
	}
	if err != nil {
		return err
	}
	s.space()
	if !s.take("]") {
		return s.errorf("a ] is missing")
	}
	return nil
}

func (s *scanner) comma() bool {
	s.space()
	if !s.take(",") {
		return false
	}
	s.space()
	return true
}

// quoted reads a name or text in single or double quotes; a backslash takes the next character as it is.
func (s *scanner) quoted() (string, error) {
	if s.rest() == "" || s.rest()[0] != '\'' && s.rest()[0] != '"' {
		return "", s.errorf("text in quotes is missing")
	}
	quote := s.rest()[0]
	var b strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == quote:
			s.at = i + 1
			return b.String(), nil
		case c == '\\' && i+1 < len(s.text):
			i++
			b.WriteByte(s.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", s.errorf("the closing quote is missing")
}

// numbers reads indexes or a slice.
func (s *scanner) numbers(seg *segment) error {
	first, err := s.integer()
	if err != nil {
		return err
	}
	s.space()
	if s.take(":") {
		seg.kind, seg.start = bySlice, first
		s.space()
		seg.end, err = s.integer()
		return err
	}
	seg.kind = byIndex
	for {
		if first == nil {
			return s.errorf("an index is missing")
		}
		seg.indexes = append(seg.indexes, *first)
		if !s.comma() {
			return nil
		}
		if first, err = s.integer(); err != nil {
			return err
		}
	}
}

// integer reads one, nil where none comes next.
func (s *scanner) integer() (*int, error) {
	n := 0
	for n < len(s.rest()) && (s.rest()[n] >= '0' && s.rest()[n] <= '9' || n == 0 && s.rest()[n] == '-') {
		n++
	}
	if n == 0 {
		return nil, nil
	}
	i, err := strconv.Atoi(s.rest()[:n])
	if err != nil {
		return nil, s.errorf("%q is no index", s.rest()[:n])
	}
	s.at += n
	return &i, nil
}

var errNotFound = errors.New("the path leads nowhere")
