package detect

import (
	"context"
	"encoding/json"
	"time"

	"riposte.dev/event"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/target"
)

// Guard decides whether an event may start a response; see guard.Guard. An error means that it could not decide: the
// engine then starts nothing and tells people, and tries again where the error is retryable.
type Guard interface {
	Admit(ctx context.Context, a guard.Admission) (guard.Verdict, error)
}

// Responder starts a playbook. Start returns when the start is durable; the same rule and cause again is a no-op without
// an error. A retryable error makes the engine hand the event back; any other sends it to the dead letters.
type Responder interface {
	Start(ctx context.Context, r Response) error
}

// Response is what a match starts.
type Response struct {
	Rule     string
	RuleHash string // pins the rule's text
	Playbook string
	Cause    event.Cause
	Root     event.Cause // what the cause was raised for, where it is a finding; else the same as Cause
	Mode     guard.Mode
	Input    json.RawMessage // the playbook's input, an object
	Event    json.RawMessage // the whole envelope
	Received time.Time       // when riposte received the event
	Severity finding.Label
	Title    string   // one sentence: what happened
	Notify   []string // routes
	Finding  string   // id of the finding that the rule raises, "" where it raises none
	Reasons  []string // what the guard had to say, such as why the mode is not the rule's own
	Approval Approval // of mode approve
}

// Targets sends events on. Enqueue returns when the delivery is durably queued; the same rule, target and cause again is a
// no-op without an error. Retryable errors and others are treated as Responder's are.
type Targets interface {
	Enqueue(ctx context.Context, d target.Delivery) error
}

// Findings is where findings are kept; see finding.Hub. Upsert takes the same finding any number of times.
type Findings interface {
	Upsert(ctx context.Context, f finding.Finding) (finding.Result, error)
}

// Notices tells people. Notify returns when the notice is durably queued; the same key again is a no-op.
type Notices interface {
	Notify(ctx context.Context, key string, n Notice) error
}

// Notice is what people are told where no playbook tells them.
type Notice struct {
	Rule     string
	Severity finding.Label
	Title    string // one sentence: what happened
	Event    json.RawMessage
	Received time.Time
	Routes   []string // empty: the default route
	Finding  string   // id of the finding, "" where none was raised
	Reasons  []string // why nothing was started; empty where the rule starts nothing
	Facts    Facts
}

// DeadLetters keeps what cannot be handled, with the reason. Put returns when it is durable.
type DeadLetters interface {
	Put(ctx context.Context, d DeadLetter) error
}

// DeadLetter is an event that a rule could not be carried out for.
type DeadLetter struct {
	Event    json.RawMessage
	Received time.Time
	Rule     string // "" where the event itself cannot be read
	Stage    string // match, when, respond.input, start, finding or notice
	Reason   string
}

// Postponer keeps an event whose response has to wait for its turn. Postpone returns when that is durable; when the time
// has come, the event goes to Engine.Resume. One of the same id that is still waiting is replaced.
type Postponer interface {
	Postpone(ctx context.Context, p Postponed) error
}

// Postponed is an event that waits.
type Postponed struct {
	ID       string          `json:"id"` // the same for the same rule and cause
	At       time.Time       `json:"at"` // when it is due
	Event    json.RawMessage `json:"event"`
	Received time.Time       `json:"received"`
}

// Accounts knows the tags of accounts, for a rule's scope. What it does not know is an error, not an account without tags.
type Accounts interface {
	Tags(ctx context.Context, account string) (map[string]string, error)
}

// Observer sees every CloudTrail record, whether a rule matches it or not, after the responses have started. An error is
// logged and counted; it never holds an event back.
type Observer interface {
	Observe(ctx context.Context, r *event.Record) error
}
