package pattern

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// observation is what an explanation knows of an event: the values of the pattern's fields with their places, and where
// else fields of like names are.
type observation struct {
	conditions []condition
	spots      map[string]*spot // by path, joined by dots: fields and what lies above them
	byLastKey  map[string][]*spot
	longest    int       // of the paths in spots
	hits       [][]*leaf // by condition: values that it accepts, at most maxLeaves
	accepted   []bool    // by condition: whether it accepts any value

	scan   scanner
	prefix []byte   // the path at hand, joined by dots
	steps  []string // the same with array positions
	around []item   // the array elements around it
	arrays int      // seen so far
}

// spot is a place in the event that matters.
type spot struct {
	name       string
	conditions []int32 // that ask for its values
	count      int
	leaves     []*leaf // at most maxLeaves
	plain      bool    // a value lies in no array element
	what       string  // what is there first: "an object", "null", …; "" is nothing
	elsewhere  []stray // fields of a like name, nearest first; at most maxShown
}

// leaf is a value of a field.
type leaf struct {
	value  value
	path   string
	around []item
}

// item is an element of an array.
type item struct {
	array int // in the order of the text
	name  string
	index int
}

// stray is a field that may be the one that was meant; a lower rank is nearer.
type stray struct {
	path string
	rank int
}

// The ranks of strays.
const (
	otherCase   = iota // the path in another case
	deeper             // the path below something
	shallower          // the end of the path alone
	otherParent        // the last name in another place
)

// longestName bounds the paths that are looked at as strays, and textKept the text of a value that is kept.
const (
	longestName = 1024
	textKept    = 4096
)

// observe reads an event that Match has accepted.
func observe(event []byte, fields []string, conditions []condition) (*observation, error) {
	o := &observation{
		conditions: conditions, spots: map[string]*spot{}, byLastKey: map[string][]*spot{},
		hits: make([][]*leaf, len(conditions)), accepted: make([]bool, len(conditions)), scan: scanner{src: event},
	}
	for _, name := range fields {
		s := o.spotOf(name)
		if len(name) <= longestName {
			last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
			o.byLastKey[last] = append(o.byLastKey[last], s)
			for above := range parents(name) {
				o.spotOf(above)
			}
		}
	}
	for i := range conditions {
		s := o.spots[conditions[i].name]
		s.conditions = append(s.conditions, int32(i))
	}
	o.scan.peek()
	if err := o.object(1); err != nil {
		return nil, err // Match has read the event, so this does not happen
	}
	return o, nil
}

func (o *observation) spotOf(name string) *spot {
	s := o.spots[name]
	if s == nil {
		s = &spot{name: name}
		o.spots[name] = s
		o.longest = max(o.longest, len(name))
	}
	return s
}

// holds decides a condition alone.
func (o *observation) holds(i int32) bool {
	return o.accepted[i] || o.conditions[i].absent && !o.spots[o.conditions[i].name].plain
}

func (o *observation) object(depth int) error {
	return o.scan.members(depth, func(key []byte, _ int) error {
		before := len(o.prefix)
		if len(o.steps) > 0 {
			o.prefix = append(o.prefix, '.')
		}
		o.prefix = append(o.prefix, key...)
		o.steps = append(o.steps, string(key[:min(len(key), longestName)]))
		o.compare(key)
		err := o.value(depth + 1)
		o.prefix, o.steps = o.prefix[:before], o.steps[:len(o.steps)-1]
		return err
	})
}

func (o *observation) here() *spot {
	if len(o.prefix) > o.longest {
		return nil
	}
	return o.spots[string(o.prefix)]
}

func (o *observation) value(depth int) error {
	first := o.scan.peek()
	s := o.here()
	switch first {
	case '{':
		s.note("an object")
		return o.object(depth)
	case '[':
		return o.array(s, depth)
	}
	k, text, err := o.scan.scalar(first)
	if err == nil && s != nil {
		o.leaf(s, value{kind: k, text: text})
	}
	return err
}

func (s *spot) note(what string) {
	if s != nil && s.what == "" {
		s.what = what
	}
}

func (o *observation) array(s *spot, depth int) error {
	this, index := o.arrays, -1
	o.arrays++
	s.note("an array")
	err := o.scan.items(depth, func(first byte) error {
		index++
		composite := first == '{' || first == '['
		if composite {
			o.around = append(o.around, item{array: this, name: string(o.prefix[:min(len(o.prefix), longestName)]), index: index})
		}
		o.steps = append(o.steps, strconv.Itoa(index))
		err := o.value(depth + 1)
		o.steps = o.steps[:len(o.steps)-1]
		if composite {
			o.around = o.around[:len(o.around)-1]
		}
		return err
	})
	if index < 0 && s != nil && s.what == "an array" {
		s.what = "an empty array"
	}
	return err
}

func (o *observation) leaf(s *spot, v value) {
	s.count++
	s.plain = s.plain || len(o.around) == 0
	var kept *leaf
	keep := func() *leaf {
		if kept == nil {
			kept = &leaf{value: value{kind: v.kind, text: bytes.Clone(v.text[:min(len(v.text), textKept)])},
				path: jsonPath(o.steps), around: slices.Clone(o.around)}
		}
		return kept
	}
	if len(s.leaves) < maxLeaves {
		s.leaves = append(s.leaves, keep())
		s.note(kept.describe())
	}
	for _, i := range s.conditions {
		if !o.conditions[i].holds(&v) {
			continue
		}
		o.accepted[i] = true
		if len(o.hits[i]) < maxLeaves {
			o.hits[i] = append(o.hits[i], keep())
		}
	}
}

// compare looks whether a field that the pattern asks for elsewhere is meant.
func (o *observation) compare(key []byte) {
	if len(o.prefix) > longestName {
		return
	}
	last := key[bytes.LastIndexByte(key, '.')+1:]
	for _, s := range o.byLastKey[string(bytes.ToLower(last))] {
		if path := string(o.prefix); path != s.name {
			s.stray(path)
		}
	}
}

func (s *spot) stray(path string) {
	rank := otherParent
	switch {
	case strings.EqualFold(path, s.name):
		rank = otherCase
	case strings.HasSuffix(path, "."+s.name):
		rank = deeper
	case strings.HasSuffix(s.name, "."+path):
		rank = shallower
	}
	at := 0
	for at < len(s.elsewhere) && s.elsewhere[at].rank <= rank {
		if s.elsewhere[at].path == path {
			return
		}
		at++
	}
	if at < maxShown {
		s.elsewhere = slices.Insert(s.elsewhere, at, stray{path, rank})
		s.elsewhere = s.elsewhere[:min(len(s.elsewhere), maxShown)]
	}
}

// json writes the value as JSON has it, cut to what a message bears.
func (l *leaf) json() string {
	if l.value.kind == stringKind {
		return quoted(strings.ToValidUTF8(string(l.value.text), "\uFFFD"))
	}
	return clipped(string(l.value.text))
}

func (l *leaf) describe() string {
	switch l.value.kind {
	case stringKind:
		return "the string " + l.json()
	case numberKind:
		return "the number " + l.json()
	default:
		return l.json()
	}
}
