package pattern

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"riposte.dev/fault"
)

// Matcher tells which of many named patterns an event matches. It is safe for concurrent use, also while patterns are
// added and removed: each Match sees the patterns of one moment.
type Matcher struct {
	mu     sync.RWMutex
	fields fieldSet
	rules  map[string][]*rule // by name; several patterns of a name are alternatives
	index  index
	free   []int32 // numbers of removed rules
	top    int32   // numbers given out so far

	matches sync.Pool // of *match
}

// rule is a pattern in a Matcher.
type rule struct {
	number  int32 // small, for marks
	name    string
	pattern *Pattern
	fields  []int32 // the pattern's fields in the Matcher's numbering
	keys    []key   // where the index has it; none: the event needs no particular value
}

// match is the working memory of one call of Match.
type match struct {
	facts  facts
	one    evaluation // of the rule at hand
	marks  []uint32   // by rule number: the round in which it was looked at
	round  uint32
	names  []string
	failed []error
}

// New returns a Matcher without patterns.
func New() *Matcher {
	return &Matcher{rules: map[string][]*rule{}, index: index{byField: map[int32]map[string][]*rule{}}}
}

// Add adds p under the name, beside patterns that the name already has: the name matches if one of them does.
func (m *Matcher) Add(name string, p *Pattern) {
	required := p.requirementOf(&p.root)
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &rule{name: name, pattern: p, fields: make([]int32, len(p.fields))}
	for i, field := range p.fields {
		r.fields[i] = m.fields.add(field)
	}
	if required.rank > rankNone {
		r.keys = required.keys
		for i := range r.keys {
			r.keys[i].field = r.fields[r.keys[i].field]
		}
	}
	if n := len(m.free); n > 0 {
		r.number, m.free = m.free[n-1], m.free[:n-1]
	} else {
		r.number = m.top
		m.top++
	}
	m.rules[name] = append(m.rules[name], r)
	m.index.add(r)
}

// Remove removes all patterns of the name; it does nothing if there are none.
func (m *Matcher) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rules[name] {
		m.index.remove(r)
		for _, field := range r.fields {
			m.fields.remove(field)
		}
		m.free = append(m.free, r.number)
	}
	delete(m.rules, name)
}

// Match returns the names that the event matches, sorted, each once. The event is one JSON object (RFC 8259) of at most
// MaxEventBytes; all of it is checked, and of duplicate keys all values count. Errors: a *fault.Error of code Invalid or
// TooLarge for the event, with no names; or one that wraps ErrTooComplex and names the patterns that could not be decided,
// with the names that did match.
func (m *Matcher) Match(event []byte) ([]string, error) {
	if len(event) > MaxEventBytes {
		return nil, fault.New(fault.TooLarge, "event has %d bytes, over the limit of %d", len(event), MaxEventBytes)
	}
	work, _ := m.matches.Get().(*match)
	if work == nil {
		work = &match{}
	}
	defer func() {
		work.facts.forget()
		work.one = evaluation{}
		m.matches.Put(work)
	}()

	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := work.facts.read(event, &m.fields); err != nil {
		return nil, err
	}
	work.begin(int(m.top))
	m.index.decide(work)
	return work.result()
}

// begin starts a round in which no rule was looked at.
func (w *match) begin(rules int) {
	if w.round++; w.round == 0 { // after 2^32 rounds old marks would look new
		clear(w.marks)
		w.round = 1
	}
	for len(w.marks) < rules {
		w.marks = append(w.marks, 0)
	}
	w.names, w.failed = w.names[:0], nil
}

func (w *match) decide(r *rule) {
	if w.marks[r.number] == w.round {
		return
	}
	w.marks[r.number] = w.round
	w.one = evaluation{p: r.pattern, f: &w.facts, fields: r.fields}
	switch yes, err := w.one.match(); {
	case err != nil:
		w.failed = append(w.failed, fmt.Errorf("pattern %q: %w", r.name, err))
	case yes:
		w.names = append(w.names, r.name)
	}
}

func (w *match) result() ([]string, error) {
	if len(w.names) == 0 {
		return nil, errors.Join(w.failed...)
	}
	slices.Sort(w.names)
	return slices.Clone(slices.Compact(w.names)), errors.Join(w.failed...)
}
