package pattern

import "net/netip"

// value is a leaf of an event: a string, number, true, false or null with the array element that it lies in.
type value struct {
	text    []byte // a string's content, a number's or literal's spelling; points into the event
	element int32  // index in facts.elements; 0 is the event itself
	next    int32  // the next value of the same field, -1 at the end
	hash    uint64 // of text, 0 until it is asked for
	kind    kind
}

// hashed returns the hash of the text.
func (v *value) hashed() uint64 {
	if v.hash == 0 {
		v.hash = hashOf(v.text)
	}
	return v.hash
}

// asNumber returns the value as a number that can be compared.
func (v *value) asNumber() (float64, bool) {
	if v.kind != numberKind {
		return 0, false
	}
	return comparableNumber(v.text)
}

// asAddress returns the value as an IP address.
func (v *value) asAddress() (netip.Addr, bool) {
	if v.kind != stringKind {
		return netip.Addr{}, false
	}
	return parseAddress(v.text)
}

// test is one alternative of a field's list in a pattern. A test is immutable.
type test interface {
	holds(v *value) bool
}

// condition is a field of a pattern with its list of alternatives.
type condition struct {
	name  string // the field's path, joined by dots
	field int32  // index in Pattern.fields
	tests []test
	// absent: {"exists": false} is among the alternatives.
	absent bool
	// keys are the strings of which the event must have one, when the list has plain strings and nothing else.
	keys []string
}

func (c *condition) holds(v *value) bool {
	for _, t := range c.tests {
		if t.holds(v) {
			return true
		}
	}
	return false
}

// oneOf is a list of plain strings.
type oneOf struct {
	texts []string
	many  map[string]struct{} // the same, if they are more than a few
}

const manyStrings = 8

func newOneOf(texts []string) oneOf {
	t := oneOf{texts: texts}
	if len(texts) > manyStrings {
		t.many = make(map[string]struct{}, len(texts))
		for _, text := range texts {
			t.many[text] = struct{}{}
		}
	}
	return t
}

func (t oneOf) holds(v *value) bool {
	if v.kind != stringKind {
		return false
	}
	if t.many != nil {
		_, ok := t.many[string(v.text)]
		return ok
	}
	for _, text := range t.texts {
		if string(v.text) == text {
			return true
		}
	}
	return false
}

// literal is a plain true, false or null.
type literal string

func (t literal) holds(v *value) bool { return v.kind == literalKind && string(v.text) == string(t) }

// prefix and suffix are {"prefix": …} and {"suffix": …}; they hold for strings only.
type (
	prefix string
	suffix string
)

func (t prefix) holds(v *value) bool {
	return v.kind == stringKind && len(v.text) >= len(t) && string(v.text[:len(t)]) == string(t)
}

func (t suffix) holds(v *value) bool {
	return v.kind == stringKind && len(v.text) >= len(t) && string(v.text[len(v.text)-len(t):]) == string(t)
}

// anyValue is {"exists": true}: every leaf will do, null too.
type anyValue struct{}

func (anyValue) holds(*value) bool { return true }

// noneOf is {"anything-but": …}: the field has a value for which no test holds. The tests look at strings or at numbers
// only, so a value of another kind passes.
type noneOf []test

func (t noneOf) holds(v *value) bool {
	for _, but := range t {
		if but.holds(v) {
			return false
		}
	}
	return true
}
