package guard

import (
	"context"
	"time"

	"riposte.dev/action"
	"riposte.dev/conf"
	"riposte.dev/event"
)

// Mode says how far riposte may go, from careful to bold.
type Mode string

const (
	Notify  Mode = "notify"  // tell people only
	DryRun  Mode = "dry-run" // plan and show, do nothing
	Approve Mode = "approve" // ask first
	Auto    Mode = "auto"    // act at once
)

// ConfSchema lists the modes.
func (Mode) ConfSchema() conf.Schema {
	return conf.OneOf(string(Notify), string(DryRun), string(Approve), string(Auto))
}

// Exception says that a rule or action leaves a resource alone, who answers for that and until when.
type Exception struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule,omitempty"`    // rule id; "" for every rule
	Action   string    `json:"action,omitempty"`  // action name; "" for every action
	Account  string    `json:"account,omitempty"` // "" for every account
	Resource string    `json:"resource"`          // ARN; * and ? are wildcards
	Owner    string    `json:"owner"`             // who answers for it
	Reason   string    `json:"reason"`            // why
	Ticket   string    `json:"ticket,omitempty"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"` // required; never more than a year after Created
}

// Exceptions is where exceptions rest. Active returns those not expired at now.
type Exceptions interface {
	Active(ctx context.Context, now time.Time) ([]Exception, error)
}

// Requests knows which AWS requests were ours, reads included. Known reports whether the request id was journaled by an
// execution; it must remember for as long as events can arrive late (days, by S3). Pending reports whether an intent is
// open whose outcome (and so request id) may still come.
type Requests interface {
	Known(ctx context.Context, requestID string) (bool, error)
	Pending(ctx context.Context) (bool, error)
}

// Admission asks whether an event may start a response.
type Admission struct {
	Rule   string
	Mode   Mode
	MaxAge time.Duration // 0: one hour
	Event  *event.Envelope
}

// Outcome is what the guard allows an event to start.
type Outcome string

const (
	Respond    Outcome = "respond"     // the response may start, in Verdict.Mode
	NotifyOnly Outcome = "notify-only" // people are told, nothing starts
	Ignore     Outcome = "ignore"      // our own change: nothing at all
	Misuse     Outcome = "misuse"      // the responder role was used by somebody else: CRITICAL
)

// Verdict answers an Admission.
type Verdict struct {
	Outcome Outcome
	Mode    Mode
	Reasons []string // for people, each a sentence; never empty unless Outcome is Respond
	Trace   []Step   // what each stage said, in their order
}

// Proposal asks whether a plan may be carried out.
type Proposal struct {
	Rule string
	Mode Mode
	Spec action.Spec
	Plan *action.Plan
	// Principal is the ARN of who caused the event, "" where nobody is known.
	Principal string
	// Event is the event behind the plan; nil where it is not known any more.
	Event *event.Envelope
	// Effect is the id of the execution and of what it is about to do; "" for a look that leads to nothing: it spends no budget.
	Effect string
	// Undo: the plan takes back an earlier change, on a person's word. Exceptions don't hold it up: they protect what the
	// owner made, and that is what an undo brings back.
	Undo bool
	// Expired, beside Undo: riposte takes it back by itself, because its time is over. That is nobody's word, so pauses hold.
	Expired bool
}

// Decision answers a Proposal. Plan is a copy of the proposed one in which every item that must be left alone has the
// status Excepted or Escalated and no calls; Mode is the mode in which the rest may be done.
type Decision struct {
	Mode    Mode
	Plan    *action.Plan
	Reasons []string
	Paused  string // why an item is paused, a sentence; "" where none is
	// NotYet says what is missing for now, so that it is worth asking again later; "" where nothing is.
	NotYet string
	Trace  []Step // what each stage said, in their order
}
