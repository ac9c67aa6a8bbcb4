package asl

import (
	"strconv"

	"riposte.dev/conf"
)

// graphs checks the transitions of every flow: each leads to a state, each state is reached, and from each an end can be reached.
func (p *parser) graphs() {
	for _, f := range p.flows {
		p.starts(f)
	}
	if len(p.problems) > 0 {
		return // a transition that is missing makes states unreachable that are not
	}
	for _, f := range p.flows {
		p.reach(f)
	}
}

// starts checks where transitions lead.
func (p *parser) starts(f flowAt) {
	if len(f.States) == 0 {
		return
	}
	if f.StartAt != "" && f.States[f.StartAt] == nil {
		p.missing(within(f.path, "StartAt"), f.StartAt, f)
	}
	for _, name := range f.Order {
		p.transitions(f.States[name], f)
	}
}

// within is the path of a field of a flow.
func within(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

// reach checks that each state is reached, and can come to an end.
func (p *parser) reach(m flowAt) {
	reached := walk([]string{m.StartAt}, func(name string) []string {
		if s := m.States[name]; s != nil {
			return s.Successors()
		}
		return nil
	})
	back := map[string][]string{}
	var ends []string
	for _, name := range m.Order {
		s := m.States[name]
		for _, next := range s.Successors() {
			back[next] = append(back[next], name)
		}
		if s.ends() {
			ends = append(ends, name)
		}
	}
	ending := walk(ends, func(name string) []string { return back[name] })
	for _, name := range m.Order {
		path := conf.FieldPath(within(m.path, "States"), name)
		switch {
		case !reached[name]:
			p.fail(path, "let a state's Next lead to it, or remove it", "the state %q is never reached from %q", name, m.StartAt)
		case !ending[name]:
			p.fail(path, "add End: true, or a Succeed or Fail state", "from the state %q no end can be reached", name)
		}
	}
}

// walk returns the names that can be reached.
func walk(from []string, next func(string) []string) map[string]bool {
	reached := map[string]bool{}
	for len(from) > 0 {
		name := from[len(from)-1]
		from = from[:len(from)-1]
		if !reached[name] {
			reached[name] = true
			from = append(from, next(name)...)
		}
	}
	return reached
}

func (p *parser) transitions(s *State, m flowAt) {
	path := conf.FieldPath(within(m.path, "States"), s.Name)
	if s.Next != "" && m.States[s.Next] == nil {
		p.missing(path+".Next", s.Next, m)
	}
	for i, r := range s.rules {
		if r.next != "" && m.States[r.next] == nil {
			p.missing(path+".Choices["+strconv.Itoa(i)+"].Next", r.next, m)
		}
	}
	if s.fallback != "" && m.States[s.fallback] == nil {
		p.missing(path+".Default", s.fallback, m)
	}
	for i, c := range s.Catch {
		if c.Next != "" && m.States[c.Next] == nil {
			p.missing(path+".Catch["+strconv.Itoa(i)+"].Next", c.Next, m)
		}
	}
}

func (p *parser) missing(path, name string, f flowAt) {
	if p.all[name] != nil {
		p.fail(path, "lead to a state of the same branch", "the state %q is in another branch, and no transition leaves a branch", name)
		return
	}
	p.fail(path, conf.Suggest(name, f.Order), "there is no state %q", name)
}
