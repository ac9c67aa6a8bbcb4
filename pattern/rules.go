package pattern

// rules are the patterns of a Matcher, kept so that few are looked at for an event.
type rules struct {
	fields   fieldSet
	named    map[string]*named
	sources  textTable[partition]
	others   partition // clauses that ask for no source, or for many
	source   int32     // the field, which always has a number
	ruleIDs  numbers
	namedIDs numbers
	partIDs  numbers // of sources
}

// named is a name with its patterns, which are alternatives.
type named struct {
	name   string
	number int32 // small, for marks
	rules  []*rule
}

// rule is one pattern of a name.
type rule struct {
	name    *named
	number  int32 // small, for marks
	pattern *Pattern
	fields  []int32 // the pattern's fields in the numbering of rules
	clauses []*clause
}

// numbers gives out small numbers again and again.
type numbers struct {
	free []int32
	top  int32 // numbers given out so far
}

func (n *numbers) take() int32 {
	if last := len(n.free) - 1; last >= 0 {
		number := n.free[last]
		n.free = n.free[:last]
		return number
	}
	n.top++
	return n.top - 1
}

func (n *numbers) give(number int32) { n.free = append(n.free, number) }

// maxSources is how many partitions a clause is put into; one that asks for more sources is among the others.
const maxSources = 8

const sourceField = "source"

func newRules() rules {
	r := rules{named: map[string]*named{}}
	r.source = r.fields.add(sourceField)
	return r
}

func (r *rules) add(name string, p *Pattern) {
	n := r.named[name]
	if n == nil {
		n = &named{name: name, number: r.namedIDs.take()}
		r.named[name] = n
	}
	one := &rule{name: n, number: r.ruleIDs.take(), pattern: p, fields: make([]int32, len(p.fields))}
	for i, field := range p.fields {
		one.fields[i] = r.fields.add(field)
	}
	n.rules = append(n.rules, one)
	ways, whole := p.root.clauses()
	for _, way := range ways {
		c := &clause{rule: one, number: one.number, whole: whole, exact: whole, needs: make([]need, len(way))}
		for i, at := range way {
			cond := &p.conditions[at]
			c.needs[i] = newNeed(one.fields[cond.field], cond)
		}
		one.clauses = append(one.clauses, c)
		sources := r.sourcesOf(c)
		for _, source := range sources {
			at := r.sources.cell(source)
			part := r.sources.cells[at].item
			if part == nil {
				part = &partition{source: source, number: r.partIDs.take()}
				r.sources.cells[at].item = part
			}
			part.add(c, r.source)
		}
		if len(sources) == 0 {
			r.others.add(c, noField)
		}
	}
}

// sourcesOf returns the sources of which the event must have one, each once; none if there is no such list or it is long.
func (r *rules) sourcesOf(c *clause) []string {
	for i := range c.needs {
		if n := &c.needs[i]; n.field == r.source && len(n.keys) <= maxSources {
			return n.keys
		}
	}
	return nil
}

func (r *rules) remove(name string) {
	n := r.named[name]
	if n == nil {
		return
	}
	delete(r.named, name)
	r.namedIDs.give(n.number)
	for _, one := range n.rules {
		for _, c := range one.clauses {
			for _, at := range c.places {
				asked := int32(noField)
				if at.partition != &r.others {
					asked = r.source
				}
				if at.partition.remove(c, at, asked); at.partition.clauses == 0 && at.partition != &r.others {
					r.sources.drop(r.sources.cell(at.partition.source))
					r.partIDs.give(at.partition.number)
				}
			}
		}
		for _, field := range one.fields {
			r.fields.remove(field)
		}
		r.ruleIDs.give(one.number)
	}
}
