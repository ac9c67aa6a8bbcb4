package firehose

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Caller is who sends records.
type Caller struct {
	SpeaksForAWS bool // may send events whose source begins with "aws."
}

// Accept stores events durably. It returns one error an event, nil where it is on disk; fault.Retryable decides about the
// others.
type Accept func(ctx context.Context, events []*event.Envelope) []error

// Bury stores what can't be read as a dead letter; nil when it is on disk. The same key is buried once.
type Bury func(ctx context.Context, key, reason string, data []byte) error

// Bad is a part of a record that carries no event.
type Bad struct {
	Key    string // the same however often the record comes
	Reason string
	Data   []byte
}

// Decode takes the events out of a record. Its error means that nothing of the record can be read.
type Decode func(data []byte) ([]*event.Envelope, []Bad, error)

// Options are the parts of a Handler. All but Parallel, Logger and Metrics are required.
type Options struct {
	Name   string // of the source, in metrics
	Decode Decode
	Accept Accept
	Bury   Bury
	Caller func(*http.Request) Caller // the authenticated caller
	Now    func() time.Time

	Parallel int          // requests that are in memory at a time, each with up to 64 MiB; default 4; more are answered with 503
	Logger   *slog.Logger // for riposte's own mistakes; default: discard
	Metrics  *Metrics     // default: measured for nobody
}

// Handler answers the requests of Firehose streams. It assumes that the caller was authenticated.
type Handler struct {
	o    Options
	free chan struct{}
}

var _ http.Handler = (*Handler)(nil)

// NewHandler returns the handler.
func NewHandler(o Options) *Handler {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = newMetrics()
	}
	return &Handler{o: o, free: make(chan struct{}, o.Parallel)}
}

// ServeHTTP answers 200 when every event of the request is on disk or buried. Else nothing is promised, though some may
// be, and the code says why: 400 for what is no request of Firehose, 403 for events of AWS with a key that may not speak
// for it, 413 for too much, 503 while riposte can't store.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case h.free <- struct{}{}:
		defer func() { <-h.free }()
	default:
		h.answer(w, requestID(r), fault.New(fault.Unavailable, "%d requests are being taken already", h.o.Parallel))
		return
	}
	req, err := parse(w, r)
	if err == nil {
		err = h.take(r.Context(), h.o.Caller(r), req)
	}
	h.answer(w, requestID(r), err)
}

// Refuse answers a request that did not get so far, such as one without a key: Firehose takes an answer in any other form
// for a failure without a reason.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	h.answer(w, requestID(r), err)
}

// batch bounds the events that are stored at once, so that what a request grows to is not in memory as a whole.
const batch = 1000

func (h *Handler) take(ctx context.Context, c Caller, req *request) error {
	var events []*event.Envelope
	for i, rec := range req.Records {
		found, bad, err := h.o.Decode(rec.Data)
		switch {
		case err != nil && fault.Retryable(err):
			return err
		case err != nil:
			bad = []Bad{{Key: fmt.Sprintf("firehose/%s/%d", req.RequestID, i), Reason: fault.Message(err), Data: rec.Data}}
		}
		req.Records[i].Data = nil
		for _, e := range found {
			if strings.HasPrefix(e.Source, "aws.") && !c.SpeaksForAWS {
				return fault.New(fault.Denied, "this key may not send events with source %q", e.Source).
					WithHint("create one with `riposte keys create --speaks-for-aws`, and set it as the stream's access key")
			}
		}
		if err := h.bury(ctx, bad); err != nil {
			return err
		}
		if events = append(events, found...); len(events) >= batch {
			if err := h.store(ctx, events); err != nil {
				return err
			}
			events = nil
		}
	}
	return h.store(ctx, events)
}

// store has events accepted; those that will never be are buried.
func (h *Handler) store(ctx context.Context, events []*event.Envelope) error {
	if len(events) == 0 {
		return nil
	}
	var bad []Bad
	for i, err := range h.o.Accept(ctx, events) {
		switch {
		case err == nil:
		case fault.Retryable(err):
			return err
		default:
			bad = append(bad, Bad{Key: string(events[i].Cause()), Reason: fault.Message(err), Data: events[i].JSON()})
		}
	}
	h.o.Metrics.events.WithLabelValues(h.o.Name, "accepted").Add(float64(len(events) - len(bad)))
	return h.bury(ctx, bad)
}

func (h *Handler) bury(ctx context.Context, bad []Bad) error {
	for _, b := range bad {
		if err := h.o.Bury(ctx, b.Key, b.Reason, b.Data[:min(len(b.Data), event.MaxBytes)]); err != nil {
			return fault.New(fault.Unavailable, "store a dead letter: %w", err)
		}
		h.o.Metrics.events.WithLabelValues(h.o.Name, "buried").Inc()
	}
	return nil
}
