package sandbox

import (
	"cmp"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// Bounds of PutLogEvents
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
const (
	eventOverhead = 26
	maxLogsBatch  = 1 << 20
	maxLogMessage = 1 << 20
	maxEventAge   = 14 * 24 * time.Hour
	maxEventLead  = 2 * time.Hour
	maxBatchSpan  = 24 * time.Hour
)

// putLogEvents takes the events of a batch that are neither too old nor too
// new. Sequence tokens are not needed, and not looked at.
func putLogEvents(c *call) (wire.Object, error) {
	g, st, err := c.logsStream()
	if err != nil {
		return nil, err
	}
	var batch []logEvent
	size := 0
	for _, e := range c.in.objects("logEvents") {
		at := int64(e.number("timestamp", 0))
		size += len(e.str("message")) + eventOverhead
		if len(e.str("message")) > maxLogMessage-eventOverhead {
			return nil, invalidParameter("Log event too large: %d bytes exceeds limit of %d", len(e.str("message"))+eventOverhead, maxLogMessage)
		}
		if n := len(batch); n > 0 && batch[n-1].at > at {
			return nil, invalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
		}
		batch = append(batch, logEvent{at: at, message: e.str("message")})
	}
	switch {
	case size > maxLogsBatch:
		return nil, invalidParameter("Upload too large: %d bytes exceeds limit of %d", size, maxLogsBatch)
	case batch[len(batch)-1].at-batch[0].at > maxBatchSpan.Milliseconds():
		return nil, invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	out := wire.Object{"nextSequenceToken": c.sb.newUUID()}
	batch, rejected := g.accept(batch, c.time)
	if len(rejected) > 0 {
		out["rejectedLogEventsInfo"] = rejected
	}
	c.sb.ingest(g, st, batch)
	return out, nil
}

// accept leaves out the events that are too old or too new, and says where
// those that it takes begin and end.
func (g *logsGroup) accept(batch []logEvent, now time.Time) (kept []logEvent, rejected wire.Object) {
	before := func(border time.Time) int {
		n, _ := slices.BinarySearchFunc(batch, border.UnixMilli(), func(e logEvent, at int64) int { return cmp.Compare(e.at, at) })
		return n
	}
	rejected = wire.Object{}
	first, end := before(now.Add(-maxEventAge)), before(now.Add(maxEventLead+time.Millisecond))
	if first > 0 {
		rejected["tooOldLogEventEndIndex"] = int64(first)
	}
	if g.retention > 0 {
		if n := before(now.AddDate(0, 0, -g.retention)); n > 0 {
			rejected["expiredLogEventEndIndex"] = int64(n)
			first = max(first, n)
		}
	}
	if end < len(batch) {
		rejected["tooNewLogEventStartIndex"] = int64(end)
	}
	return batch[min(first, end):end], rejected
}

// ingest stores events and sends them to who has subscribed. The lock is held.
func (s *Sandbox) ingest(g *logsGroup, st *logsStream, events []logEvent) {
	if len(events) == 0 {
		return
	}
	now := s.opts.Clock.Now()
	events = s.logsOf(g.account, g.region).append(st, events, now)
	g.expire(now)
	s.publishLogs(g, st, events)
}

// takeLogs takes what another service delivers to a log group: one event, in a
// stream of the day.
func (s *Sandbox) takeLogs(d delivery) error {
	region, account, name, ok := cutARN(d.arn, "logs", "log-group:")
	if !ok {
		return refused("INVALID_PARAMETER", "%q is not the ARN of a log group", d.arn)
	}
	state := s.logsOf(account, region)
	g := state.byName[trimGroupARN(name)]
	if g == nil {
		return refused("NO_RESOURCE", "there is no log group %s", d.arn)
	}
	allowed := false
	for _, p := range state.policies {
		for _, doc := range documents(p.document) {
			err := s.permits(d.from, "logs:PutLogEvents", arn("logs", region, account, "log-group:"+g.name+":log-stream:events"), doc)
			allowed = allowed || err == nil
		}
	}
	if !allowed {
		return refused("NO_PERMISSIONS", "no resource policy lets %s write to %s", d.from.service, d.arn)
	}
	s.writeLog(g, "events", string(d.payload), s.opts.Clock.Now())
	return nil
}

// writeLog writes one event, and makes its stream when there is none. The lock
// is held.
func (s *Sandbox) writeLog(g *logsGroup, stream, message string, at time.Time) {
	st := g.streams[stream]
	if st == nil {
		st = &logsStream{name: stream, created: s.opts.Clock.Now().UTC()}
		g.streams[stream] = st
	}
	s.ingest(g, st, []logEvent{{at: at.UnixMilli(), message: message}})
}
