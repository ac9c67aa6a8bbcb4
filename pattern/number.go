package pattern

import (
	"bytes"
	"strconv"
)

// comparableNumber reads a JSON number as the float64 that the language compares. Spellings that float64 would change
// (1e400, 1e-400, more digits than it holds) can't be compared: event-ruler refuses them in patterns and lets no numeric
// test see them in events, so that 9007199254740993 never equals 9007199254740992.
func comparableNumber(spelling []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(spelling), 64)
	if err != nil {
		return 0, false
	}
	if len(spelling) <= 15 && !bytes.ContainsAny(spelling, "eE") {
		return f, true // up to 15 digits always survive the way to float64 and back
	}
	var buf [32]byte
	kept := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if !sameDecimal(spelling, kept) {
		return 0, false
	}
	return f, true
}

// sameDecimal reports whether two spellings of numbers have the same decimal value. The spellings are valid JSON; the
// exponents are in float64's range unless all digits are zero.
func sameDecimal(a, b []byte) bool {
	aDigits, aExponent, aNegative := decimal(a)
	bDigits, bExponent, bNegative := decimal(b)
	if len(aDigits) == 0 || len(bDigits) == 0 {
		return len(aDigits) == len(bDigits)
	}
	return aNegative == bNegative && aExponent == bExponent && bytes.Equal(aDigits, bDigits)
}

// decimal takes a spelling apart: digits without zeros at either end, and the power of ten of the first of them.
func decimal(spelling []byte) (digits []byte, exponent int, negative bool) {
	if spelling[0] == '-' {
		negative, spelling = true, spelling[1:]
	}
	if at := bytes.IndexAny(spelling, "eE"); at >= 0 {
		exponent, _ = strconv.Atoi(string(bytes.TrimPrefix(spelling[at+1:], []byte("+"))))
		spelling = spelling[:at]
	}
	whole, fraction, _ := bytes.Cut(spelling, []byte("."))
	digits = append(append(make([]byte, 0, len(spelling)), whole...), fraction...)
	exponent += len(whole) - 1
	trimmed := bytes.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	return bytes.TrimRight(trimmed, "0"), exponent, negative
}

// number is a plain number: an equal one if both can be compared, else one of the same spelling.
type number struct {
	value      float64
	comparable bool
	spelling   string
}

func newNumber(spelling string) number {
	f, ok := comparableNumber([]byte(spelling))
	return number{value: f, comparable: ok, spelling: spelling}
}

func (t number) holds(v *value) bool {
	if t.comparable {
		f, ok := v.asNumber()
		return ok && f == t.value
	}
	return v.kind == numberKind && string(v.text) == t.spelling
}

// numericRange is {"numeric": [...]}; an end that is missing is infinite.
type numericRange struct {
	low, high         float64
	lowOpen, highOpen bool // the end itself is outside
}

func (t numericRange) holds(v *value) bool {
	f, ok := v.asNumber()
	if !ok || f < t.low || f > t.high {
		return false
	}
	return !(t.lowOpen && f == t.low) && !(t.highOpen && f == t.high)
}
