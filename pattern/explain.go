package pattern

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds on an explanation, whatever the pattern and the event are. What goes beyond them is counted.
const (
	maxExplained   = 200  // fields and $or
	maxShown       = 5    // values of a field
	maxAlternative = 8    // alternatives of a list that are named
	maxLeaves      = 1000 // values of a field that are compared where arrays decide
)

// Explanation says in words why an event matches a pattern or does not.
type Explanation struct {
	// Matches is what Pattern.Match says of the event.
	Matches bool `json:"matches"`
	// Because is the reason in one sentence: what decided, of everything below.
	Because string `json:"because"`
	// Fields are the pattern's conditions, in the order of its text; those of $or branches that are not the nearest are left
	// out. At most 200 are explained.
	Fields []FieldExplanation `json:"fields"`
	// Choices are the pattern's $or, outer before inner.
	Choices []Choice `json:"choices,omitempty"`
	// Apart is set where every field holds by itself but not all together: they lie in different elements of an array.
	Apart string `json:"apart,omitempty"`
}

// FieldExplanation is one field of a pattern against an event.
type FieldExplanation struct {
	Field string `json:"field"` // its path, joined by dots
	// Line and Col are where its list of alternatives begins in the pattern's text, from 1.
	Line int `json:"line"`
	Col  int `json:"col"`
	// Path leads to the list in the pattern, as in SyntaxError.
	Path []string `json:"path"`
	// Holds is whether the event's values satisfy the list, regarded alone.
	Holds bool `json:"holds"`
	// Decides marks the fields for want of which the event does not match.
	Decides bool         `json:"decides"`
	Wanted  string       `json:"wanted"` // the list in words
	Found   []FoundValue `json:"found"`  // at most 5
	More    int          `json:"more,omitempty"`
	Why     string       `json:"why"` // yes or no in words
}

// FoundValue is a value of a field in an event.
type FoundValue struct {
	Path  string `json:"path"`  // as RFC 9535 writes it, with array positions
	Value string `json:"value"` // as JSON, cut to 60 characters
	Holds bool   `json:"holds"`
}

// Choice is a $or.
type Choice struct {
	Line     int      `json:"line"` // 0 where later fields replace all of it
	Col      int      `json:"col"`
	Branches []Branch `json:"branches"` // in the order of the text
	// Nearest is the index of the branch that holds, else of the one that lacks the fewest fields.
	Nearest int  `json:"nearest"`
	Holds   bool `json:"holds"`
}

// Branch is one of the objects of a $or.
type Branch struct {
	Line  int      `json:"line"`
	Col   int      `json:"col"`
	Holds bool     `json:"holds"`
	Lacks []string `json:"lacks,omitempty"` // fields that do not hold, at most 5
}

// Explain says why an event matches the pattern or does not, field by field. It takes the event that Match takes and
// returns its errors; the verdict is Match's. It is for people and tests: it compiles the pattern anew and costs much
// more than a match.
func (p *Pattern) Explain(event []byte) (*Explanation, error) {
	matches, err := p.Match(event)
	if err != nil {
		return nil, err
	}
	x := &explainer{compiler: compiler{src: p.src, fieldIDs: map[string]int32{}}, matches: matches, decides: map[int32]bool{}}
	if x.tree, err = parseTree(p.src); err != nil {
		return nil, err
	}
	x.root = x.resolve(x.object(x.tree, false))
	if x.seen, err = observe(event, x.fields, x.conditions); err != nil {
		return nil, err
	}
	return x.explain(), nil
}

// explainer has the pattern with its text, and what the event has of the pattern's fields.
type explainer struct {
	compiler
	root    group
	seen    *observation
	matches bool

	shown   []int32 // conditions to explain
	decides map[int32]bool
	choices []Choice
	out     *Explanation
}

func (x *explainer) explain() *Explanation {
	x.out = &Explanation{Matches: x.matches}
	lacking := x.group(&x.root, 0, true).lacking
	if !x.matches && len(lacking) == 0 {
		x.out.Apart, lacking = x.apart()
	}
	for _, i := range lacking {
		x.decides[i] = true
	}
	slices.Sort(x.shown) // conditions are numbered in the order of the text
	for _, i := range slices.Compact(x.shown) {
		if len(x.out.Fields) < maxExplained {
			x.out.Fields = append(x.out.Fields, x.field(i))
		}
	}
	x.out.Choices = x.choices
	x.out.Because = x.because(lacking)
	return x.out
}

// outcome is what became of a group: the conditions that do not hold, and how many there are; of a $or those of its
// nearest branch.
type outcome struct {
	lacking []int32
	all     int
}

// nearer reports whether o lacks less than other, or as much of more.
func (o outcome) nearer(other outcome) bool {
	return len(o.lacking) < len(other.lacking) || len(o.lacking) == len(other.lacking) && o.all > other.all
}

// group explains a group of conditions, or only looks at it if it is not to be shown.
func (x *explainer) group(g *group, depth int, show bool) outcome {
	o := outcome{all: len(g.conditions)}
	for _, i := range g.conditions {
		if !x.seen.holds(i) {
			o.lacking = append(o.lacking, i)
		}
	}
	if show {
		x.shown = append(x.shown, g.conditions...)
	}
	for _, branches := range g.ors {
		chosen := x.choice(branches, depth+1, show)
		o.lacking, o.all = append(o.lacking, chosen.lacking...), o.all+chosen.all
	}
	return o
}

