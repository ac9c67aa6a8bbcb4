// Package action is the contract of everything that riposte does to an account: look, show, act, look again, and be able
// to take it back.
//
// Start at [Action]. An action's [Plan] is made from the present state of the resources, never from the event alone; it
// lists one [Item] a resource with the exact API calls and the state before and after. What executes a plan (guard,
// journal, apply, verify) is the playbook runtime; the actions themselves are in action/<service>.
package action

import (
	"context"
	"encoding/json"
	"time"
)

// Effect says why repeating an action after a crash does no harm.
type Effect string

const (
	// StateChecked: the action looks first and does nothing where the state is already right.
	StateChecked Effect = "state-checked"
	// TokenKeyed: the service itself ignores the second call with the same client token.
	TokenKeyed Effect = "token-keyed"
	// AtLeastOnce: it may happen twice; the receiver sees a stable id.
	AtLeastOnce Effect = "at-least-once"
)

// Evidence says what shows that a change is needed.
type Evidence string

const (
	// StateEvidence: the present state of the resource shows it, so an event that is not true changes nothing. The zero value
	// means the same.
	StateEvidence Evidence = "state"
	// EventEvidence: only the event says so, and whoever could make one up could turn the action against anybody. The guard has
	// such events corroborated.
	EventEvidence Evidence = "event"
)

// Spec describes an action to people, to the guard and to the policy generator.
type Spec struct {
	Name        string          `json:"name"` // service.verb-noun, such as cloudtrail.start-logging
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`  // JSON Schema of Request.Params
	Permissions []string        `json:"permissions"` // IAM actions, as the Service Authorization Reference names them
	// Within narrows some of the permissions further than their resource types do.
	Within       map[string]Limit `json:"within,omitempty"`
	Effect       Effect           `json:"effect"`
	Evidence     Evidence         `json:"evidence,omitempty"`
	Irreversible string           `json:"irreversible,omitempty"` // why it cannot be undone; "" where Undo works
	// Approval is why people have to agree to it always, a clause; "" where the mode decides. Its undo is not held up.
	Approval string `json:"approval,omitempty"`
	// Foreign: not one of riposte's actions, but a call that a playbook makes by itself. It looks at nothing first, and the guard
	// lets it pass only where it is allowed by name.
	Foreign bool `json:"foreign,omitempty"`
	// Outside: it reaches other systems, or runs code, so that account and region don't say what it changes. The guard lets it pass
	// only where it is allowed by name.
	Outside bool `json:"outside,omitempty"`
	// TakesSeconds is for how long it is waited until the change shows, where that takes longer than AWS's usual delays.
	TakesSeconds int `json:"takes_seconds,omitempty"`
}

// Request asks for a plan.
type Request struct {
	Account string          `json:"account"` // 12 digits
	Region  string          `json:"region"`
	Params  json.RawMessage `json:"params"` // as Spec.Parameters describes; unknown fields are an error
	// Effect is the same whenever the same effect is asked for again, after a crash too; "" where nobody keeps account.
	Effect string `json:"effect,omitempty"`
}

// Action plans, applies, verifies and undoes one kind of change. Implementations are safe for concurrent use and hold no
// state between calls. Errors carry fault codes; a retryable one leaves nothing half-done that a new Plan would not see.
type Action interface {
	Spec() Spec
	// Plan looks at the resources and says what it would do. It changes nothing. A wrong parameter is fault.Invalid,
	// a resource that does not exist fault.NotFound.
	Plan(ctx context.Context, req Request) (*Plan, error)
	// Apply makes the item's calls. It returns what was called also when it fails, so that every request id is known.
	Apply(ctx context.Context, item Item) ([]Receipt, error)
	// Verify looks again: nil when the resource is as item.After says, ErrNotYet while it may still become so.
	Verify(ctx context.Context, item Item) error
	// Undo plans the way back from an applied item to item.Before. Where somebody changed the resource since, the
	// plan's item has status Conflict and no calls. An applied item of status Failed was changed in part, which its receipts
	// tell: a state on the way from Before to After is its own then, and no conflict.
	Undo(ctx context.Context, applied Item) (*Plan, error)
}

// Status says what a plan means to do with an item, and later what became of it.
type Status string

const (
	Change    Status = "change"    // Calls will be made
	Unneeded  Status = "unneeded"  // the state is already right
	Excepted  Status = "excepted"  // an exception holds; left as it is and reported
	Escalated Status = "escalated" // may not or cannot be done here; people are told
	Conflict  Status = "conflict"  // undo only: changed by somebody else since
	Changed   Status = "changed"   // applied and verified
	Failed    Status = "failed"    // applied without success, or not verified in time
)

// Plan is what an action would do, item by item, in order.
type Plan struct {
	Action  string `json:"action"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Items   []Item `json:"items"`
}

// Item is one resource of a plan.
type Item struct {
	ID       string          `json:"id"` // stable for the same resource in a later plan; unique within the plan
	Resource Resource        `json:"resource"`
	Status   Status          `json:"status"`
	Reason   string          `json:"reason"`           // one sentence for people
	Calls    []Call          `json:"calls,omitempty"`  // in order; empty unless Status is Change
	Before   json.RawMessage `json:"before,omitempty"` // the part of the state that matters, as it is now
	After    json.RawMessage `json:"after,omitempty"`  // the same part as it will be
	Receipts []Receipt       `json:"receipts,omitempty"`
	Error    string          `json:"error,omitempty"` // set when Status is Failed
}

// Resource names what is acted on.
type Resource struct {
	Type    string            `json:"type"` // CloudFormation type name, such as AWS::CloudTrail::Trail
	ARN     string            `json:"arn"`
	Name    string            `json:"name,omitempty"`
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Unknown bool              `json:"unknown,omitempty"` // what is changed can't be told: ARN says only whose it is, or how it may be named
	Tags    map[string]string `json:"tags,omitempty"`
	Owner   *Owner            `json:"owner,omitempty"`
}

// Owner is whom to tell about a resource and how we know.
type Owner struct {
	Contact string `json:"contact"` // mail address
	Source  string `json:"source"`  // for people: "tag owner on the security group"
}

// Call is one API call, as it will be sent.
type Call struct {
	Service   string          `json:"service"`   // IAM prefix, such as cloudtrail
	Operation string          `json:"operation"` // such as StartLogging
	Account   string          `json:"account"`
	Region    string          `json:"region"`
	Role      string          `json:"role,omitempty"` // ARN of the role as which it is made; "": as riposte reaches the account
	Input     json.RawMessage `json:"input"`
}

// Receipt is a call that was made.
type Receipt struct {
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Region    string    `json:"region"`
	RequestID string    `json:"request_id,omitempty"`
	At        time.Time `json:"at"`
	Error     string    `json:"error,omitempty"` // AWS error code and message
	// Output is what the call answered, where a playbook or the undo needs it; at most MaxOutput bytes.
	Output json.RawMessage `json:"output,omitempty"`
	Said   string          `json:"said,omitempty"` // what a program wrote beside its output, for people; without secrets
}

// MaxOutput bounds the output that a receipt keeps: it is journaled and given to the playbook.
const MaxOutput = 64 << 10
