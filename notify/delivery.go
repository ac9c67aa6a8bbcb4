package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Delivery is one message on its way to one place: a channel, and on a channel that writes to people one recipient.
type Delivery struct {
	ID      string    `json:"id"` // 32 hex digits; the same for the same message, channel and recipient
	Channel string    `json:"channel"`
	To      string    `json:"to,omitempty"` // mail address; "" where the channel knows its receivers itself
	Queued  time.Time `json:"queued"`       // set by the enqueue stage
	Message Message   `json:"message"`
	Body    Body      `json:"body"`

	routes []string // asked for by the caller; read by the route stage
}

// Body is a message laid out.
type Body struct {
	Text  string `json:"text"`  // UTF-8, "\n" line ends
	HTML  string `json:"html"`  // a whole document without external parts
	Short string `json:"short"` // one line of at most 140 ASCII characters, for text messages
}

// Channel sends deliveries somewhere. Implementations are safe for concurrent use.
type Channel interface {
	// Name is unique, and is what routes call the channel: lower-case letters, digits and dashes, at most 40.
	Name() string
	// Send hands the delivery over before it returns. Its error's fault code decides: a retryable one (fault.Retryable)
	// has the delivery tried again, any other makes it a dead letter. It may be called again for a delivery that it
	// has sent, and then has to send it under the same id.
	Send(ctx context.Context, d Delivery) error
}

// Addressed is a Channel that writes to people. It gets one delivery per recipient, in Delivery.To.
type Addressed interface {
	Channel
	// CheckAddress returns fault.Invalid for an address that Send would refuse.
	CheckAddress(address string) error
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

// Log remembers what became of deliveries, for people and against duplicates. What waits for its first attempt is in the
// queue only.
type Log interface {
	// Record adds an entry.
	Record(ctx context.Context, e Entry) error
	// Sent reports whether the delivery was recorded as Sent.
	Sent(ctx context.Context, delivery string) (bool, error)
}

// Status says what became of a delivery.
type Status string

const (
	Sent     Status = "sent"     // handed over to the channel
	Retrying Status = "retrying" // failed, and will be tried again
	Dead     Status = "dead"     // given up; see Error
	Skipped  Status = "skipped"  // below the route's severity, or nobody may be written to; see Error
)

// Entry is a line of the log.
type Entry struct {
	Delivery  string        `json:"delivery,omitempty"` // "" where there never was one (Skipped)
	Message   string        `json:"message"`
	Channel   string        `json:"channel,omitempty"`
	To        string        `json:"to,omitempty"`
	Route     string        `json:"route,omitempty"` // Skipped only
	Status    Status        `json:"status"`
	Attempt   int           `json:"attempt,omitempty"`
	At        time.Time     `json:"at"`
	Took      time.Duration `json:"took,omitempty"` // of the attempt, ns
	Error     string        `json:"error,omitempty"`
	Severity  string        `json:"severity"`
	Subject   string        `json:"subject"`
	Rule      string        `json:"rule,omitempty"`
	Execution string        `json:"execution,omitempty"`
}

// deliveryID names the delivery of a message to a place. The parts are hashed, because ids come from events and queues
// restrict what an id may contain; the separator can't occur in a channel's name or an address.
func deliveryID(message, channel, to string) string {
	sum := sha256.Sum256([]byte(channel + "\x00" + to + "\x00" + message))
	return hex.EncodeToString(sum[:16])
}

func (d *Delivery) entry(status Status, at time.Time) Entry {
	return Entry{
		Delivery: d.ID, Message: d.Message.ID, Channel: d.Channel, To: d.To, Status: status, At: at,
		Severity: d.Message.Severity, Subject: d.Message.Subject, Rule: d.Message.Rule, Execution: d.Message.Execution,
	}
}
