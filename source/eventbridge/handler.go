package eventbridge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// maxBody bounds a request: PutEvents takes up to 1 MiB of entries, which JSON escaping can double.
const maxBody = 2*event.MaxBytes + 64<<10

// Caller is who sends events.
type Caller struct {
	Account      string // the account that the key belongs to
	Region       string // the region that the request was signed for; "" for a bare event
	SpeaksForAWS bool   // may send events whose source begins with "aws."
}

// Accept stores events durably. It returns one error an event, nil where the event is on disk (or was before).
type Accept func(ctx context.Context, events []*event.Envelope) []error

// Options are the parts of a Handler; all are required.
type Options struct {
	Accept Accept
	Caller func(*http.Request) Caller // the authenticated caller
	NewID  func() string              // a new UUID
	Now    func() time.Time
}

// Handler serves PutEvents and TestEventPattern at "/", and the bare event at "/events".
type Handler struct{ Options }

// NewHandler returns the handler; the routes that it serves are Routes.
func NewHandler(o Options) *Handler { return &Handler{o} }

// ServeAPI answers EventBridge's JSON protocol.
func (h *Handler) ServeAPI(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		writeError(w, h.NewID(), err)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	var answer any
	switch operation, found := strings.CutPrefix(target, "AWSEvents."); {
	case found && operation == "PutEvents":
		answer, err = h.putEvents(r.Context(), h.Caller(r), body)
	case found && operation == "TestEventPattern":
		answer, err = testEventPattern(body)
	default:
		err = &apiError{http.StatusBadRequest, "UnknownOperationException",
			"riposte answers AWSEvents.PutEvents and AWSEvents.TestEventPattern, not " + quote(target)}
	}
	if err != nil {
		writeError(w, h.NewID(), err)
		return
	}
	writeJSON(w, h.NewID(), http.StatusOK, answer)
}

// ServeEvent takes one bare event, as an EventBridge API destination posts it
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html): 200 when it is on disk, 4xx when
// the same event will be refused again, 429 or 5xx when EventBridge shall retry.
func (h *Handler) ServeEvent(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		writeError(w, h.NewID(), err)
		return
	}
	e, err := event.Parse(body)
	if err == nil {
		err = mayUseSource(h.Caller(r), e.Source)
	}
	if err == nil {
		err = h.Accept(r.Context(), []*event.Envelope{e})[0]
	}
	if err != nil {
		writeError(w, h.NewID(), err)
		return
	}
	writeJSON(w, h.NewID(), http.StatusOK, map[string]string{"EventId": e.ID})
}

func mayUseSource(c Caller, source string) error {
	if strings.HasPrefix(source, "aws.") && !c.SpeaksForAWS {
		return fault.New(fault.Denied, "this key may not send events with source %s", quote(source)).
			WithHint("create one with `riposte keys create --speaks-for-aws`")
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, "the request has more than %d bytes", maxBody)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "reading the request: %w", err)
	}
	return body, nil
}
