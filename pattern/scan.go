package pattern

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of patterns and events. Real events stay under 20; the bound keeps the stack small.
const maxDepth = 1000

// scanner reads JSON text (RFC 8259) from src without building anything. It is strict: no comments, no trailing commas,
// no control characters in strings. Invalid UTF-8 inside strings passes as it is; a lone surrogate escape reads as
// U+FFFD.
type scanner struct {
	src   []byte
	pos   int
	arena []byte // strings that had escapes; results point into it
}

// scanError says where JSON text ends to be JSON.
type scanError struct {
	pos int
	msg string
	fix string
}

func (e *scanError) Error() string { return e.msg }

func (s *scanner) fail(pos int, fix, format string, args ...any) error {
	return &scanError{pos: pos, msg: fmt.Sprintf(format, args...), fix: fix}
}

// unexpected describes what stands at the present position where want was needed.
func (s *scanner) unexpected(want string) error {
	if s.pos >= len(s.src) {
		return s.fail(s.pos, "close every object, array and string", "the text ends where %s was expected", want)
	}
	r, _ := utf8.DecodeRune(s.src[s.pos:])
	return s.fail(s.pos, "write JSON as RFC 8259 has it: double quotes, no comments, no comma before a closing bracket",
		"found %q where %s was expected", r, want)
}

// peek skips white space and returns the next byte, 0 at the end of the text.
func (s *scanner) peek() byte {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// end refuses anything but white space.
func (s *scanner) end() error {
	s.peek()
	if s.pos < len(s.src) {
		return s.fail(s.pos, "keep one JSON object", "there is more text after the end of the object")
	}
	return nil
}

// str reads a string at its opening quote and returns its content, which is valid as long as src and arena are.
func (s *scanner) str() ([]byte, error) {
	start := s.pos + 1
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.src[start:i], nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return nil, s.fail(i, `write it as an escape such as \n or \u0001`, "control character %#02x inside a string", c)
		}
	}
	s.pos = len(s.src)
	return nil, s.unexpected("the closing quote of a string")
}

// escaped finishes a string that began at start and has its first backslash at i.
func (s *scanner) escaped(start, i int) ([]byte, error) {
	from := len(s.arena)
	s.arena = append(s.arena, s.src[start:i]...)
	for i < len(s.src) {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.arena[from:len(s.arena):len(s.arena)], nil
		case c < ' ':
			return nil, s.fail(i, `write it as an escape such as \n or \u0001`, "control character %#02x inside a string", c)
		case c != '\\':
			s.arena = append(s.arena, c)
			i++
		default:
			n, err := s.escape(i)
			if err != nil {
				return nil, err
			}
			i += n
		}
	}
	s.pos = len(s.src)
	return nil, s.unexpected("the closing quote of a string")
}

// escape appends the character that the escape at i stands for and returns the escape's length.
func (s *scanner) escape(i int) (int, error) {
	if i+1 < len(s.src) {
		switch c := s.src[i+1]; c {
		case '"', '\\', '/':
			s.arena = append(s.arena, c)
			return 2, nil
		case 'b':
			s.arena = append(s.arena, '\b')
			return 2, nil
		case 'f':
			s.arena = append(s.arena, '\f')
			return 2, nil
		case 'n':
			s.arena = append(s.arena, '\n')
			return 2, nil
		case 'r':
			s.arena = append(s.arena, '\r')
			return 2, nil
		case 't':
			s.arena = append(s.arena, '\t')
			return 2, nil
		case 'u':
			if r, ok := s.hex4(i); ok {
				if low, ok := s.hex4(i + 6); ok && utf16.IsSurrogate(r) {
					if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
						s.arena = utf8.AppendRune(s.arena, pair)
						return 12, nil
					}
				}
				s.arena = utf8.AppendRune(s.arena, r) // a lone surrogate becomes U+FFFD
				return 6, nil
			}
		}
	}
	return 0, s.fail(i, `a backslash is written \\`, `a backslash in a string starts no escape that JSON has`)
}

// hex4 reads a \u escape at i.
func (s *scanner) hex4(i int) (rune, bool) {
	if i+6 > len(s.src) || s.src[i] != '\\' || s.src[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.src[i+2 : i+6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// number reads a number and returns its spelling.
func (s *scanner) number() ([]byte, error) {
	start := s.pos
	if s.src[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.src) && s.src[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return nil, s.unexpected("a digit")
	}
	if s.pos < len(s.src) && s.src[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return nil, s.unexpected("a digit after the decimal point")
		}
	}
	if s.pos < len(s.src) && (s.src[s.pos] == 'e' || s.src[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.src) && (s.src[s.pos] == '+' || s.src[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return nil, s.unexpected("a digit of the exponent")
		}
	}
	return s.src[start:s.pos], nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.src) && '0' <= s.src[s.pos] && s.src[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// literal reads true, false or null.
func (s *scanner) literal() ([]byte, error) {
	for _, word := range [...]string{"true", "false", "null"} {
		if end := s.pos + len(word); end <= len(s.src) && string(s.src[s.pos:end]) == word {
			s.pos = end
			return s.src[end-len(word) : end], nil
		}
	}
	return nil, s.unexpected("a value")
}

// scalar reads the string, number or literal that begins with first.
func (s *scanner) scalar(first byte) (kind, []byte, error) {
	switch {
	case first == '"':
		text, err := s.str()
		return stringKind, text, err
	case first == '-' || '0' <= first && first <= '9':
		text, err := s.number()
		return numberKind, text, err
	default:
		text, err := s.literal()
		return literalKind, text, err
	}
}

// members calls each with every key of the object at the present position; each reads the value.
func (s *scanner) members(depth int, each func(key []byte, pos int) error) error {
	if depth > maxDepth {
		return s.fail(s.pos, "flatten the document", "nested deeper than %d levels", maxDepth)
	}
	s.pos++
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.unexpected("a name in double quotes")
		}
		pos := s.pos
		key, err := s.str()
		if err != nil {
			return err
		}
		if s.peek() != ':' {
			return s.unexpected("a colon")
		}
		s.pos++
		s.peek()
		if err := each(key, pos); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return nil
		default:
			return s.unexpected("a comma or a closing brace")
		}
	}
}

// items calls each with the first byte of every item of the array at the present position; each reads the item.
func (s *scanner) items(depth int, each func(first byte) error) error {
	if depth > maxDepth {
		return s.fail(s.pos, "flatten the document", "nested deeper than %d levels", maxDepth)
	}
	s.pos++
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := each(s.peek()); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return nil
		default:
			return s.unexpected("a comma or a closing bracket")
		}
	}
}

// skip reads one value and forgets it.
func (s *scanner) skip(depth int) error {
	switch first := s.peek(); first {
	case '{':
		return s.members(depth, func([]byte, int) error { return s.skip(depth + 1) })
	case '[':
		return s.items(depth, func(byte) error { return s.skip(depth + 1) })
	default:
		kept := len(s.arena)
		_, _, err := s.scalar(first)
		s.arena = s.arena[:kept]
		return err
	}
}