func (x *explainer) choice(branches []group, depth int, show bool) outcome {
	outcomes := make([]outcome, len(branches))
	nearest := 0
	for j := range branches {
		if outcomes[j] = x.group(&branches[j], depth, false); outcomes[j].nearer(outcomes[nearest]) {
			nearest = j
		}
	}
	if !show || len(x.choices) >= maxExplained {
		return outcomes[nearest]
	}
	c := Choice{Nearest: nearest, Holds: len(outcomes[nearest].lacking) == 0}
	for j := range branches {
		lacking := outcomes[j].lacking
		b := Branch{Holds: len(lacking) == 0}
		for _, i := range lacking[:min(len(lacking), maxShown)] {
			b.Lacks = append(b.Lacks, clipped(x.conditions[i].name))
		}
		if or, branch := x.branchOf(&branches[j], depth); or != nil {
			c.Line, c.Col = position(x.src, or.pos)
			b.Line, b.Col = position(x.src, branch.pos)
		}
		c.Branches = append(c.Branches, b)
	}
	x.choices = append(x.choices, c)
	return x.group(&branches[nearest], depth, true)
}

// branchOf returns the $or and its branch in the text that a branch of the resolved pattern comes from; nil where later
// fields replaced all of it. A condition that stands in the depth-th $or around it leads there.
func (x *explainer) branchOf(g *group, depth int) (or, branch *node) {
	for _, i := range g.conditions {
		ors := 0
		for at := x.tree; at != x.lists[i]; at = at.toward(x.lists[i]) {
			if at.kind == arrayKind {
				if ors++; ors == depth {
					return at, at.toward(x.lists[i])
				}
			}
		}
	}
	for _, branches := range g.ors {
		for j := range branches {
			if or, branch = x.branchOf(&branches[j], depth); or != nil {
				return or, branch
			}
		}
	}
	return nil, nil
}

// toward returns the member or item of n in which its descendant lies.
func (n *node) toward(descendant *node) *node {
	var found *node
	for _, m := range n.members {
		if m.pos <= descendant.pos {
			found = m.value
		}
	}
	for _, item := range n.items {
		if item.pos <= descendant.pos {
			found = item
		}
	}
	return found
}

func (x *explainer) field(i int32) FieldExplanation {
	c, list := &x.conditions[i], x.lists[i]
	spot := x.seen.spots[c.name]
	f := FieldExplanation{Field: clipped(c.name), Path: x.tree.pathTo(list), Holds: x.seen.holds(i), Decides: x.decides[i], Wanted: wanted(list)}
	f.Line, f.Col = position(x.src, list.pos)
	hits := x.seen.hits[i]
	for _, l := range hits[:min(len(hits), maxShown)] { // first, for they may be some of thousands
		f.Found = append(f.Found, FoundValue{Path: l.path, Value: l.json(), Holds: true})
	}
	for _, l := range spot.leaves {
		if len(f.Found) == maxShown {
			break
		}
		if !slices.Contains(hits, l) {
			f.Found = append(f.Found, FoundValue{Path: l.path, Value: l.json()})
		}
	}
	f.More = spot.count - len(f.Found)
	f.Why = x.why(i, f.Holds)
	return f
}

// because is the reason in one sentence.
func (x *explainer) because(lacking []int32) string {
	if x.matches {
		return "every field that the pattern asks for holds"
	}
	if x.out.Apart != "" {
		return x.out.Apart
	}
	slices.Sort(lacking)
	lacking = slices.Compact(lacking)
	first := lacking[0]
	text := ""
	for _, f := range x.out.Fields {
		if line, col := position(x.src, x.lists[first].pos); f.Line == line && f.Col == col {
			text = f.Field + " " + f.Why
		}
	}
	if text == "" {
		text = clipped(x.conditions[first].name) + " does not hold"
	}
	if c := x.open(first); c != nil {
		text = fmt.Sprintf("no branch of the $or at %d:%d holds; the nearest is branch %d, where %s", c.Line, c.Col, c.Nearest+1, text)
	}
	if more := len(lacking) - 1; more > 0 {
		names := make([]string, 0, maxShown)
		for _, i := range lacking[1:min(len(lacking), maxShown+1)] {
			names = append(names, clipped(x.conditions[i].name))
		}
		text += "; nor " + plural(more, "does ", "do ") + strings.Join(names, ", ")
		if left := more - len(names); left > 0 {
			text += fmt.Sprintf(" and %d more", left)
		}
	}
	return text
}

// open returns the $or that does not hold for want of a condition in its nearest branch, nil if there is none.
func (x *explainer) open(condition int32) *Choice {
	if slices.Contains(x.root.conditions, condition) {
		return nil
	}
	for i := range x.choices {
		c := &x.choices[i]
		if !c.Holds && slices.Contains(c.Branches[c.Nearest].Lacks, clipped(x.conditions[condition].name)) {
			return c
		}
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
