package pattern

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// maxUses bounds the conditions of a resolved pattern, where a condition counts once per place that it is used.
const maxUses = 100_000

// group is a set of requirements of which all must hold: conditions, and per $or one of its branches. Once resolved, no
// choice of branches names a field twice.
type group struct {
	conditions []int32
	ors        [][]group
}

// fieldNames is a set of fields.
type fieldNames map[int32]bool

// resolver turns statements into a group. The language reads a pattern from top to bottom and a later list for a field
// replaces an earlier one, in the combinations of branches that have both: a field after a $or replaces it in every
// branch, a field inside a branch replaces an outer one in that branch. event-ruler writes every combination out; here
// only what is replaced is moved into the branches, so that independent $or stay side by side.
type resolver struct {
	conditions []condition
	uses       int
	replaced   map[int32]bool // conditions that lost to a later one, in some branches at least
	kept       map[int32]bool // conditions that are in force, in some branches at least
}

// live drops the conditions that a later one replaces whatever branches are taken. later counts the fields that are
// named after statements; it is as before when live returns.
func (r *resolver) live(statements []statement, later map[int32]int) []statement {
	var kept []statement
	var named []int32
	for _, s := range slices.Backward(statements) {
		if s.condition < 0 {
			branches := make([][]statement, len(s.branches))
			for i, branch := range s.branches {
				branches[i] = r.live(branch, later)
			}
			kept = append(kept, statement{condition: -1, branches: branches})
			continue
		}
		field := r.conditions[s.condition].field
		if later[field] > 0 {
			r.replaced[s.condition] = true
			continue
		}
		later[field]++
		named = append(named, field)
		kept = append(kept, s)
	}
	for _, field := range named {
		later[field]--
	}
	slices.Reverse(kept)
	return kept
}

// apply adds live statements to g, which holds what they may replace. It gives up early, with uses over maxUses, on what
// grows too large.
func (r *resolver) apply(g group, statements []statement) group {
	own := fieldNames{}
	for _, s := range statements {
		if s.condition >= 0 {
			own[r.conditions[s.condition].field] = true
		}
	}
	g = r.without(g, own)
	have := fieldNames{}
	r.namesOf(&g, have)
	for _, s := range statements {
		if r.uses++; r.uses > maxUses {
			return g
		}
		if s.condition >= 0 {
			g.conditions = append(g.conditions, s.condition)
			have[r.conditions[s.condition].field] = true
			continue
		}
		named := fieldNames{}
		r.namedIn(s.branches, named)
		stays, moves := r.split(g, named, have)
		branches := make([]group, len(s.branches))
		for i, branch := range s.branches {
			branches[i] = r.apply(moves, branch)
			r.uses += r.size(&moves)
			if r.uses > maxUses {
				return g
			}
		}
		g = stays
		g.ors = append(g.ors, branches)
		maps.Copy(have, named)
	}
	return g
}

// without returns a copy of g without the fields.
func (r *resolver) without(g group, fields fieldNames) group {
	out := group{}
	for _, i := range g.conditions {
		if fields[r.conditions[i].field] {
			r.replaced[i] = true
		} else {
			out.conditions = append(out.conditions, i)
		}
	}
	for _, or := range g.ors {
		branches := make([]group, len(or))
		for i, branch := range or {
			branches[i] = r.without(branch, fields)
		}
		out.ors = append(out.ors, branches)
	}
	return out
}

// namedIn adds the fields of statements, and of the branches in them, to named.
func (r *resolver) namedIn(branches [][]statement, named fieldNames) {
	for _, branch := range branches {
		for _, s := range branch {
			if s.condition >= 0 {
				named[r.conditions[s.condition].field] = true
			}
			r.namedIn(s.branches, named)
		}
	}
}

func (r *resolver) namesOf(g *group, named fieldNames) {
	for _, i := range g.conditions {
		named[r.conditions[i].field] = true
	}
	for _, or := range g.ors {
		for i := range or {
			r.namesOf(&or[i], named)
		}
	}
}

// split takes out of g, which has the fields have, what one of the named fields replaces, with whole $or that hold one.
func (r *resolver) split(g group, named, have fieldNames) (stays, moves group) {
	meet := fieldNames{}
	for field := range named {
		if have[field] {
			meet[field] = true
		}
	}
	if len(meet) == 0 {
		return g, group{}
	}
	for _, i := range g.conditions {
		if meet[r.conditions[i].field] {
			moves.conditions = append(moves.conditions, i)
		} else {
			stays.conditions = append(stays.conditions, i)
		}
	}
	for _, or := range g.ors {
		if r.anyMeets(or, meet) {
			moves.ors = append(moves.ors, or)
		} else {
			stays.ors = append(stays.ors, or)
		}
	}
	return stays, moves
}

// meets reports whether g names one of the fields.
func (r *resolver) meets(g *group, fields fieldNames) bool {
	for _, i := range g.conditions {
		if fields[r.conditions[i].field] {
			return true
		}
	}
	for _, or := range g.ors {
		if r.anyMeets(or, fields) {
			return true
		}
	}
	return false
}

func (r *resolver) anyMeets(or []group, fields fieldNames) bool {
	for i := range or {
		if r.meets(&or[i], fields) {
			return true
		}
	}
	return false
}

// size returns how many conditions and groups g has. Groups that lost all conditions count, for they are copied too.
func (r *resolver) size(g *group) int {
	n := 1 + len(g.conditions)
	for _, or := range g.ors {
		for i := range or {
			n += r.size(&or[i])
		}
	}
	return n
}

// settle sorts the conditions of g and its branches by field, the order in which event-ruler looks at them.
func (r *resolver) settle(g *group) {
	slices.SortFunc(g.conditions, func(a, b int32) int { return cmp.Compare(r.conditions[a].name, r.conditions[b].name) })
	for _, i := range g.conditions {
		r.kept[i] = true
	}
	for _, or := range g.ors {
		for i := range or {
			r.settle(&or[i])
		}
	}
}

// resolve returns the group that statements come to; a mistake is noted in c.
func (c *compiler) resolve(statements []statement) group {
	r := resolver{conditions: c.conditions, replaced: map[int32]bool{}, kept: map[int32]bool{}}
	g := r.apply(group{}, r.live(statements, map[int32]int{}))
	if r.uses > maxUses {
		c.path = nil
		c.errorAt(0, "split the pattern into several rules under one name",
			"$or branches that replace one another's fields come to more than "+strconv.Itoa(maxUses)+" conditions")
		return group{}
	}
	r.settle(&g)
	c.lintReplaced(r)
	return g
}

// combinations returns how many choices of branches g has, at most limit.
func (g *group) combinations(limit int) int {
	product := 1
	for _, or := range g.ors {
		sum := 0
		for i := range or {
			sum = min(limit, sum+or[i].combinations(limit))
		}
		product = min(limit, product*sum)
	}
	return product
}
