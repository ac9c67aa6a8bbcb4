package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"riposte.dev/conf"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/pattern"
)

// RuleSet is a compiled set of rules: immutable, safe for concurrent use, made by Load.
type RuleSet struct {
	rules    []*Rule
	byID     map[string]*Rule
	matcher  *pattern.Matcher
	warnings conf.Problems
	hash     string
	flapping time.Duration // the longest time in which a rule counts breaks; 0: none does
	texts    sync.Pool     // of *[]byte: room for an event's JSON while it is matched
	names    sync.Pool     // of *[]string: room for the ids of rules that may hold for an event
}

// Rules returns the rules sorted by id.
func (s *RuleSet) Rules() []*Rule { return slices.Clone(s.rules) }

// Rule returns a rule by id, nil where there is none.
func (s *RuleSet) Rule(id string) *Rule { return s.byID[id] }

// Len is the number of rules.
func (s *RuleSet) Len() int { return len(s.rules) }

// Hash identifies the content: sets of the same rules have the same hash, whatever files they are in.
func (s *RuleSet) Hash() string { return s.hash }

// Warnings are what the rules may do but cannot mean, in the order of the files.
func (s *RuleSet) Warnings() conf.Problems {
	var sorted conf.Problems
	errors.As(s.warnings.Err(), &sorted)
	return sorted
}

// Match is a rule that holds for an event.
type Match struct {
	Rule      *Rule
	Title     string             // one sentence: what happened
	Resources []finding.Resource // what the event is about, at least one
	Finding   *finding.Draft     // without enrichment; nil where the rule raises none
	FindingID string             // id of the finding; "" where the rule raises none
	Input     json.RawMessage    // of the playbook; nil where the rule starts none, or its input could not be made

	escalation    json.RawMessage // input of the escalation's playbook
	escalationErr error           // why there is none
}

// The stages at which a rule may fail.
const (
	stageWhen     = "when"
	stageInput    = "respond.input"
	stageEscalate = "respond.escalate.input"
)

// RuleError is a rule that could not be decided or carried out for an event. A rule that fails starts no response.
type RuleError struct {
	Rule  *Rule
	Stage string // when or respond.input
	Err   error
}

// Error names the rule and its place.
func (e RuleError) Error() string {
	return fmt.Sprintf("%s: rule %s, %s: %v", e.Rule.Position, e.Rule.ID, e.Stage, e.Err)
}

// Unwrap returns the cause.
func (e RuleError) Unwrap() error { return e.Err }

// matched returns the ids of the rules that have a pattern which matches.
func (s *RuleSet) matched(env *event.Envelope) ([]string, error) {
	text, _ := s.texts.Get().(*[]byte)
	if text == nil {
		text = new([]byte)
	}
	defer s.texts.Put(text)
	*text = env.AppendJSON((*text)[:0])
	return s.matcher.Match(*text)
}

// Match returns the rules that hold for the event, sorted by severity, worst first, then by id. A rule whose condition
// fails is in the rule errors and not in the matches; one whose playbook input cannot be made is in both, without Input.
// The error is the event's own: its bytes could not be read, or ctx ended, and nothing is known; or it wraps
// pattern.ErrTooComplex, and the rules that could be decided are there all the same.
func (s *RuleSet) Match(ctx context.Context, env *event.Envelope) ([]Match, []RuleError, error) {
	names, undecided := s.matched(env)
	return s.hold(ctx, env, names, undecided)
}

// MatchChecked is Match for an event that a Reader has checked. It makes the envelope of an event only if a pattern matches;
// else it is nil, and there are no matches.
func (s *RuleSet) MatchChecked(ctx context.Context, c event.Checked) (*event.Envelope, []Match, []RuleError, error) {
	room, _ := s.names.Get().(*[]string)
	if room == nil {
		room = new([]string)
	}
	defer s.names.Put(room)
	find := s.matcher.AppendTrusted
	if c.Dotted {
		find = s.matcher.Append
	}
	names, undecided := find((*room)[:0], c.JSON)
	*room = names
	if len(names) == 0 && undecided == nil {
		return nil, nil, nil, nil
	}
	env, err := c.Envelope()
	if err != nil {
		return nil, nil, nil, err
	}
	matches, failed, err := s.hold(ctx, env, names, undecided)
	return env, matches, failed, err
}

// hold returns which of the rules that have a pattern which matches hold for the event.
func (s *RuleSet) hold(ctx context.Context, env *event.Envelope, names []string, undecided error) ([]Match, []RuleError, error) {
	if undecided != nil {
		undecided = fault.New(fault.Invalid, "event %s cannot be matched: %w", env.ID, undecided)
	}
	if len(names) == 0 {
		return nil, nil, undecided
	}
	sc, err := newScope(env)
	if err != nil {
		return nil, nil, err
	}
	var matches []Match
	var failed []RuleError
	for _, name := range names {
		r := s.byID[name]
		if !r.Scope.includes(env.Account) {
			continue
		}
		if r.condition != nil {
			held, err := r.condition.holds(ctx, sc)
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if err != nil {
				failed = append(failed, RuleError{Rule: r, Stage: stageWhen, Err: err})
				continue
			}
			if !held {
				continue
			}
		}
		m, err := r.match(sc)
		if err != nil {
			failed = append(failed, RuleError{Rule: r, Stage: stageInput, Err: err})
		}
		matches = append(matches, m)
	}
	slices.SortFunc(matches, func(a, b Match) int {
		if d := Rank(b.Rule.Severity) - Rank(a.Rule.Severity); d != 0 {
			return d
		}
		if a.Rule.ID < b.Rule.ID {
			return -1
		}
		return 1
	})
	return matches, failed, undecided
}
