package bus

import (
	"encoding/binary"

	"riposte.dev/fault"
)

// Event is one thing on an event stream.
type Event struct {
	// Key is the cause key. Of two events with one key that come soon after each other only the first is stored, see
	// Publish. Empty: never a duplicate. At most 1,024 bytes.
	Key string
	// Data is the event itself, an EventBridge envelope as JSON in riposte; the bus doesn't look inside. At most
	// MaxEvent bytes.
	Data []byte
}

// maxKey bounds Event.Key in bytes.
const maxKey = 1024

// A group is the content of one message: a version byte, then for each event the length of its key as uvarint, the
// key, the length of its data as uvarint, and the data. Journal appends have the same form, with empty keys.
const groupVersion = 1

// frameSize bounds from above what appendEvent adds for e.
func frameSize(e Event) int { return len(e.Key) + len(e.Data) + 2*binary.MaxVarintLen32 }

// appendEvent adds e to the group in buf, which is empty or begun by appendEvent.
func appendEvent(buf []byte, e Event) []byte {
	if len(buf) == 0 {
		buf = append(buf, groupVersion)
	}
	buf = binary.AppendUvarint(buf, uint64(len(e.Key)))
	buf = append(buf, e.Key...)
	buf = binary.AppendUvarint(buf, uint64(len(e.Data)))
	return append(buf, e.Data...)
}

// decodeGroup returns the events of a group. Their data is part of buf. The error is of code fault.Invalid.
func decodeGroup(buf []byte) ([]Event, error) {
	if len(buf) == 0 || buf[0] != groupVersion {
		return nil, fault.New(fault.Invalid, "bus: not a group of version %d", groupVersion)
	}
	var events []Event
	for rest := buf[1:]; len(rest) > 0; {
		var key, data []byte
		var ok bool
		if key, rest, ok = cutBytes(rest); !ok {
			return nil, errTorn(len(events))
		}
		if data, rest, ok = cutBytes(rest); !ok {
			return nil, errTorn(len(events))
		}
		events = append(events, Event{Key: string(key), Data: data})
	}
	return events, nil
}

// cutBytes takes one length-prefixed field off buf.
func cutBytes(buf []byte) (field, rest []byte, ok bool) {
	n, size := binary.Uvarint(buf)
	if size <= 0 || n > uint64(len(buf)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return buf[size:end:end], buf[end:], true
}

func errTorn(index int) error {
	return fault.New(fault.Invalid, "bus: group is cut short at event %d", index)
}
