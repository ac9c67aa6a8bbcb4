package asl

import (
	"strconv"

	"riposte.dev/conf"
)

// graph checks the transitions: each leads to a state, each state is reached, and from each state an end can be reached.
func (p *parser) graph(m *Machine) {
	if len(m.States) == 0 {
		return
	}
	if m.StartAt != "" && m.States[m.StartAt] == nil {
		p.missing("StartAt", m.StartAt, m)
	}
	for _, name := range m.Order {
		p.transitions(m.States[name], m)
	}
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
	if len(p.problems) > 0 {
		return // a transition that is missing makes states unreachable that are not
	}
	for _, name := range m.Order {
		path := conf.FieldPath("States", name)
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

func (p *parser) transitions(s *State, m *Machine) {
	path := conf.FieldPath("States", s.Name)
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

func (p *parser) missing(path, name string, m *Machine) {
	p.fail(path, conf.Suggest(name, m.Order), "there is no state %q", name)
}
