package pattern

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A pattern's fields may lie in arrays of objects. event-ruler then wants all values that make the pattern match to be
// consistent: of each array of the event, they lie in at most one element. A field is absent when it has no value that
// is consistent with the elements chosen by the fields before it, in the order of their names.
//
// The search takes the pattern's conditions one by one and keeps the elements chosen so far, but only those of arrays
// that a later condition looks into. What it has tried from a step with the same elements chosen, it does not try again;
// so the work is near linear in the event unless conditions on several arrays interleave. It is bounded in any case.

// step is a condition to satisfy, or a choice between branches. Steps are numbered in the order of the search.
type step struct {
	condition int32
	next      int32   // the step after it; len(steps) is the end
	branches  []int32 // first steps of the branches of a $or; nil for a condition
}

// compileSteps lays a group out as steps.
func compileSteps(g *group) []step {
	var steps []step
	var lay func(g *group)
	lay = func(g *group) {
		for _, i := range g.conditions {
			steps = append(steps, step{condition: i, next: int32(len(steps) + 1)})
		}
		for _, or := range g.ors {
			fork := len(steps)
			steps = append(steps, step{branches: make([]int32, len(or))})
			var ends []int // steps that leave a branch
			for i := range or {
				steps[fork].branches[i] = int32(len(steps))
				lay(&or[i])
				if int(steps[fork].branches[i]) < len(steps) {
					// A branch is left by a jump of its own, since its last step may be the fork of an inner $or.
					ends = append(ends, len(steps))
					steps = append(steps, step{branches: []int32{-1}})
				} else {
					steps[fork].branches[i] = -1
				}
			}
			after := int32(len(steps))
			for _, end := range ends {
				steps[end].branches[0] = after
			}
			for i, first := range steps[fork].branches {
				if first < 0 {
					steps[fork].branches[i] = after
				}
			}
		}
	}
	lay(g)
	return steps
}

// search looks for consistent elements.
type search struct {
	e       *evaluation
	steps   []step
	hits    [][]int32 // by condition: elements with a value that it accepts; nil until asked for
	present [][]int32 // by condition: elements with any value of its field
	latest  []int32   // by array: the last step that looks into it
	tried   map[string]struct{}
	key     []byte
	left    int // work left to do
}

// The search may spend searchWork, and workPerValue for each value of the event, on one pattern. Looking at a value costs
// one, a new state stateCost and one for each element chosen; so memory is bounded too, at some 20 MB.
const (
	searchWork   = 1 << 20
	workPerValue = 64
	stateCost    = 8
)

// consistent decides the pattern with regard to array elements.
func (e *evaluation) consistent() (bool, error) {
	s := &search{
		e: e, left: searchWork + workPerValue*len(e.f.values),
		hits: make([][]int32, len(e.p.conditions)), present: make([][]int32, len(e.p.conditions)),
		latest: make([]int32, len(e.f.arrays)),
	}
	var found bool
	if len(e.p.root.ors) > 0 && s.absenceInArrays() {
		// Absence depends on the order of all fields of a combination, so each combination is a search of its own.
		found = s.combination(e.p.root.ors, e.p.root.conditions)
	} else {
		found = s.start(e.p.program)
	}
	if !found && s.left < 0 {
		return false, ErrTooComplex
	}
	return found, nil
}

func (s *search) absenceInArrays() bool {
	return slices.ContainsFunc(s.e.p.conditions, func(c condition) bool {
		return c.absent && s.e.f.fields[s.e.fields[c.field]].nested
	})
}

// combination tries every choice of branches for ors beside the conditions chosen so far.
func (s *search) combination(ors [][]group, conditions []int32) bool {
	if len(ors) == 0 {
		conditions = slices.Clone(conditions)
		all := s.e.p.conditions
		slices.SortFunc(conditions, func(a, b int32) int { return cmp.Compare(all[a].name, all[b].name) })
		return s.start(compileSteps(&group{conditions: conditions}))
	}
	for i := range ors[0] {
		branch := &ors[0][i]
		if s.left -= 1 + len(branch.conditions); s.left < 0 {
			return false
		}
		if !s.e.possible(branch) {
			continue
		}
		rest := slices.Concat(branch.ors, ors[1:])
		if s.combination(rest, slices.Concat(conditions, branch.conditions)) {
			return true
		}
	}
	return false
}

// start searches from the first of steps.
func (s *search) start(steps []step) bool {
	s.steps, s.tried = steps, map[string]struct{}{}
	for i := range s.latest {
		s.latest[i] = -1
	}
	for at, st := range steps {
		if st.branches != nil {
			continue
		}
		for _, e := range s.presentIn(st.condition) {
			for ; e != 0; e = s.e.f.parent(e) {
				s.latest[s.e.f.elements[e].array] = int32(at)
			}
			s.left--
		}
	}
	return s.from(0, nil, true)
}

