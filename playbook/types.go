package playbook

import (
	"context"
	"encoding/json"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/guard"
)

// Start asks for one execution: what a rule's match starts.
type Start struct {
	Rule     string          `json:"rule"`
	RuleHash string          `json:"rule_hash"` // pins the rule's text
	Playbook string          `json:"playbook"`  // its definition is pinned in the journal
	Account  string          `json:"account"`   // of the event; Runtime.Start takes it from Event where empty
	Region   string          `json:"region"`    // of the event, likewise
	Cause    event.Cause     `json:"cause"`
	Root     event.Cause     `json:"root"` // where the cause is a finding: what it was raised for
	Mode     guard.Mode      `json:"mode"`
	Input    json.RawMessage `json:"input"`              // the playbook's input
	TooLong  int             `json:"too_long,omitempty"` // bytes of an input over asl.MaxData, which is not kept; set by Runtime.Start
	Event    json.RawMessage `json:"event,omitempty"`    // the whole envelope; journaled up to MaxEvent
	Received time.Time       `json:"received"`           // when riposte received the event
	Reasons  []string        `json:"reasons,omitempty"`  // why the mode is not the rule's own
	Severity string          `json:"severity"`
	Title    string          `json:"title"`              // one sentence: what happened
	Notify   []string        `json:"notify,omitempty"`   // routes
	Finding  string          `json:"finding,omitempty"`  // id of the finding in the hub, where the rule raised one
	Undoes   string          `json:"undoes,omitempty"`   // the execution that this one takes back
	By       string          `json:"by,omitempty"`       // the person who asked for an undo, or started it by Step Functions' API
	Named    *Named          `json:"named,omitempty"`    // what Step Functions' API calls it; nil for what a rule started
	Expired  string          `json:"expired,omitempty"`  // key of the effect of Undoes whose time is over; "" for an undo that a person asked for
	Approval *ApprovalPolicy `json:"approval,omitempty"` // of mode approve; nil: one person, within 4 hours
}

// MaxEvent is the size of an event, in bytes, up to which an execution keeps it; of a larger one, only the input made from it.
const MaxEvent = 384 << 10

// Journal is the execution log that everything else is derived from. Sequences count appends over all executions, from 1;
// the entries of one append share theirs.
type Journal interface {
	// Append is durable when it returns, and atomic. It fails with code fault.Conflict when expected is not the id's last
	// sequence (0: the id must not exist yet), with fault.TooLarge over 1 MiB, and with fault.Timeout where the records
	// may or may not be there: Load tells. last is the sequence of the append.
	Append(ctx context.Context, id string, expected uint64, records ...[]byte) (last uint64, err error)
	// Load returns the id's entries in order; none where the id does not exist.
	Load(ctx context.Context, id string) ([]Entry, error)
	// Follow gives the appends from the sequence on to fn, in order, and goes on with new ones until ctx ends or fn
	// fails. caughtUp is called once, when fn has seen all that was there when Follow began.
	Follow(ctx context.Context, from uint64, caughtUp func(), fn func(id string, entries []Entry) error) error
}

// Entry is a record as the journal holds it.
type Entry struct {
	Seq  uint64
	Time time.Time
	Data []byte
}

// Actions finds an action by name; fault.NotFound with the names that exist otherwise.
type Actions interface {
	Action(name string) (action.Action, error)
}

// Guard decides about plans; see guard.Guard.
type Guard interface {
	Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error)
	// MayCall is asked before each call of what Decide let pass; its error says why the call must not be made.
	MayCall(ctx context.Context, p guard.Proposal, r action.Resource) error
	// Done says what became of an item that Decide let pass: changed or failed.
	Done(p guard.Proposal, item action.Item)
}

// Notifier tells people. Notify returns when the notice is durably queued; the same key again is a no-op.
type Notifier interface {
	Notify(ctx context.Context, key string, n Notice) error
}

// Notice is what an execution tells people; the notifier turns it into a message.
type Notice struct {
	Execution string        `json:"execution"`
	Start     Start         `json:"start"`
	Mode      guard.Mode    `json:"mode"`
	Message   string        `json:"message,omitempty"`   // the playbook's own words
	Routes    []string      `json:"routes,omitempty"`    // beside Start.Notify; the playbook's choice
	To        []string      `json:"to,omitempty"`        // mail addresses beside the routes' own; the playbook's choice
	Plans     []action.Plan `json:"plans,omitempty"`     // every plan so far with what became of its items
	Took      time.Duration `json:"took"`                // receipt of the event to the end of the last effect, ns; 0 without one
	FirstCall time.Duration `json:"first_call"`          // receipt of the event to the first AWS call that changes something, ns; 0 without one
	Reasons   []string      `json:"reasons,omitempty"`   // what the guard had to say
	Failed    string        `json:"failed,omitempty"`    // error of the failed state and its cause; "" where nothing failed
	Undoable  bool          `json:"undoable,omitempty"`  // something was changed that `executions undo` can put back
	Expires   time.Time     `json:"expires,omitzero"`    // when the first of what was changed is taken back again; zero: all of it stays
	Held      string        `json:"held,omitempty"`      // why the execution may not go on for now
	Recovered bool          `json:"recovered,omitempty"` // an effect was finished after riposte had been interrupted
	Approval  *Approval     `json:"approval,omitempty"`  // the question that people have to answer; its plan is the last of Plans
}
