package event

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// reader walks over JSON text from outside once: it refuses what is not one strict JSON object (RFC 8259, UTF-8, no
// duplicate names, MaxDepth levels), and notes where the values are that the envelope of a record needs.
type reader struct {
	src   []byte
	pos   int
	names names
	found record
}

// readers are kept for their room. They hold nothing of an event.
var readers = sync.Pool{New: func() any { return new(reader) }}

// read has a reader read src as of says, and use look at what it found.
func read(src []byte, of *shape, use func(*record) error) error {
	r, _ := readers.Get().(*reader)
	r.src, r.pos, r.names.src = src, 0, src
	err := r.document(of)
	if err == nil && use != nil {
		err = use(&r.found)
	}
	clear(r.found.arns)
	*r = reader{names: names{plain: r.names.plain[:0], spans: r.names.spans[:0]}, found: record{arns: r.found.arns[:0]}}
	readers.Put(r)
	return err
}

// broken is a refusal.
func (r *reader) broken(format string, args ...any) error {
	return fault.New(fault.Invalid, "event is not valid JSON: at byte %d: %s", r.pos, fmt.Sprintf(format, args...))
}

// document reads the whole text. Where of is not nil, the object is also looked at as what of says.
func (r *reader) document(of *shape) error {
	if len(r.src) > MaxBytes {
		return fault.New(fault.TooLarge, "event has %d bytes, over the limit of %d", len(r.src), MaxBytes)
	}
	switch first := r.peek(); {
	case first == 0 && r.pos == len(r.src):
		return r.broken("the text is empty")
	case first != '{':
		return fault.New(fault.Invalid, "event is not a JSON object")
	}
	if err := r.object(of, 1); err != nil {
		return err
	}
	if r.peek(); r.pos < len(r.src) {
		return fault.New(fault.Invalid, "event is followed by more text at byte %d", r.pos)
	}
	return nil
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.src) {
		switch c := r.src[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

func (r *reader) value(of *shape, depth int) error {
	first := r.peek()
	if of != nil {
		r.found.look(of, first)
	}
	switch {
	case first == '"':
		start := r.pos
		if err := r.text(); err != nil {
			return err
		}
		if of != nil {
			r.found.note(of, r.src[start:r.pos])
		}
		return nil
	case first == '{':
		return r.object(of, depth)
	case first == '[':
		return r.array(of, depth)
	case first == '-' || '0' <= first && first <= '9':
		return r.number()
	default:
		return r.literal()
	}
}

func (r *reader) deeper(depth int) error {
	if depth > MaxDepth {
		return fault.New(fault.TooLarge, "event is nested deeper than %d levels", MaxDepth)
	}
	r.pos++
	return nil
}

func (r *reader) object(of *shape, depth int) error {
	if err := r.deeper(depth); err != nil {
		return err
	}
	if r.peek() == '}' {
		r.pos++
		return nil
	}
	own := nameSet{first: len(r.names.spans)}
	for {
		if r.peek() != '"' {
			return r.broken("a name in double quotes is wanted")
		}
		start := r.pos
		if err := r.text(); err != nil {
			return err
		}
		r.names.push(start, r.pos)
		name := r.names.at(len(r.names.spans) - 1)
		if own.has(&r.names) {
			return r.broken("the name %.60q occurs twice in one object", name)
		}
		if r.peek() != ':' {
			return r.broken("a colon is wanted")
		}
		r.pos++
		if err := r.value(of.member(name), depth+1); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
			r.pos++
			r.names.spans = r.names.spans[:own.first]
			return nil
		default:
			return r.broken("a comma or a closing brace is wanted")
		}
	}
}

func (r *reader) array(of *shape, depth int) error {
	if err := r.deeper(depth); err != nil {
		return err
	}
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	var item *shape
	if of != nil {
		item = of.item
	}
	for {
		if err := r.value(item, depth+1); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
			r.pos++
			return nil
		default:
			return r.broken("a comma or a closing bracket is wanted")
		}
	}
}

// Eight bytes are looked at as one number: a byte of stops is not 0 where the byte of word is a quote, a backslash, a
// control character or not ASCII. Bytes above the first that is may be wrong, for a borrow runs upwards.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func stops(word uint64) uint64 {
	quote, backslash := word^('"'*ones), word^('\\'*ones)
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (word-' '*ones)&^word | word) & highs
}

// text reads a string from its opening to its closing quote.
func (r *reader) text() error {
	src, i := r.src, r.pos+1
	for {
		for i+8 <= len(src) {
			if at := stops(binary.LittleEndian.Uint64(src[i:])); at != 0 {
				i += bits.TrailingZeros64(at) / 8
				break
			}
			i += 8
		}
		if i == len(src) {
			r.pos = i
			return r.broken("the text ends within a string")
		}
		switch c := src[i]; {
		case c == '"':
			r.pos = i + 1
			return nil
		case c == '\\':
			n := escape(src[i:])
			if n == 0 {
				r.pos = i
				return r.broken("a backslash starts no escape that JSON has")
			}
			i += n
		case c < ' ':
			r.pos = i
			return r.broken("a control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			char, n := utf8.DecodeRune(src[i:])
			if char == utf8.RuneError && n == 1 {
				r.pos = i
				return r.broken("a string is not valid UTF-8")
			}
			i += n
		}
	}
}

// escape returns the length of the escape at the start of s, 0 if there is none. Half of a surrogate pair is none.
func escape(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		switch high := hex4(s); {
		case high < 0 || 0xdc00 <= high && high <= 0xdfff:
			return 0
		case 0xd800 <= high && high <= 0xdbff:
			if low := hex4(s[6:]); low < 0xdc00 || low > 0xdfff {
				return 0
			}
			return 12
		}
		return 6
	}
	return 0
}

// hex4 reads a \u escape at the start of s, -1 if it is not there.
func hex4(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	n := 0
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | int(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return n
}

// plain returns the content of a string that is valid, with its quotes.
func plain(quoted []byte) []byte {
	inside := quoted[1 : len(quoted)-1]
	for _, c := range inside {
		if c == '\\' {
			content, err := jsontext.AppendUnquote(nil, quoted)
			if err != nil { // it was read by text
				return inside
			}
			return content
		}
	}
	return inside
}

func (r *reader) number() error {
	if r.src[r.pos] == '-' {
		r.pos++
	}
	if r.pos < len(r.src) && r.src[r.pos] == '0' {
		r.pos++
	} else if !r.digits() {
		return r.broken("a digit is wanted")
	}
	if r.pos < len(r.src) && r.src[r.pos] == '.' {
		if r.pos++; !r.digits() {
			return r.broken("a digit is wanted after the decimal point")
		}
	}
	if r.pos < len(r.src) && r.src[r.pos]|0x20 == 'e' {
		r.pos++
		if r.pos < len(r.src) && (r.src[r.pos] == '+' || r.src[r.pos] == '-') {
			r.pos++
		}
		if !r.digits() {
			return r.broken("a digit of the exponent is wanted")
		}
	}
	return nil
}

func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.src) && '0' <= r.src[r.pos] && r.src[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

func (r *reader) literal() error {
	for _, word := range [...]string{"null", "false", "true"} {
		if end := r.pos + len(word); end <= len(r.src) && string(r.src[r.pos:end]) == word {
			r.pos = end
			return nil
		}
	}
	return r.broken("a value is wanted")
}
