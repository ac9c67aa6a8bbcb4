package pattern

import "slices"

// maxClauses is how many clauses a pattern is written out to at most.
const maxClauses = 32

// clause is one way for a pattern to match: conditions that all hold. A pattern without $or is one clause; a $or makes a
// clause of each combination of branches, as long as they are few. Beyond that its $or are left out of the clauses, and
// the whole pattern is looked at when the rest of it holds.
type clause struct {
	rule   *rule
	number int32 // of the rule
	needs  []need
	whole  bool // no $or was left out
	exact  bool // whole, and columns decide all its conditions with certainty
	places []place
}

// need is a condition on a field, in the Matcher's numbering.
type need struct {
	field int32
	*condition
	// The most common conditions are decided without a look at their tests, which lie all over the memory.
	simple simple
	text   string
}

// simple says what is asked of a single value of the field.
type simple uint8

const (
	notSimple simple = iota
	isText           // it is the string text
	isNotText        // it is anything else
)

func newNeed(field int32, c *condition) need {
	n := need{field: field, condition: c}
	if len(c.tests) != 1 || c.absent {
		return n
	}
	switch t := c.tests[0].(type) {
	case oneOf:
		if len(t.texts) == 1 {
			n.simple, n.text = isText, t.texts[0]
		}
	case noneOf:
		if texts := t.texts(); len(texts) == 1 {
			n.simple, n.text = isNotText, texts[0]
		}
	}
	return n
}

// satisfiedBy reports whether the value satisfies the need.
func (n *need) satisfiedBy(v *value) bool {
	if n.simple == notSimple {
		return n.holds(v)
	}
	return (v.kind == stringKind && string(v.text) == n.text) == (n.simple == isText)
}

// place is where a partition keeps a clause: in a slot, behind the need whose field must be there (-1: it needs none), or
// without a slot (-1), found by the texts of the need.
type place struct {
	partition *partition
	slot      int32
	need      int
}

// clauses returns the ways for g to hold as lists of conditions, and whether all of its $or are in them.
func (g *group) clauses() (ways [][]int32, whole bool) {
	ways, whole = [][]int32{g.conditions}, true
	for _, or := range g.ors {
		var inside [][]int32
		for i := range or {
			inner, innerWhole := or[i].clauses()
			inside, whole = append(inside, inner...), whole && innerWhole
			if len(inside) > maxClauses {
				break
			}
		}
		if len(ways)*len(inside) > maxClauses {
			whole = false
			continue
		}
		var product [][]int32
		for _, way := range ways {
			for _, more := range inside {
				product = append(product, slices.Concat(way, more))
			}
		}
		ways = product
	}
	return ways, whole
}

// allPossible reports whether the event may satisfy all needs: array elements are not regarded.
func (f *facts) allPossible(needs []need) bool {
	for i := range needs {
		n := &needs[i]
		at := &f.fields[n.field]
		if n.simple != notSimple && at.first == at.last {
			if at.first < 0 || !n.satisfiedBy(&f.values[at.first]) {
				return false
			}
			continue
		}
		if !f.possible(n.field, n.condition) {
			return false
		}
	}
	return true
}

// present reports whether the fields that c needs have values.
func (c *clause) present(f *facts) bool {
	for i := range c.needs {
		if n := &c.needs[i]; f.fields[n.field].first < 0 && !n.absent {
			return false
		}
	}
	return true
}
