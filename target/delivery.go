package target

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// Delivery is an event on its way to one target.
type Delivery struct {
	ID       string          `json:"id"` // 32 hex digits; the same for the same rule, target and cause; set by Enqueue
	Rule     string          `json:"rule"`
	RuleARN  string          `json:"ruleArn"` // what <aws.events.rule-arn> and RULE_ARN say
	Cause    string          `json:"cause"`   // of the event, see event.Cause
	Target   Config          `json:"target"`
	Event    json.RawMessage `json:"event"`           // the envelope
	Ingested time.Time       `json:"ingested"`        // when riposte took the event in; the retry policy's age counts from here
	Tried    int             `json:"tried,omitempty"` // attempts in the first queue
}

// Request is one attempt, for a Sender.
type Request struct {
	Delivery
	Input []byte // JSON, or the lines of a text template
}

// Sender brings requests to targets of one kind. It is safe for concurrent use.
type Sender interface {
	// Kind is the name of the kind, see Kind.Name.
	Kind() string
	// Send returns when the target has accepted the input. Its error's fault code decides: a retryable one
	// (fault.Retryable) has the delivery tried again, any other makes it a dead letter. It may be called again for a
	// delivery that it has sent, and then uses the same token where the service takes one.
	Send(ctx context.Context, r Request) error
}

// DeadLetters takes what could not be delivered, for the dead-letter queue of a target.
type DeadLetters interface {
	// Bury returns when the queue has the letter.
	Bury(ctx context.Context, queueARN string, l Letter) error
}

// Letter is an event that could not be delivered, as EventBridge writes it
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html): the event as body, the rest as attributes.
type Letter struct {
	Event      []byte
	Attributes map[string]string // RULE_ARN, TARGET_ARN, ERROR_CODE, ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION, RETRY_ATTEMPTS
}

// Queue holds deliveries until they are done. It survives a crash.
type Queue interface {
	// Enqueue returns when data is durably stored. An id that is in the queue already is a success that changes
	// nothing. It fails with fault.Unavailable when there is no room.
	Enqueue(ctx context.Context, queue, id string, data []byte) error
	// Work hands out jobs until ctx ends, and each again after a crash. What handle returns decides: nil removes the
	// job, an error that wraps ErrGiveUp makes it a dead letter with the error as reason, after any other it comes
	// back when Pause says.
	Work(ctx context.Context, queue string, cfg WorkConfig, handle func(ctx context.Context, job Job) error) error
}

// WorkConfig says how a queue is worked off.
type WorkConfig struct {
	Workers int                             // jobs at a time
	Pause   func(attempt int) time.Duration // from a failed attempt, 1 for the first, to the next
}

// Job is a queued delivery in the hands of a worker.
type Job struct {
	ID      string
	Data    []byte
	Attempt int       // 1 for the first
	Time    time.Time // when it was stored
}

// ErrGiveUp is wrapped by a handler's error when trying again is of no use.
var ErrGiveUp = errors.New("given up")

// deliveryID names a delivery. The separator can't occur in the ids of rules and targets.
func deliveryID(rule, target, cause string) string {
	sum := sha256.Sum256([]byte(rule + "\x00" + target + "\x00" + cause))
	return hex.EncodeToString(sum[:16])
}

// key names a target among all rules'.
func (d *Delivery) key() string { return d.Rule + "/" + d.Target.ID }
