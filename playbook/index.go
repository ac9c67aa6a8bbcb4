package playbook

import (
	"context"
	"time"

	"riposte.dev/action"
	"riposte.dev/audit"
	"riposte.dev/event"
	"riposte.dev/guard"
)

// Status of an execution, by Step Functions' names.
type Status string

const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Summary is an execution as lists show it: a projection of its journal.
type Summary struct {
	ID       string      `json:"id"`
	Rule     string      `json:"rule"`
	Playbook string      `json:"playbook"`
	Cause    event.Cause `json:"cause"`
	Root     event.Cause `json:"root"`
	Account  string      `json:"account"` // of the event
	Region   string      `json:"region"`
	Title    string      `json:"title"`    // one sentence: what happened
	Severity string      `json:"severity"` // ASFF label
	Finding  string      `json:"finding,omitempty"`
	Mode     guard.Mode  `json:"mode"`
	Status   Status      `json:"status"`
	State    string      `json:"state"` // the state that it is in, or ended in
	Error    string      `json:"error,omitempty"`
	Why      string      `json:"why,omitempty"` // the error's cause, for people

	Received  time.Time     `json:"received"`
	Started   time.Time     `json:"started"`
	Ended     time.Time     `json:"ended,omitzero"`
	FirstCall time.Duration `json:"first_call,omitempty"` // receipt to the first AWS call of a change, ns; 0 where there was none

	Items     map[action.Status]int `json:"items,omitempty"`     // plan items by what became of them
	Resources []string              `json:"resources,omitempty"` // ARNs of the plan items, at most 100
	Undoable  bool                  `json:"undoable,omitempty"`  // it changed something that can be put back
	Asked     int                   `json:"asked,omitempty"`     // questions that people were asked
	Undoes    string                `json:"undoes,omitempty"`    // the execution that this one takes back
	UndoneBy  string                `json:"undone_by,omitempty"` // the latest execution that takes this one back
	Held      string                `json:"held,omitempty"`      // why it may not go on for now

	Seq uint64 `json:"seq"` // of the last journal entry in this summary
}

// Request is an AWS call that an execution made: how our own events are known by their request id.
type Request struct {
	ID        string    `json:"id"` // AWS request id; "" where a crash lost it, and At is then when the intent was journaled
	Execution string    `json:"execution"`
	Service   string    `json:"service"` // IAM prefix
	Operation string    `json:"operation"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	At        time.Time `json:"at"`
}

// Projection is what a batch of journal entries changes in the index.
type Projection struct {
	Summaries []Summary        // to insert, or to replace where the stored Seq is not higher
	Requests  []Request        // to insert; one that is there already is left alone
	Approvals []ApprovalChange // in order
	Changes   []guard.Change   // that were about to be made; to insert, once for each key
	Audit     []audit.Entry    // to append to the audit record, in order
	Expiries  []ExpiryChange   // in order
	Position  uint64           // the journal is applied up to here
}

// ApprovalChange is a question that was asked, an answer to one, or the end of a branch's questions. One of them is set.
type ApprovalChange struct {
	Asked  *Approval
	Answer *Answer
	Closed *Closed
}

// Closed says that the tasks of a branch, and of the branches of its state, have ended: nobody has to answer their questions.
type Closed struct {
	Execution string
	Path      string
	At        time.Time
	Again     bool // it has not ended, but asked anew because its plan had changed
}

// Expiry is an effect that riposte takes back by itself at a time.
type Expiry struct {
	Execution string
	Effect    string // its key
	At        time.Time
}

// ExpiryChange says that an effect will expire, or that this is over: it was taken back, or its undo has begun.
type ExpiryChange struct {
	Expiry
	Over bool
}

// ApprovalFilter selects questions; empty fields select everything.
type ApprovalFilter struct {
	Open      bool // only those that wait for an answer at Now
	Now       time.Time
	Execution string
	Limit     int // at most; 0: 100, never over 1,000
}

// Filter selects summaries; empty fields select everything.
type Filter struct {
	Status   Status
	Rule     string
	Playbook string
	Account  string
	Cause    event.Cause // the cause or the root cause
	Resource string      // one of Resources
	Since    time.Time   // started at or after
	Until    time.Time   // started before
	Limit    int         // at most; 0: 100, never over 1,000
	After    string      // cursor: the id of the last summary of the page before
}

// Index keeps summaries for lists and request ids for the guard. It is a projection: it may lag behind the journal, and
// losing it loses nothing. Runtime.Known and Runtime.Pending answer the guard from it and from what is in flight.
type Index interface {
	// Apply stores the whole projection and its position in one transaction. A position that is not higher than the
	// stored one makes it a no-op, so that a replayed batch does no harm.
	Apply(ctx context.Context, p Projection) error
	// Position returns the highest applied position, 0 for an empty index.
	Position(ctx context.Context) (uint64, error)
	// Get returns a summary; fault.NotFound where there is none.
	Get(ctx context.Context, id string) (Summary, error)
	// List returns summaries, newest start first (ties by id).
	List(ctx context.Context, f Filter) ([]Summary, error)
	// Request returns an AWS call by its request id; fault.NotFound where it is not ours.
	Request(ctx context.Context, id string) (Request, error)
	// Approvals returns questions with their answers and where they stand at f.Now, the latest first.
	Approvals(ctx context.Context, f ApprovalFilter) ([]Approval, error)
	// Approval returns a question; fault.NotFound where there is none.
	Approval(ctx context.Context, id string, now time.Time) (Approval, error)
	// Changes returns the changes since then, for budgets.
	Changes(ctx context.Context, since time.Time) ([]guard.Change, error)
	// Expiries returns the effects that are to be taken back and are not yet, the earliest first.
	Expiries(ctx context.Context) ([]Expiry, error)
	// Lost returns the calls since then whose request id a crash has lost.
	Lost(ctx context.Context, since time.Time) ([]Request, error)
}
