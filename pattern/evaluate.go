package pattern

// evaluation decides one pattern for one event.
type evaluation struct {
	p      *Pattern
	f      *facts
	fields []int32 // the pattern's fields in the facts' numbering
}

// match reports whether the event matches; the error is ErrTooComplex.
func (e *evaluation) match() (bool, error) {
	if !e.possible(&e.p.root) {
		return false, nil
	}
	if !e.arraysMatter() {
		return true, nil
	}
	return e.consistent()
}

// possible decides the pattern as if array elements did not exclude one another, and counts a field as absent if it is
// found in elements only. So false is final.
func (e *evaluation) possible(g *group) bool {
	for _, i := range g.conditions {
		if c := &e.p.conditions[i]; !e.f.possible(e.fields[c.field], c) {
			return false
		}
	}
or:
	for _, branches := range g.ors {
		for i := range branches {
			if e.possible(&branches[i]) {
				continue or
			}
		}
		return false
	}
	return true
}

// possible reports whether a value of the field satisfies the condition, or its absence outside of elements does.
func (f *facts) possible(field int32, c *condition) bool {
	outside := false // of all array elements
	for i := f.fields[field].first; i >= 0; {
		v := &f.values[i]
		if c.holds(v) {
			return true
		}
		outside = outside || v.element == 0
		i = v.next
	}
	return c.absent && !outside
}

// arraysMatter reports whether possible may have been wrong to say yes: two conditions, or an absence, look into array
// elements.
func (e *evaluation) arraysMatter() bool {
	nested := 0
	for i := range e.p.conditions {
		c := &e.p.conditions[i]
		if !e.f.fields[e.fields[c.field]].nested {
			continue
		}
		if nested++; nested > 1 || c.absent {
			return true
		}
	}
	return false
}
