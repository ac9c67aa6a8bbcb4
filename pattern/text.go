package pattern

import (
	"encoding/binary"
	"math/bits"
)

// The functions in this file check JSON text as scanner does, where only right or wrong is asked for.

const (
	ones  = 0x0101010101010101 // one in each byte
	highs = 0x8080808080808080 // the top bit of each byte
)

// special marks, by its top bit, the first byte of word that is a quote, a backslash or a control character. Bytes after
// the first may be marked wrongly.
func special(word uint64) uint64 {
	// A quote differs from a blank in one bit; with that bit flipped it is, like control characters, no more than a blank.
	return ((word ^ ones*('"'^' ') - ones*(' '+1)) | (word ^ ones*'\\' - ones)) &^ word & highs
}

// squeeze makes eight bits of the top bits of the bytes of marks, which has no others.
func squeeze(marks uint64) uint32 {
	const gather = 1<<56>>7 | 1<<49>>7 | 1<<42>>7 | 1<<35>>7 | 1<<28>>7 | 1<<21>>7 | 1<<14>>7 | 1<<7>>7
	return uint32(marks * gather >> 56)
}

// space returns the position of the first byte from pos on that is no white space.
func space(src []byte, pos int) int {
	for pos < len(src) && src[pos] <= ' ' && (src[pos] == ' ' || src[pos] == '\n' || src[pos] == '\r' || src[pos] == '\t') {
		pos++
	}
	return pos
}

// textEnd returns the position of the quote that ends the string which pos lies in, -1 if there is none or the string
// is wrong. Plain means that there is no escape from pos on.
func textEnd(src []byte, pos int) (end int, plain bool) {
	for plain = true; ; {
		for len(src)-pos >= 8 {
			mark := special(binary.LittleEndian.Uint64(src[pos:]))
			if mark != 0 {
				pos += bits.TrailingZeros64(mark) >> 3
				break
			}
			pos += 8
		}
		for pos < len(src) && src[pos] >= ' ' && src[pos] != '"' && src[pos] != '\\' {
			pos++
		}
		switch {
		case pos >= len(src) || src[pos] < ' ':
			return -1, false
		case src[pos] == '"':
			return pos, plain
		}
		length := escapeLen(src, pos)
		if length == 0 {
			return -1, false
		}
		pos, plain = pos+length, false
	}
}

// escapeLen returns the length of the escape at pos, 0 if it is none.
func escapeLen(src []byte, pos int) int {
	if pos+1 >= len(src) {
		return 0
	}
	switch src[pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if pos+6 > len(src) {
			return 0
		}
		for _, c := range src[pos+2 : pos+6] {
			if (c < '0' || c > '9') && (c|' ' < 'a' || c|' ' > 'f') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// literalAt returns the true, false or null at pos, empty if there is none.
func literalAt(src []byte, pos int) []byte {
	rest := src[pos:]
	switch {
	case len(rest) >= 4 && (string(rest[:4]) == "true" || string(rest[:4]) == "null"):
		return rest[:4]
	case len(rest) >= 5 && string(rest[:5]) == "false":
		return rest[:5]
	}
	return nil
}

// numberEnd returns where the number at pos ends, -1 if there is none.
func numberEnd(src []byte, pos int) int {
	if pos < len(src) && src[pos] == '-' {
		pos++
	}
	start := pos
	if pos = digitsEnd(src, pos); pos == start || src[start] == '0' && pos > start+1 {
		return -1
	}
	if pos < len(src) && src[pos] == '.' {
		start = pos + 1
		if pos = digitsEnd(src, start); pos == start {
			return -1
		}
	}
	if pos < len(src) && src[pos]|' ' == 'e' {
		start = pos + 1
		if start < len(src) && (src[start] == '+' || src[start] == '-') {
			start++
		}
		if pos = digitsEnd(src, start); pos == start {
			return -1
		}
	}
	return pos
}

func digitsEnd(src []byte, pos int) int {
	for pos < len(src) && '0' <= src[pos] && src[pos] <= '9' {
		pos++
	}
	return pos
}
