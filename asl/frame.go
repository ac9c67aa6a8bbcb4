package asl

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Frame is where a branch is.
type Frame struct {
	Path        string
	State       string
	Input       json.RawMessage
	Arguments   json.RawMessage
	Credentials json.RawMessage
	Entered     time.Time // for the first time in this visit
	Due         time.Time
	Deadline    time.Time
	Heartbeat   time.Duration // the longest time between signs of life; 0: no limit
	Token       string        // of the task's callback
	Submission  json.RawMessage
	Retries     []int
	Waiting     bool // for Due, before it is tried again

	parent    *Frame
	index     int // among the parent's branches
	state     *State
	variables *variables
	outcome   *Record // of the task or the branches, or the failure of its arguments
	event     int     // number of the StateEntered event
	events    *int    // of the history that the branch belongs to
	alive     time.Time
	again     bool  // to be entered again, by a redrive
	fork      *fork // of a Parallel or Map state
	rounds    map[string]int
	failure   *failure // with which the branch ended
	value     any      // Input, once it was parsed
	item      any      // of a Map, while its selector is evaluated
	scheduled
}

// Attempt counts the tries of the state before this one.
func (f *Frame) Attempt() int {
	n := 0
	for _, tries := range f.Retries {
		n += tries
	}
	return n
}

// Event returns the number of the frame's StateEntered event in the history, as Step Functions counts; after a redrive that of
// the first event since. With Path it is unique in the execution.
func (f *Frame) Event() int { return f.event }

// input is the parsed Input.
func (f *Frame) input() (any, error) {
	if f.value == nil {
		v, err := parseValue(f.Input)
		if err != nil {
			return nil, runtimeFailure(f, "The state's input is not JSON: %v", err)
		}
		f.value = v
	}
	return f.value, nil
}

// begin opens a round of the branches of a Parallel or Map state.
func (f *Frame) begin(run *MapRun) {
	if f.rounds == nil {
		f.rounds = map[string]int{}
	}
	f.rounds[f.State]++
	f.fork = newFork(f.state, run, childPrefix(f.Path, f.State, f.rounds[f.State]))
}

// drop forgets the branches.
func (f *Frame) drop(x *Execution) {
	f.halt(x)
	f.fork = nil
}

// halt stops the branches where they are; a redrive can go on with them.
func (f *Frame) halt(x *Execution) {
	if f.fork == nil {
		return
	}
	for _, branch := range inOrder(f.fork.branches) {
		if x.Frames[branch.Path] == branch {
			delete(x.Frames, branch.Path)
			x.over(branch)
			branch.halt(x)
		}
	}
}

// childPrefix is what the paths of a state's branches begin with.
func childPrefix(path, state string, round int) string {
	prefix := strings.NewReplacer("~", "~0", "/", "~1", ":", "~2").Replace(state)
	if round > 1 {
		prefix += ":" + strconv.Itoa(round)
	}
	if path != "" {
		prefix = path + "/" + prefix
	}
	return prefix
}

// splitPath takes the path of a branch apart.
func splitPath(path string) (parent, prefix string, index int, ok bool) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", "", 0, false
	}
	index, err := strconv.Atoi(path[slash+1:])
	prefix = path[:slash]
	if before := strings.LastIndexByte(prefix, '/'); before >= 0 {
		parent = prefix[:before]
	}
	return parent, prefix, index, err == nil
}

// variables are those of a branch; it also sees those of the branches around it.
type variables struct {
	own   map[string]any
	outer *variables
}

func (v *variables) get(name string) (any, bool) {
	for ; v != nil; v = v.outer {
		if value, ok := v.own[name]; ok {
			return value, true
		}
	}
	return nil, false
}

func (v *variables) set(name string, value any) {
	if v.own == nil {
		v.own = map[string]any{}
	}
	v.own[name] = value
}
