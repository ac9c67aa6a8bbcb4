package asl

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"riposte.dev/conf"
)

// Type of a state.
type Type string

// The states that this version runs. Parallel and Map are part of the language but not of this version.
const (
	Task    Type = "Task"
	Choice  Type = "Choice"
	Pass    Type = "Pass"
	Wait    Type = "Wait"
	Succeed Type = "Succeed"
	Fail    Type = "Fail"
)

// Bounds on definitions and data (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const (
	MaxDefinition = 1 << 20   // bytes of a definition
	MaxStates     = 10_000    // states of a definition
	MaxData       = 256 << 10 // bytes of a state's input or output, as JSON
	MaxEvents     = 25_000    // events of an execution's history
)

// Machine is a checked definition. It is read-only and safe for concurrent use.
type Machine struct {
	Comment string
	StartAt string
	Timeout time.Duration // of an execution; 0: none
	States  map[string]*State
	Order   []string // names of States, as written

	text []byte
}

// Text returns the definition as compact JSON; Parse gives an equal machine for it.
func (m *Machine) Text() []byte { return m.text }

// Hash identifies the definition: the SHA-256 of Text, in hexadecimal.
func (m *Machine) Hash() string {
	sum := sha256.Sum256(m.text)
	return hex.EncodeToString(sum[:])
}

// State is a state of a machine. Which fields are set depends on its type.
type State struct {
	Name     string
	Type     Type
	Comment  string
	Next     string        // "" where the execution ends after it, and for Choice
	Resource string        // Task
	At       conf.Position // of Resource in the definition's file
	Retry    []Retrier
	Catch    []Catcher

	input, output, result pathOption // InputPath, OutputPath, ResultPath
	parameters, selector  *template  // Parameters, ResultSelector
	assign                *template
	fixed                 any  // Result of a Pass state
	hasFixed              bool // it has one

	rules         []*rule // Choice
	fallback      string  // Default of a Choice
	timeout       seconds // TimeoutSeconds of a Task, Seconds of a Wait
	timestamp     time.Time
	timestampPath *Path
	err, cause    string // Fail
	errPath       expression
	causePath     expression
	heartbeat     seconds
}

// pathOption is a path field: left out, null, or a path.
type pathOption struct {
	path *Path
	null bool
}

// seconds is a number of seconds, fixed or at a path; neither: not given.
type seconds struct {
	given bool
	fixed time.Duration
	path  *Path
}

// Retrier says when and how often a failed state is tried again.
type Retrier struct {
	ErrorEquals []string
	Interval    time.Duration // before the first try again
	MaxAttempts int
	BackoffRate float64
	MaxDelay    time.Duration // 0: none
	FullJitter  bool          // a random delay from 0 to the computed one
}

// Catcher says where a failed state goes on.
type Catcher struct {
	ErrorEquals []string
	Next        string

	result pathOption
	assign *template
}

// Successors returns the names of the states that may come next, in the order in which they are written, with repetitions.
func (s *State) Successors() []string {
	var names []string
	if s.Next != "" {
		names = append(names, s.Next)
	}
	for _, r := range s.rules {
		names = append(names, r.next)
	}
	if s.fallback != "" {
		names = append(names, s.fallback)
	}
	for _, c := range s.Catch {
		names = append(names, c.Next)
	}
	return names
}

// ends reports whether an execution may end in the state.
func (s *State) ends() bool {
	return s.Type == Succeed || s.Type == Fail || s.Type != Choice && s.Next == ""
}
