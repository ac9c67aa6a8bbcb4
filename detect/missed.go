package detect

import (
	"strings"

	"riposte.dev/event"
	"riposte.dev/pattern"
)

// missed says why the rule does not hold for an event: what decided in each of its patterns, or that a later stage did.
func (r *Rule) missed(env *event.Envelope) string {
	var reasons []string
	for _, text := range r.Patterns {
		p, err := pattern.Parse([]byte(text))
		if err != nil { // it was parsed when the rule was loaded
			return err.Error()
		}
		x, err := p.Explain(env.JSON())
		if err != nil {
			return err.Error()
		}
		if x.Matches {
			return r.missedLater(env)
		}
		reasons = append(reasons, x.Because)
	}
	return strings.Join(reasons, "; or ")
}

// missedLater says what keeps a rule with a pattern that matches from holding.
func (r *Rule) missedLater(env *event.Envelope) string {
	if !r.Scope.includes(env.Account) {
		return "its pattern matches, but account " + env.Account + " is not in its scope"
	}
	return "its pattern matches, but not its condition: when: " + r.When
}
