package pattern

import (
	"slices"
	"sync"

	"riposte.dev/fault"
)

// Matcher tells which of many named patterns an event matches. It is safe for concurrent use, also while patterns are
// added and removed: each match sees the patterns of one moment, and never waits for a change.
type Matcher struct {
	sides   sides
	matches sync.Pool // of *match
}

// New returns a Matcher without patterns.
func New() *Matcher {
	m := &Matcher{}
	m.sides.begin()
	return m
}

// Add adds p under the name, beside patterns that the name already has: the name matches if one of them does.
func (m *Matcher) Add(name string, p *Pattern) {
	m.sides.change(change{name: name, add: []*Pattern{p}})
}

// Replace gives the name these patterns in place of those that it has; no match sees it without any of them.
func (m *Matcher) Replace(name string, patterns ...*Pattern) {
	m.sides.change(change{name: name, remove: true, add: slices.Clone(patterns)})
}

// Remove removes all patterns of the name; it does nothing if there are none.
func (m *Matcher) Remove(name string) {
	m.sides.change(change{name: name, remove: true})
}

// Match returns the names that the event matches, sorted, each once. The event is one JSON object (RFC 8259) of at most
// MaxEventBytes; all of it is checked, and of duplicate keys all values count. Errors: a *fault.Error of code Invalid or
// TooLarge for the event, with no names; or one that wraps ErrTooComplex and names the patterns that could not be decided,
// with the names that did match.
func (m *Matcher) Match(event []byte) ([]string, error) {
	names, err := m.Append(nil, event)
	slices.Sort(names)
	return names, err
}

// Append does what Match does, but appends the names to those in names, in no order. It does not allocate if there is room.
func (m *Matcher) Append(names []string, event []byte) ([]string, error) {
	return m.append(names, event, false)
}

// AppendTrusted is Append for an event that was checked before: it is JSON, no object in it has a name twice, and no path
// is written in two ways ("a.b" beside "a" with "b" inside). It stops reading when the rest can't change the answer. Of an
// event that is not so, it may overlook what is wrong with it and the values that come later; it does no other harm.
func (m *Matcher) AppendTrusted(names []string, event []byte) ([]string, error) {
	return m.append(names, event, true)
}

func (m *Matcher) append(names []string, event []byte, trusted bool) ([]string, error) {
	if len(event) > MaxEventBytes {
		return names, fault.New(fault.TooLarge, "event has %d bytes, over the limit of %d", len(event), MaxEventBytes)
	}
	w, _ := m.matches.Get().(*match)
	if w == nil {
		w = &match{}
	}
	side := m.sides.enter()
	names, err := w.run(names, event, &side.rules, trusted)
	side.readers.Add(-1)
	w.facts.forget()
	m.matches.Put(w)
	return names, err
}
