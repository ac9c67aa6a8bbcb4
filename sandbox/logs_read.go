package sandbox

import (
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// The most that an answer holds.
const (
	maxLogsPage  = 10_000
	maxLogsBytes = 1 << 20
)

// chosenStreams are the streams that FilterLogEvents shall look at.
func (c *call) chosenStreams(g *logsGroup) ([]*logsStream, error) {
	names, prefix := c.in.strs("logStreamNames"), c.in.str("logStreamNamePrefix")
	if len(names) > 0 && prefix != "" {
		return nil, invalidParameter("logStreamNamePrefix and logStreamNames cannot be used together.")
	}
	for _, name := range names {
		if g.streams[name] == nil {
			return nil, wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
		}
	}
	return byName(g.streams, func(st *logsStream) bool {
		return strings.HasPrefix(st.name, prefix) && (len(names) == 0 || slices.Contains(names, st.name))
	}), nil
}

// filterLogEvents finds events of several streams, interleaved by time.
// startTime and endTime both are inclusive.
func filterLogEvents(c *call) (wire.Object, error) {
	g, err := c.logsGroup()
	if err != nil {
		return nil, err
	}
	if err := c.throttle(25); err != nil {
		return nil, err
	}
	pattern, err := parseLogsPattern(c.in.str("filterPattern"))
	if err != nil {
		return nil, invalidParameter("Invalid filter pattern: %v", err)
	}
	streams, err := c.chosenStreams(g)
	if err != nil {
		return nil, err
	}
	var after place
	if token := c.in.str("nextToken"); token != "" {
		var ok bool
		if after, ok = parsePlace(token); !ok {
			return nil, invalidParameter("The specified nextToken is invalid.")
		}
	}
	g.expire(c.time)
	from, to := int64(c.in.number("startTime", 0)), int64(c.in.number("endTime", 1<<62))
	var found []logEvent
	for _, st := range streams {
		for _, e := range st.events {
			if e.at >= from && e.at <= to && e.place().compare(after) > 0 && pattern.matches(e.message) {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b logEvent) int { return a.place().compare(b.place()) })
	page := fitting(found, c.in.number("limit", maxLogsPage))
	out := wire.Object{"searchedLogStreams": wire.List{}, "events": list(page, func(e logEvent) any {
		return wire.Object{
			"logStreamName": e.stream, "timestamp": e.at, "message": e.message, "ingestionTime": e.ingested, "eventId": e.id(),
		}
	})}
	if len(page) < len(found) {
		out["nextToken"] = page[len(page)-1].place().String()
	}
	return out, nil
}

// fitting is the beginning of events that fits into an answer.
func fitting(events []logEvent, limit int) []logEvent {
	size := 0
	for i, e := range events {
		if size += len(e.message) + eventOverhead; i == limit || size > maxLogsBytes && i > 0 {
			return events[:i]
		}
	}
	return events
}

// getLogEvents reads one stream. startTime is inclusive, endTime exclusive.
// Without a token and startFromHead it reads the latest events.
func getLogEvents(c *call) (wire.Object, error) {
	g, st, err := c.logsStream()
	if err != nil {
		return nil, err
	}
	if err := c.throttle(25); err != nil {
		return nil, err
	}
	g.expire(c.time)
	from, to := int64(c.in.number("startTime", 0)), int64(c.in.number("endTime", 1<<62))
	var events []logEvent
	for _, e := range st.events {
		if e.at >= from && e.at < to {
			events = append(events, e)
		}
	}
	forward := c.in.flag("startFromHead", false)
	before, after := place{at: 1 << 62}, place{}
	if token := c.in.str("nextToken"); token != "" {
		kind, rest, _ := strings.Cut(token, "/")
		at, ok := parsePlace(strings.TrimSuffix(rest, "/s"))
		if !ok || kind != "f" && kind != "b" {
			return nil, invalidParameter("The specified nextToken is invalid.")
		}
		if forward = kind == "f"; forward {
			after = at
		} else {
			before = at
		}
	}
	events = slices.DeleteFunc(events, func(e logEvent) bool {
		return e.place().compare(after) <= 0 || e.place().compare(before) >= 0
	})
	page := lastOrFirst(events, c.in.number("limit", maxLogsPage), forward)
	// An empty page leaves its place unchanged, as AWS's tokens do.
	first, last := place{after.at, after.sequence + 1}, after
	if !forward && c.in.has("nextToken") {
		first, last = before, place{before.at, before.sequence - 1}
	}
	if len(page) > 0 {
		first, last = page[0].place(), page[len(page)-1].place()
	}
	return wire.Object{
		"nextForwardToken": "f/" + last.String() + "/s", "nextBackwardToken": "b/" + first.String() + "/s",
		"events": list(page, func(e logEvent) any {
			return wire.Object{"timestamp": e.at, "message": e.message, "ingestionTime": e.ingested}
		}),
	}, nil
}

// lastOrFirst is the end or the beginning of events that fits into an answer.
func lastOrFirst(events []logEvent, limit int, first bool) []logEvent {
	if first {
		return fitting(events, limit)
	}
	slices.Reverse(events)
	page := fitting(events, limit)
	slices.Reverse(page)
	return page
}
