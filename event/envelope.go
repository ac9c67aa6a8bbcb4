package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Bounds on an event from outside. EventBridge itself carries at most 1 MiB an entry.
const (
	MaxBytes = 1 << 20
	MaxDepth = 100
)

// Envelope is an event as EventBridge delivers it
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
type Envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`

	raw    []byte
	record *Record // of FromCloudTrail; Record decodes it otherwise
}

// Parse reads one envelope from bytes of unknown origin. It refuses, with code Invalid or TooLarge: what is not one JSON
// object, a duplicate key at any depth (two readers could see two events), nesting deeper than MaxDepth, more than
// MaxBytes, and an envelope without id, source, detail-type or an object as detail. The bytes are kept as they came.
func Parse(raw []byte) (*Envelope, error) {
	if err := Check(raw); err != nil {
		return nil, err
	}
	var e Envelope
	if err := jsonv2.Unmarshal(raw, &e); err != nil {
		return nil, fault.New(fault.Invalid, "event is not an EventBridge envelope: %w", err).
			WithHint("an envelope has id, source, detail-type, account, time (RFC 3339), region, resources and detail")
	}
	for _, field := range []struct{ name, value string }{
		{"id", e.ID}, {"source", e.Source}, {"detail-type", e.DetailType},
	} {
		if field.value == "" {
			return nil, fault.New(fault.Invalid, "event has no %q", field.name).
				WithHint("send the whole EventBridge envelope; a bare CloudTrail record goes through scan or a log file source")
		}
	}
	if len(e.Detail) == 0 || e.Detail[0] != '{' {
		return nil, fault.New(fault.Invalid, "event %s: detail is not a JSON object", e.ID)
	}
	e.raw = raw
	return &e, nil
}

// Check reports whether raw is one JSON object within the bounds and without duplicate keys.
func Check(raw []byte) error {
	if len(raw) > MaxBytes {
		return fault.New(fault.TooLarge, "event has %d bytes, over the limit of %d", len(raw), MaxBytes)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	first := true
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err != nil {
			return fault.New(fault.Invalid, "event is not valid JSON: %w", err)
		}
		if first && token.Kind() != '{' {
			return fault.New(fault.Invalid, "event is not a JSON object")
		}
		if dec.StackDepth() == 0 && token.Kind() != '}' {
			return fault.New(fault.Invalid, "event is followed by more JSON at byte %d", dec.InputOffset())
		}
		if dec.StackDepth() > MaxDepth {
			return fault.New(fault.TooLarge, "event is nested deeper than %d levels", MaxDepth)
		}
		first = false
	}
}

// JSON returns the envelope's bytes: as received where it was parsed, encoded otherwise.
func (e *Envelope) JSON() []byte {
	if e.raw == nil {
		if e.Version == "" {
			e.Version = "0"
		}
		e.raw = e.encode()
	}
	return e.raw
}

// encode writes the envelope. The detail is copied as it is: Parse, FromCloudTrail and whoever made it have seen that it
// is JSON, and it is most of the bytes.
func (e *Envelope) encode() []byte {
	b := make([]byte, 0, len(e.Detail)+512)
	text := func(before, value string) {
		b = append(b, before...)
		quoted, err := jsontext.AppendQuote(b, value)
		if err != nil { // not UTF-8: the replacement character stands in
			quoted, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(value, "\uFFFD"))
		}
		b = quoted
	}
	text(`{"version":`, e.Version)
	text(`,"id":`, e.ID)
	text(`,"detail-type":`, e.DetailType)
	text(`,"source":`, e.Source)
	text(`,"account":`, e.Account)
	b = append(b, `,"time":"`...)
	b = e.Time.AppendFormat(b, time.RFC3339Nano)
	text(`","region":`, e.Region)
	b = append(b, `,"resources":[`...)
	for i, resource := range e.Resources {
		comma := ","
		if i == 0 {
			comma = ""
		}
		text(comma, resource)
	}
	b = append(b, `],"detail":`...)
	return append(append(b, e.Detail...), '}')
}
