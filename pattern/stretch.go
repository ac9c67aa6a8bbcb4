package pattern

import (
	"encoding/binary"
	"math/bits"
)

// stretch is the text between two values of an event: closing brackets, a comma, names, opening brackets, what is asked for
// by no pattern (true, false, null, empty containers), and the quote that begins the next string. It was checked byte by
// byte when it was learnt, so the same bytes need no other check at the same stand.
type stretch struct {
	// What is looked at most comes first, in one line of the processor's cache.
	start  start
	likely *stretch // what followed it last time; all that follows begins at the stand where this one ends
	field  int32    // of the value that it ends with or that comes next, noField if it is not asked for
	length uint8
	begins uint8 // beginsNothing, beginsString, beginsNumber, or the length of the true, false or null at the end

	end         [endWords]uint64 // its last bytes, if it is longer than its start
	run         *run             // that begins with it, or nil
	stand, from *stand           // where it ends and where it begins
	other       *stretch         // what else followed it,
	third       *stretch         // and what else
	number      uint32
	habit       habit
}

// What comes after a stretch.
const (
	beginsNothing = 0 // another stretch
	beginsString  = 1 // a string, behind its quote
	beginsNumber  = 2
	beginsLost    = 255 // it is no stretch
)

// Bounds on what a reader remembers: some 200 KB.
const (
	startWords      = 3 // compared at once; what is longer costs another comparison
	endWords        = 8
	startBytes      = startWords * 8
	endBytes        = endWords * 8
	maxStretches    = 1024
	maxStretchBytes = startBytes + endBytes
)

// isAt reports whether the stretch is at pos, and follow would find it there.
func (s *stretch) isAt(src []byte, pos int) bool {
	text, length := src[pos:], int(s.length)
	if len(text) < max(startBytes, length) || s.begins == beginsLost || s.start.differs(binary.LittleEndian.Uint64(text),
		binary.LittleEndian.Uint64(text[8:]), binary.LittleEndian.Uint64(text[16:])) != 0 {
		return false
	}
	if s.begins == beginsNumber && !beginsNumberAt(text, length) {
		return false
	}
	return length <= startBytes || s.endsWith(text[:length])
}

// endsWith reports whether text, as long as the stretch and longer than its start, ends with it.
func (s *stretch) endsWith(text []byte) bool {
	end := s.end[endWords-(len(text)-startBytes+7)/8:]
	tail := text[len(text)-len(end)*8:]
	for _, word := range end {
		if binary.LittleEndian.Uint64(tail) != word {
			return false
		}
		tail = tail[8:]
	}
	return true
}

// follow goes from stretch to stretch as long as they come as they did last time and nothing is asked for. It returns the last
// one, its end, and where the string behind it ends; or the end of that string and -1 if another stretch comes; or 0 if there
// is no string behind the stretch. Where a string ends may be any special character, or a place near the end of src.
func follow(src []byte, pos int, last *stretch) (*stretch, int, int) {
	for {
		ahead := src[pos:]
		if len(ahead) < startBytes {
			return last, pos, -1
		}
		s := last.likely
		a, b, c := binary.LittleEndian.Uint64(ahead), binary.LittleEndian.Uint64(ahead[8:]), binary.LittleEndian.Uint64(ahead[16:])
		if s.start.differs(a, b, c) != 0 {
			if s = last.other; s.start.differs(a, b, c) != 0 {
				return last, pos, -1
			}
			last.likely, last.other = s, last.likely
		}
		if x := s.run; x != nil && x.credit > 0 && x.isIn(ahead) {
			pos, s = pos+len(x.text), x.last
		} else {
			if s.length > startBytes && (len(ahead) < int(s.length) || !s.endsWith(ahead[:s.length])) {
				return last, pos, -1
			}
			pos += int(s.length)
			if s.begins != beginsString {
				if s.begins == beginsLost || s.begins == beginsNumber && !beginsNumberAt(src, pos) {
					return last, pos - int(s.length), -1
				}
				return s, pos, 0
			}
		}
		end := pos
		for len(src)-end >= 16 {
			pair := src[end : end+16]
			low, high := special(binary.LittleEndian.Uint64(pair)), special(binary.LittleEndian.Uint64(pair[8:]))
			if low|high == 0 {
				end += 16
				continue
			}
			end += bits.TrailingZeros32(squeeze(low) | squeeze(high)<<8)
			break
		}
		if s.field >= 0 || end >= len(src) || src[end] != '"' {
			return s, pos, end
		}
		last, pos = s, end+1
	}
}

// beginsNumberAt reports whether a number may begin at pos.
func beginsNumberAt(src []byte, pos int) bool {
	return pos < len(src) && (src[pos] == '-' || '0' <= src[pos] && src[pos] <= '9')
}

// step is follow for one stretch.
func (s *stretch) step(src []byte, pos int) (*stretch, int, int) {
	next := s.likely
	if !next.isAt(src, pos) {
		return s, pos, -1
	}
	if pos += int(next.length); next.begins != beginsString {
		return next, pos, 0
	}
	return next, pos, pos
}
