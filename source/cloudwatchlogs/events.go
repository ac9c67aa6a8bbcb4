package cloudwatchlogs

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Bad is a log event that carries no event that riposte reads.
type Bad struct {
	Key    string // logGroup/logStream/id: the same however often the log event arrives; at most 1,024 bytes
	Reason string
	Data   []byte // the log event's message, at most 1 MiB of it
}

// Events takes the events out of a message. Each log event is one of events or one of bad, in order.
func Events(m Message) (events []*event.Envelope, bad []Bad) {
	events = make([]*event.Envelope, 0, len(m.LogEvents))
	for _, l := range m.LogEvents {
		e, err := parse(l.Message)
		if err != nil {
			bad = append(bad, newBad(m.LogGroup, m.LogStream, l.ID, fault.Message(err), l.Message))
			continue
		}
		events = append(events, e)
	}
	return events, bad
}

// parse reads an envelope where the text has an envelope's field, and a record otherwise. A record may mention that field
// in a place of its own, so it gets its chance too.
func parse(message string) (*event.Envelope, error) {
	raw := []byte(message)
	if strings.Contains(message, `"detail-type"`) {
		e, err := event.Parse(raw)
		if err == nil {
			return e, nil
		}
		if record, rerr := event.FromCloudTrail(raw); rerr == nil {
			return record, nil
		}
		return nil, err
	}
	return event.FromCloudTrail(raw)
}

func newBad(group, stream, id, reason, message string) Bad {
	key := group + "/" + stream + "/" + id
	if len(key) > 1024 {
		sum := sha256.Sum256([]byte(key))
		key = hex.EncodeToString(sum[:])
	}
	return Bad{Key: key, Reason: reason, Data: []byte(message[:min(len(message), event.MaxBytes)])}
}
