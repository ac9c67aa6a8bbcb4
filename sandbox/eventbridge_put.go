package sandbox

import (
	"encoding/json"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// maxEntries is the most that the entries of a request may weigh together.
const maxEntries = 256 << 10

// putEvents takes custom events
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
func putEvents(c *call) (wire.Object, error) {
	entries, size := c.in.objects("Entries"), 0
	for _, e := range entries {
		size += len(e.str("Source")) + len(e.str("DetailType")) + len(e.str("Detail"))
		for _, r := range e.strs("Resources") {
			size += len(r)
		}
		if e.has("Time") {
			size += 14
		}
	}
	if size > maxEntries {
		return nil, c.fail(wire.Invalid, "Total size of the entries in the request is over the limit.")
	}
	failed := 0
	results := list(entries, func(e input) any {
		if code, why := c.refuseEntry(e); code != "" {
			failed++
			return wire.Object{"ErrorCode": code, "ErrorMessage": why}
		}
		return wire.Object{"EventId": c.putEntry(e)}
	})
	return wire.Object{"FailedEntryCount": int64(failed), "Entries": results}, nil
}

// putEntry brings an event to its bus, and returns its id.
func (c *call) putEntry(e input) string {
	at := c.time
	if t, ok := e.time("Time"); ok {
		at = t
	}
	event := envelope{
		DetailType: e.str("DetailType"), Source: e.str("Source"), Account: c.account.id, Region: c.region,
		Resources: e.strs("Resources"), Detail: json.RawMessage(e.str("Detail")), Time: at.UTC().Format(time.RFC3339),
	}
	bus := c.busARN(e.str("EventBusName"))
	if bus == c.busARN(defaultBus) {
		return c.sb.deliver(event)
	}
	id, text := c.sb.stamp(event)
	c.sb.toRules(c.sb.busAt(bus), &arrived{text: text, ingested: c.time})
	return id
}

// refuseEntry says why an entry isn't taken, "" when it is.
func (c *call) refuseEntry(e input) (code, why string) {
	for _, name := range []string{"Source", "DetailType", "Detail"} {
		if e.str(name) == "" {
			return "InvalidArgument", "Parameter " + name + " is not valid. Reason: " + name + " is a required argument."
		}
	}
	var detail map[string]json.RawMessage
	switch {
	case strings.HasPrefix(e.str("Source"), "aws."):
		return "NotAuthorizedForSource", "Not authorized for the source."
	case json.Unmarshal([]byte(e.str("Detail")), &detail) != nil:
		return "MalformedDetail", "Detail is malformed."
	case c.sb.busAt(c.busARN(e.str("EventBusName"))) == nil:
		return "ResourceNotFoundException", "Event bus " + e.str("EventBusName") + " does not exist."
	}
	return "", ""
}
