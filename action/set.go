package action

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/fault"
)

// Set is the actions that a riposte knows, by name.
type Set struct {
	byName map[string]Action
	names  []string // sorted
}

// NewSet returns the set of the actions. Two actions of one name are fault.Invalid.
func NewSet(actions ...Action) (*Set, error) {
	s := &Set{byName: make(map[string]Action, len(actions))}
	for _, a := range actions {
		name := a.Spec().Name
		if _, taken := s.byName[name]; taken {
			return nil, fault.New(fault.Invalid, "two actions are named %q", name)
		}
		s.byName[name] = a
	}
	s.names = slices.Sorted(maps.Keys(s.byName))
	return s, nil
}

// Action returns the action of that name; fault.NotFound with those that may be meant otherwise.
func (s *Set) Action(name string) (Action, error) {
	if a, ok := s.byName[name]; ok {
		return a, nil
	}
	return nil, fault.New(fault.NotFound, "there is no action %q", name).
		WithHint("%s", s.near(name))
}

// near says which names may be meant: those that share most words with the name, the service among them.
func (s *Set) near(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' })
	var best []string
	most := 1
	for _, known := range s.names {
		alike := 0
		for word := range strings.FieldsFuncSeq(known, func(r rune) bool { return r == '-' || r == '.' }) {
			if slices.Contains(words, word) {
				alike++
			}
		}
		if alike > most {
			best, most = nil, alike
		}
		if alike == most {
			best = append(best, known)
		}
	}
	if len(best) == 0 {
		return "riposte actions list tells which there are"
	}
	return "did you mean " + strings.Join(best[:min(len(best), 10)], ", ") + "? riposte actions list tells all"
}

// Specs describes every action, sorted by name.
func (s *Set) Specs() []Spec {
	specs := make([]Spec, 0, len(s.names))
	for _, name := range s.names {
		specs = append(specs, s.byName[name].Spec())
	}
	return specs
}

// Permissions returns the IAM actions that all actions need together, sorted and each once.
func (s *Set) Permissions() []string {
	all := map[string]bool{}
	for _, a := range s.byName {
		for _, permission := range a.Spec().Permissions {
			all[permission] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
