package asl

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"strconv"
	"time"

	"riposte.dev/conf"
)

// Type of a state.
type Type string

// The states of the language.
const (
	Task     Type = "Task"
	Choice   Type = "Choice"
	Pass     Type = "Pass"
	Wait     Type = "Wait"
	Succeed  Type = "Succeed"
	Fail     Type = "Fail"
	Parallel Type = "Parallel"
	Map      Type = "Map"
)

// Bounds on definitions and data (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const (
	MaxDefinition = 1 << 20   // bytes of a definition
	MaxStates     = 10_000    // states of a definition, those of branches and processors counted
	MaxData       = 256 << 10 // bytes of a state's input or output, as JSON
	MaxEvents     = 25_000    // events of an execution's history
)

// Machine is a checked definition. It is read-only and safe for concurrent use.
type Machine struct {
	Comment string
	Flow
	Timeout time.Duration // of an execution; 0: none

	text []byte
	all  map[string]*State
}

// Flow is states that lead to one another: a machine's own, those of a branch of a Parallel state, or the processor of a Map.
type Flow struct {
	StartAt string
	States  map[string]*State
	Order   []string // names of States, as written
}

// State returns the state of that name, wherever in the machine it is; nil where there is none. Names are unique in a machine.
func (m *Machine) State(name string) *State { return m.all[name] }

// All goes through every state, those of branches and processors after the state that they belong to, each with the path that
// leads to it in the definition, such as "States.Par.Branches[0].States.Look".
func (m *Machine) All() iter.Seq2[string, *State] {
	return func(yield func(string, *State) bool) { m.walk("", yield) }
}

func (f *Flow) walk(path string, yield func(string, *State) bool) bool {
	if path != "" {
		path += "."
	}
	for _, name := range f.Order {
		s, at := f.States[name], conf.FieldPath(path+"States", name)
		if !yield(at, s) {
			return false
		}
		for i, branch := range s.Branches {
			if !branch.walk(s.branchPath(at, i), yield) {
				return false
			}
		}
	}
	return true
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
	Branches []*Flow // of a Parallel state; of a Map its processor only
	// Parameters is what the resource of a Task receives, as written: Parameters, or in JSONata Arguments; nil where it is the
	// state's input.
	Parameters *conf.Node
	// Credentials is as whom a Task is run, as written; nil: as the machine's own role.
	Credentials *conf.Node

	input, output, result pathOption // InputPath, OutputPath, ResultPath
	parameters, selector  *template  // Parameters, ResultSelector
	assign                *template
	query                 bool      // its query language is JSONata
	produce               *template // Output
	fixed                 any       // Result of a Pass state
	hasFixed              bool      // it has one

	rules         []*rule // Choice
	fallback      string  // Default of a Choice
	timeout       seconds // TimeoutSeconds of a Task, Seconds of a Wait
	timestamp     time.Time
	timestampPath *Path
	timestampOf   *template // Timestamp as an expression
	err, cause    string    // Fail
	errOf         *template // Error as an expression
	causeOf       *template // Cause as an expression
	errPath       expression
	causePath     expression
	heartbeat     seconds
	credentials   *template
	iterate       *iterate // Map
}

// branchPath is where a branch stands in the definition, for a state that stands at path.
func (s *State) branchPath(path string, i int) string {
	if s.Type == Map {
		return path + "." + s.iterate.field
	}
	return path + ".Branches[" + strconv.Itoa(i) + "]"
}

// Storage returns the resources by which a Map's items are read and its results written; "" for none.
func (s *State) Storage() (reads, writes string) {
	if s.iterate == nil {
		return "", ""
	}
	if s.iterate.reader != nil {
		reads = s.iterate.reader.Resource
	}
	if s.iterate.writer != nil {
		writes = s.iterate.writer.Resource
	}
	return reads, writes
}

// forks reports whether the state has branches of its own.
func (s *State) forks() bool { return s.Type == Parallel || s.Type == Map }

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
	of    *template // as an expression

	expression *conf.Node // of, before it is read
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

	result  pathOption
	assign  *template
	produce *template // Output
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

// ends reports whether a branch may end in the state.
func (s *State) ends() bool {
	return s.Type == Succeed || s.Type == Fail || s.Type != Choice && s.Next == ""
}
