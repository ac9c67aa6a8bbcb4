package sandbox

import (
	"encoding/json"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// eventsService answers for custom events
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
// There is one event bus, "default", in each account and region.
func eventsService() *service {
	return &service{
		name: "events", prefix: "events",
		operations: []operation{
			{name: "PutEvents", resources: busResources, handle: putEvents, data: true, writes: true},
		},
	}
}

// maxEntries is the most that the entries of a request may weigh together.
const maxEntries = 256 << 10

func (c *call) busARN(name string) string {
	if isARN(name) {
		return name
	}
	return c.arn("event-bus/" + orElse(name, "default"))
}

func busResources(c *call) []string {
	var out []string
	for _, e := range c.in.objects("Entries") {
		out = append(out, c.busARN(e.str("EventBusName")))
	}
	return out
}

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
		at := c.time
		if t, ok := e.time("Time"); ok {
			at = t
		}
		return wire.Object{"EventId": c.sb.deliver(envelope{
			DetailType: e.str("DetailType"), Source: e.str("Source"), Account: c.account.id, Region: c.region,
			Resources: e.strs("Resources"), Detail: json.RawMessage(e.str("Detail")), Time: at.UTC().Format(time.RFC3339),
		})}
	})
	return wire.Object{"FailedEntryCount": int64(failed), "Entries": results}, nil
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
	case c.busARN(e.str("EventBusName")) != c.busARN("default"):
		return "ResourceNotFoundException", "Event bus " + e.str("EventBusName") + " does not exist: the sandbox has the bus default only."
	}
	return "", ""
}
