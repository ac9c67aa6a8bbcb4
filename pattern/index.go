package pattern

import "slices"

// key is a string value that an event must have in a field.
type key struct {
	field int32
	text  string
}

// requirement is a set of keys of which an event must have at least one to match, with a rough idea of how few events
// do: more is fewer.
type requirement struct {
	keys []key
	rank int
}

// Ranks of fields by how much an exact value of theirs says. Any other field of the envelope is near useless: all
// events of an account and region share it.
const (
	rankNone = iota
	rankEnvelope
	rankSource
	rankDetailType
	rankDetail
	rankEventName
)

func rankOf(field string) int {
	switch field {
	case "detail.eventName":
		return rankEventName
	case "detail-type":
		return rankDetailType
	case "source", "detail.eventSource":
		return rankSource
	case "version", "account", "region", "detail.awsRegion", "detail.eventType", "detail.recipientAccountId":
		return rankEnvelope
	default:
		return rankDetail
	}
}

// requirementOf returns what an event needs for g to match: of conditions that must all hold, the best one; of the
// branches of a $or, what every one of them needs. Rank rankNone: nothing that an index could look up.
func (p *Pattern) requirementOf(g *group) requirement {
	var best requirement
	for _, i := range g.conditions {
		c := &p.conditions[i]
		if rank := rankOf(c.name); len(c.keys) > 0 && rank > best.rank {
			best = requirement{rank: rank}
			for _, text := range c.keys {
				best.keys = append(best.keys, key{field: c.field, text: text})
			}
		}
	}
	for _, or := range g.ors {
		every := requirement{rank: rankEventName}
		for i := range or {
			branch := p.requirementOf(&or[i])
			every.rank = min(every.rank, branch.rank)
			every.keys = append(every.keys, branch.keys...)
		}
		if every.rank > best.rank {
			best = every
		}
	}
	return best
}

// index finds the rules that an event may match by the values that it has.
type index struct {
	byField map[int32]map[string][]*rule
	others  []*rule // rules that need no particular value
}

func (x *index) add(r *rule) {
	if len(r.keys) == 0 {
		x.others = append(x.others, r)
		return
	}
	for _, k := range r.keys {
		byText := x.byField[k.field]
		if byText == nil {
			byText = map[string][]*rule{}
			x.byField[k.field] = byText
		}
		byText[k.text] = append(byText[k.text], r)
	}
}

func (x *index) remove(r *rule) {
	isR := func(other *rule) bool { return other == r }
	if len(r.keys) == 0 {
		x.others = slices.DeleteFunc(x.others, isR)
		return
	}
	for _, k := range r.keys {
		byText := x.byField[k.field]
		if left := slices.DeleteFunc(byText[k.text], isR); len(left) > 0 {
			byText[k.text] = left
		} else if delete(byText, k.text); len(byText) == 0 {
			delete(x.byField, k.field)
		}
	}
}

// decide has w decide every rule that its event may match; some rules more than once.
func (x *index) decide(w *match) {
	for _, r := range x.others {
		w.decide(r)
	}
	f := &w.facts
	for _, field := range f.seen {
		byText := x.byField[field]
		if byText == nil {
			continue
		}
		for i := f.first[field]; i >= 0; i = f.values[i].next {
			if v := &f.values[i]; v.kind == stringKind {
				for _, r := range byText[string(v.text)] {
					w.decide(r)
				}
			}
		}
	}
}
