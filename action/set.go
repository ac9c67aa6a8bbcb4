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

// Action returns the action of that name; fault.NotFound with the names that exist otherwise.
func (s *Set) Action(name string) (Action, error) {
	if a, ok := s.byName[name]; ok {
		return a, nil
	}
	return nil, fault.New(fault.NotFound, "there is no action %q", name).
		WithHint("the actions are: %s", strings.Join(s.names, ", "))
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
