package asl

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind of a record.
type Kind string

// The kinds of records that make an execution.
const (
	Entered   Kind = "entered"   // a state was entered, or will be tried again
	Items     Kind = "items"     // items of a Map state: all of them, or a part
	Submitted Kind = "submitted" // what a task calls has taken the call and will answer later
	Heartbeat Kind = "heartbeat" // a task is alive
	Outcome   Kind = "outcome"   // a task, or all branches of a Parallel or Map state, ended
	Ended     Kind = "ended"     // the branch ended; with path "" the execution
	Redriven  Kind = "redriven"  // the execution goes on after it had ended badly
)

// Status of an execution that ended, by Step Functions' names; "" while it runs.
type Status string

// How an execution can end.
const (
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Record is one step of an execution, with everything that was evaluated in it. Records of a journal are applied in order.
type Record struct {
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`
	// Path is the branch: "" for the machine's own states, "Par/0" for the first branch of the state Par, and so on. When a branch
	// comes to Par again, the path of the second round is "Par:2/0", so that a late outcome can't meet the wrong one. In names
	// of states, ~ / and : are written as ~0, ~1 and ~2.
	Path  string `json:"path,omitempty"`
	State string `json:"state,omitempty"`

	Input       json.RawMessage            `json:"input,omitempty"`       // entered: what the state before gave
	Arguments   json.RawMessage            `json:"arguments,omitempty"`   // entered: what the resource, reader or branches receive
	Assign      map[string]json.RawMessage `json:"assign,omitempty"`      // entered: variables that the state before has set
	Credentials json.RawMessage            `json:"credentials,omitempty"` // entered: as whom the task is to be run
	Due         time.Time                  `json:"due,omitzero"`          // entered: a Wait's end, or when to try again
	Deadline    time.Time                  `json:"deadline,omitzero"`     // entered: when the task times out
	Heartbeat   int                        `json:"heartbeat,omitempty"`   // entered: seconds within which the task must give a sign of life
	Token       string                     `json:"token,omitempty"`       // entered: for the task's callback; others: the callback's
	Retries     []int                      `json:"retries,omitempty"`     // entered: tries so far by retrier; set when trying again
	Redriven    bool                       `json:"redriven,omitempty"`    // entered: tried again by a redrive
	Map         *MapRun                    `json:"map,omitempty"`         // entered: what was evaluated for a Map state
	Taken       int                        `json:"taken,omitempty"`       // entered: how many items the iteration has taken, if not one

	Items []json.RawMessage `json:"items,omitempty"` // items
	More  bool              `json:"more,omitempty"`  // items: further ones follow

	Output json.RawMessage `json:"output,omitempty"` // submitted: the answer to the call; outcome and ended: the result
	Status Status          `json:"status,omitempty"` // ended
	Error  string          `json:"error,omitempty"`  // outcome and ended: the error's name; entered: its arguments failed with it
	Cause  string          `json:"cause,omitempty"`  // beside Error
}

// MapRun is what was evaluated when a Map state was entered.
type MapRun struct {
	Concurrency         int             `json:"concurrency,omitempty"` // iterations at a time; 0: as many as there may be
	ToleratedCount      *int            `json:"tolerated_count,omitempty"`
	TolerablePercentage *float64        `json:"tolerable_percentage,omitempty"`
	MaxItems            int             `json:"max_items,omitempty"`   // to read; 0: all
	BatchItems          int             `json:"batch_items,omitempty"` // items of a batch at most; 0 with BatchBytes 0: no batches
	BatchBytes          int             `json:"batch_bytes,omitempty"`
	BatchInput          json.RawMessage `json:"batch_input,omitempty"`
	Writer              json.RawMessage `json:"writer,omitempty"` // arguments of the ResultWriter
}

// Result returns an outcome record for the task at the path: its result.
func Result(path string, output json.RawMessage) Record {
	return Record{Kind: Outcome, Path: path, Output: output}
}

// Failure returns an outcome record for the task at the path: its error, by name, with the cause for people.
func Failure(path, name, format string, args ...any) Record {
	return Record{Kind: Outcome, Path: path, Error: name, Cause: fmt.Sprintf(format, args...)}
}

// Stop returns the record that ends an execution from outside.
func Stop(name, cause string) Record {
	return Record{Kind: Ended, Status: Aborted, Error: name, Cause: cause}
}
