package event

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

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
func (r *Reader) text() error {
	src, i := r.src, r.pos+1
	for {
		for i+16 <= len(src) {
			pair := src[i : i+16]
			low, high := stops(binary.LittleEndian.Uint64(pair)), stops(binary.LittleEndian.Uint64(pair[8:]))
			if low|high == 0 {
				i += 16
				continue
			}
			if low == 0 {
				low, i = high, i+8
			}
			i += bits.TrailingZeros64(low) / 8
			break
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

func (r *Reader) number() error {
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

func (r *Reader) digits() bool {
	start := r.pos
	for r.pos < len(r.src) && '0' <= r.src[r.pos] && r.src[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

func (r *Reader) literal() error {
	for _, word := range [...]string{"null", "false", "true"} {
		if end := r.pos + len(word); end <= len(r.src) && string(r.src[r.pos:end]) == word {
			r.pos = end
			return nil
		}
	}
	return r.broken("a value is wanted")
}