// from tries to satisfy all steps from at on, beside the elements chosen: ascending, one of an array at most. A new state
// is one that no other way leads to, so that it need not be remembered.
func (s *search) from(at int32, chosen []int32, isNew bool) bool {
	if int(at) == len(s.steps) {
		return true
	}
	if s.left -= stateCost + len(chosen); s.left < 0 || !isNew && s.repeats(at, chosen) {
		return false
	}
	st := &s.steps[at]
	for _, branch := range st.branches {
		if s.from(branch, chosen, false) {
			return true
		}
	}
	if st.branches != nil {
		return false
	}
	return s.choose(st, at, chosen) ||
		s.e.p.conditions[st.condition].absent && !s.anyPresent(st.condition, chosen) && s.from(st.next, s.keep(chosen, at), false)
}

// choose satisfies the condition at a step by each value that is consistent with the elements chosen.
func (s *search) choose(st *step, at int32, chosen []int32) bool {
	hits := s.hitsOf(st.condition)
	for i := 0; i < len(hits); {
		if s.left--; s.left < 0 {
			return false
		}
		if resume := s.conflict(hits[i], chosen); resume > 0 {
			i += seek(hits[i:], resume)
			continue
		}
		more, resume, isNew := s.add(hits[i], chosen, at)
		if s.from(st.next, more, isNew) {
			return true
		}
		i += seek(hits[i:], resume)
	}
	return false
}

// seek returns the position of the first element from on.
func seek(elements []int32, from int32) int {
	i, _ := slices.BinarySearch(elements, from)
	return i
}

// conflict returns 0 if element e goes together with those chosen, else the next element that may.
func (s *search) conflict(e int32, chosen []int32) (resume int32) {
	f := s.e.f
	for at := e; at != 0 && len(chosen) > 0; at = f.parent(at) {
		in := f.elements[at].array
		for _, other := range chosen {
			switch {
			case f.elements[other].array != in || other == at:
			case e < other:
				resume = other
			default:
				resume = f.arrays[in].end
			}
		}
	}
	return resume
}

// add returns chosen with element e and those around it, less those that no step after at looks into; the next element
// that can make a difference to that; and whether chosen and e can be told from it.
func (s *search) add(e int32, chosen []int32, at int32) (more []int32, resume int32, isNew bool) {
	f := s.e.f
	more, resume = s.keep(chosen, at), e+1
	dropped := len(more) < len(chosen)
	for ; e != 0; e = f.parent(e) {
		in := f.elements[e].array
		if s.latest[in] <= at {
			resume, dropped = f.arrays[in].end, true
			continue
		}
		if i, there := slices.BinarySearch(more, e); !there {
			more = slices.Insert(slices.Clip(more), i, e)
		}
	}
	return more, resume, !dropped && len(more) > len(chosen)
}

// keep returns those of chosen whose array a step after at looks into.
func (s *search) keep(chosen []int32, at int32) []int32 {
	drop := func(e int32) bool { return s.latest[s.e.f.elements[e].array] <= at }
	if !slices.ContainsFunc(chosen, drop) {
		return chosen
	}
	return slices.DeleteFunc(slices.Clone(chosen), drop)
}

// anyPresent reports whether the condition's field has a value that is consistent with the elements chosen.
func (s *search) anyPresent(condition int32, chosen []int32) bool {
	present := s.presentIn(condition)
	for i := 0; i < len(present); {
		s.left--
		resume := s.conflict(present[i], chosen)
		if resume == 0 {
			return true
		}
		i += seek(present[i:], resume)
	}
	return false
}

// repeats notes the state and reports whether it was tried before.
func (s *search) repeats(at int32, chosen []int32) bool {
	s.key = binary.LittleEndian.AppendUint32(s.key[:0], uint32(at))
	for _, e := range chosen {
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(e))
	}
	if _, ok := s.tried[string(s.key)]; ok {
		return true
	}
	s.tried[string(s.key)] = struct{}{}
	return false
}

func (s *search) hitsOf(condition int32) []int32 {
	if s.hits[condition] == nil {
		c := &s.e.p.conditions[condition]
		s.hits[condition] = append(make([]int32, 0), s.e.f.elementsOf(s.e.fields[c.field], c.holds)...)
	}
	return s.hits[condition]
}

func (s *search) presentIn(condition int32) []int32 {
	if s.present[condition] == nil {
		c := &s.e.p.conditions[condition]
		all := func(*value) bool { return true }
		s.present[condition] = append(make([]int32, 0), s.e.f.elementsOf(s.e.fields[c.field], all)...)
	}
	return s.present[condition]
}
