package eventbridge

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Limits of PutEvents (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const maxEntries = 10

type putEventsRequest struct {
	Entries []putEventsEntry
}

type putEventsEntry struct {
	Time       *float64 // seconds since 1970
	Source     string
	Resources  []string
	DetailType string
	Detail     string // JSON text
}

type putEventsAnswer struct {
	FailedEntryCount int
	Entries          []putEventsResult
}

type putEventsResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// putEvents answers each entry by itself: one bad entry does not refuse the others.
func (h *Handler) putEvents(ctx context.Context, c Caller, body []byte) (*putEventsAnswer, error) {
	var req putEventsRequest
	if err := jsonv2.Unmarshal(body, &req); err != nil {
		return nil, &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	if len(req.Entries) == 0 || len(req.Entries) > maxEntries {
		return nil, validation("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10")
	}
	answer := &putEventsAnswer{Entries: make([]putEventsResult, len(req.Entries))}
	var events []*event.Envelope
	var places []int
	for i, entry := range req.Entries {
		e, refusal := h.envelope(c, entry)
		if refusal != nil {
			answer.Entries[i] = *refusal
			continue
		}
		events, places = append(events, e), append(places, i)
	}
	if len(events) > 0 {
		for j, err := range h.Accept(ctx, events) {
			if err != nil {
				answer.Entries[places[j]] = putEventsResult{ErrorCode: errorCode(err), ErrorMessage: fault.Message(err)}
			} else {
				answer.Entries[places[j]] = putEventsResult{EventID: events[j].ID}
			}
		}
	}
	for _, r := range answer.Entries {
		if r.ErrorCode != "" {
			answer.FailedEntryCount++
		}
	}
	return answer, nil
}

// envelope builds the event of an entry, or says why not.
func (h *Handler) envelope(c Caller, entry putEventsEntry) (*event.Envelope, *putEventsResult) {
	for _, required := range []struct{ name, value string }{
		{"Source", entry.Source}, {"DetailType", entry.DetailType}, {"Detail", entry.Detail},
	} {
		if required.value == "" {
			return nil, &putEventsResult{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter " + required.name + " is not valid. Reason: " + required.name + " is a required argument."}
		}
	}
	if err := event.Check([]byte(entry.Detail)); err != nil {
		return nil, &putEventsResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed: " + fault.Message(err)}
	}
	if err := mayUseSource(c, entry.Source); err != nil {
		return nil, &putEventsResult{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: err.Error()}
	}
	e := &event.Envelope{ID: h.NewID(), DetailType: entry.DetailType, Source: entry.Source, Account: c.Account,
		Region: c.Region, Time: h.Now().UTC().Truncate(time.Second), Resources: entry.Resources, Detail: json.RawMessage(entry.Detail)}
	if entry.Time != nil {
		e.Time = time.Unix(int64(*entry.Time), 0).UTC()
	}
	// A record that AWS wrote says itself where it comes from; a key that may speak for AWS may relay it.
	if r := e.Record(); r != nil && c.SpeaksForAWS && strings.HasPrefix(entry.Source, "aws.") {
		if account := r.Account(); account != "" {
			e.Account = account
		}
		if r.AWSRegion != "" {
			e.Region = r.AWSRegion
		}
	}
	if _, err := event.Parse(e.JSON()); err != nil {
		return nil, &putEventsResult{ErrorCode: "InvalidArgument", ErrorMessage: fault.Message(err)}
	}
	return e, nil
}
