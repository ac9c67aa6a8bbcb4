package event

import (
	"cmp"
	"encoding/json"
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
	record *lazyRecord // nil where the envelope was made by hand
}

// Parse reads one envelope from bytes of unknown origin. It refuses, with code Invalid or TooLarge: what is not one JSON
// object, a duplicate key at any depth (two readers could see two events), nesting deeper than MaxDepth, more than
// MaxBytes, and an envelope without id, source, detail-type or an object as detail. The bytes are kept as they came.
func Parse(raw []byte) (*Envelope, error) {
	if err := Check(raw); err != nil {
		return nil, err
	}
	return decode(raw)
}

// Read reads an envelope or a CloudTrail record, whichever raw is: an envelope has the key detail-type. It refuses what
// Parse refuses or FromCloudTrail.
func Read(raw []byte) (e *Envelope, err error) {
	err = read(raw, recordShape, func(r *Reader) error {
		if r.found.values[detailTypePart] != nil {
			e, err = decode(raw)
			return err
		}
		if err := r.judgeRecord(); err != nil {
			return err
		}
		e = r.wrap(raw)
		return nil
	})
	return e, err
}

// Check reports whether raw is one JSON object within the bounds and without duplicate keys.
func Check(raw []byte) error { return read(raw, nil, nil) }

// decode reads an envelope that was checked.
func decode(raw []byte) (*Envelope, error) {
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
	e.raw, e.record = raw, &lazyRecord{}
	return &e, nil
}

// JSON returns the envelope's bytes: as received where it was parsed, encoded otherwise.
func (e *Envelope) JSON() []byte {
	if e.raw == nil {
		e.raw = e.AppendJSON(make([]byte, 0, len(e.Detail)+512))
	}
	return e.raw
}

// AppendJSON appends what JSON returns to b, for a caller who looks at many envelopes once and has the room already. The
// detail is copied as it is: Parse, FromCloudTrail and whoever made it have seen that it is JSON, and it is most of the
// bytes.
func (e *Envelope) AppendJSON(b []byte) []byte {
	if e.raw != nil {
		return append(b, e.raw...)
	}
	text := func(before, value string) {
		b = append(b, before...)
		quoted, err := jsontext.AppendQuote(b, value)
		if err != nil { // not UTF-8: the replacement character stands in
			quoted, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(value, "\uFFFD"))
		}
		b = quoted
	}
	text(`{"version":`, cmp.Or(e.Version, "0"))
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
