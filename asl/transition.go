package asl

import (
	"strconv"
	"strings"
)

// Transition is a way from a state to the one after it.
type Transition struct {
	To    string // "" for the end
	Label string // what it is taken for; "" where there is no choice
	Error bool   // it is a catcher's
}

// Transitions returns the ways out of the state, in the order in which they are written.
func (s *State) Transitions() []Transition {
	var out []Transition
	if s.Type != Choice && s.Type != Fail {
		out = append(out, Transition{To: s.Next})
	}
	for i, r := range s.rules {
		out = append(out, Transition{To: r.next, Label: "rule " + strconv.Itoa(i+1)})
	}
	if s.fallback != "" {
		out = append(out, Transition{To: s.fallback, Label: "otherwise"})
	}
	for _, c := range s.Catch {
		out = append(out, Transition{To: c.Next, Label: strings.Join(c.ErrorEquals, ", "), Error: true})
	}
	return out
}
