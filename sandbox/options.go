package sandbox

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// Clock is the time that the sandbox lives in.
type Clock interface {
	Now() time.Time
	// After delivers the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now is the machine's time.
func (SystemClock) Now() time.Time { return time.Now() }

// After waits by the machine's time.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Options configure a sandbox. The zero value is a sandbox in us-east-1 on the
// machine's clock that delivers events at once and only to OnEvent.
type Options struct {
	Clock  Clock        // default SystemClock
	Rand   *rand.Rand   // ids, keys, delivery disorder; default seeded at random
	Logger *slog.Logger // default discards

	// PublicURL is how clients reach the sandbox ("http://127.0.0.1:4566"); it
	// appears in answers (queue URLs) and in e-mails (confirmation links). When
	// empty, the Host header of the request decides.
	PublicURL string
	// SourceIPHeader names a header ("X-Sandbox-Source-Ip") whose value replaces
	// the client's address in records and policy conditions. Empty: no header does.
	SourceIPHeader string

	// OnEvent receives every event that EventBridge would deliver, as a bare
	// envelope, in order, from a goroutine of the sandbox.
	OnEvent func(envelope []byte)
	// EventTargets are API destinations that receive the same events.
	EventTargets []EventTarget
	// ReadOnlyEvents delivers Describe, Get and List calls too. EventBridge
	// leaves them out unless a rule asks for them.
	ReadOnlyEvents bool
	// Delivery disturbs the delivery of events. The zero value doesn't.
	Delivery Delivery
	// HTTPClient posts to EventTargets. Default: a client of its own that
	// follows no redirects.
	HTTPClient *http.Client

	// LogFiles makes CloudTrail deliver log and digest files by itself.
	LogFiles LogFiles

	// SMTP is the mail server ("127.0.0.1:2525") that SNS hands its e-mails to,
	// without TLS where its host is a loopback address. When empty, e-mail
	// subscribers get nothing.
	SMTP string

	// Throttle applies AWS's request rates where the sandbox knows them
	// (LookupEvents: two a second per account and region).
	Throttle bool
	// JournalSize bounds Calls and stored events, oldest out first; default 10,000.
	JournalSize int
}

// EventTarget is an EventBridge API destination with an API-key connection.
type EventTarget struct {
	URL    string
	Header string // name of the header that carries the key; "" for none
	Value  string // secret; never logged
	// Accounts limits the target to events of these accounts; empty: all.
	Accounts []string
}

// Delivery says how events travel. Delays are drawn evenly between Min and
// Max, so that events overtake one another.
type Delivery struct {
	Min, Max    time.Duration
	Duplicates  float64       // share of events that arrive twice, 0 to 1
	LookupDelay time.Duration // until LookupEvents shows a record
}

// AWSDelivery behaves like AWS on an ordinary day: events arrive after two to
// twenty seconds, out of order, one in fifty twice
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-delivery.html
// promises at least once), and LookupEvents lags by a minute.
func AWSDelivery() Delivery {
	return Delivery{Min: 2 * time.Second, Max: 20 * time.Second, Duplicates: 0.02, LookupDelay: time.Minute}
}

func (o *Options) defaults() {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.JournalSize <= 0 {
		o.JournalSize = 10_000
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{
			Timeout:       targetTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
}
