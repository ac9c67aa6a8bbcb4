package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"riposte.dev/sandbox/wire"
)

// maxStreamEvents bounds what the sandbox keeps of a log stream, oldest out first.
const maxStreamEvents = 100_000

// logsState are the log groups of an account in a region.
type logsState struct {
	byName   map[string]*logsGroup
	policies map[string]logsPolicy
	sequence int64 // of the last event
}

type logsGroup struct {
	account, region, name string
	created               time.Time
	retention             int // days; 0: for ever
	streams               map[string]*logsStream
	filters               []*subscriptionFilter // by name
	tags                  input                 // never changed
}

type logsStream struct {
	name              string
	created, ingested time.Time
	events            []logEvent // by time, then by arrival
}

// logEvent is one event of a stream. Times are milliseconds since 1970.
type logEvent struct {
	stream       string
	message      string
	at, ingested int64
	sequence     int64 // by arrival in the account and region
}

type logsPolicy struct {
	document string
	updated  time.Time
}

func newLogsState() *logsState {
	return &logsState{byName: map[string]*logsGroup{}, policies: map[string]logsPolicy{}}
}

func (s *logsState) clone() stater {
	out := &logsState{byName: map[string]*logsGroup{}, policies: maps.Clone(s.policies), sequence: s.sequence}
	for name, g := range s.byName {
		c := *g // a filter never changes
		c.streams, c.filters = map[string]*logsStream{}, slices.Clone(g.filters)
		for n, st := range g.streams {
			copied := *st
			copied.events = slices.Clone(st.events)
			c.streams[n] = &copied
		}
		out.byName[name] = &c
	}
	return out
}

func (s *Sandbox) logsOf(account, region string) *logsState {
	return liveState(s, stateKey{"logs", account, region}, newLogsState)
}

func (g *logsGroup) arn() string { return arn("logs", g.region, g.account, "log-group:"+g.name+":*") }

// id is the event's, of 56 digits as AWS's are.
func (e logEvent) id() string { return fmt.Sprintf("3%019d%036d", e.at, e.sequence) }

// place is where an event lies in the order of events.
type place struct{ at, sequence int64 }

func (e logEvent) place() place { return place{e.at, e.sequence} }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.at, o.at), cmp.Compare(p.sequence, o.sequence))
}

func (p place) String() string {
	return strconv.FormatInt(p.at, 10) + "." + strconv.FormatInt(p.sequence, 10)
}

func parsePlace(s string) (place, bool) {
	var p place
	n, err := fmt.Sscanf(s, "%d.%d", &p.at, &p.sequence)
	return p, err == nil && n == 2 && p.String() == s
}

// append adds events to a stream, in the order of their times. The lock is held.
func (s *logsState) append(st *logsStream, events []logEvent, now time.Time) []logEvent {
	for i := range events {
		s.sequence++
		events[i].stream, events[i].sequence, events[i].ingested = st.name, s.sequence, now.UnixMilli()
	}
	st.events = append(st.events, events...)
	slices.SortStableFunc(st.events, func(a, b logEvent) int { return a.place().compare(b.place()) })
	if over := len(st.events) - maxStreamEvents; over > 0 {
		st.events = slices.Clone(st.events[over+maxStreamEvents/10:])
	}
	st.ingested = now.UTC()
	return events
}

// expire drops the events whose retention has passed.
func (g *logsGroup) expire(now time.Time) {
	if g.retention == 0 {
		return
	}
	oldest := now.AddDate(0, 0, -g.retention).UnixMilli()
	for _, st := range g.streams {
		n, _ := slices.BinarySearchFunc(st.events, oldest, func(e logEvent, at int64) int { return cmp.Compare(e.at, at) })
		st.events = st.events[n:]
	}
}

func (g *logsGroup) describe() any {
	stored := 0
	for _, st := range g.streams {
		for _, e := range st.events {
			stored += len(e.message) + eventOverhead
		}
	}
	o := wire.Object{
		"logGroupName": g.name, "creationTime": g.created.UnixMilli(), "arn": g.arn(), "metricFilterCount": int64(0), "storedBytes": int64(stored),
	}
	if g.retention > 0 {
		o["retentionInDays"] = int64(g.retention)
	}
	return o
}

func (g *logsGroup) describeStream(st *logsStream) any {
	o := wire.Object{
		"logStreamName": st.name, "creationTime": st.created.UnixMilli(), "storedBytes": int64(0),
		"arn": arn("logs", g.region, g.account, "log-group:"+g.name+":log-stream:"+st.name),
	}
	if n := len(st.events); n > 0 {
		o["firstEventTimestamp"], o["lastEventTimestamp"] = st.events[0].at, st.events[n-1].at
	}
	if !st.ingested.IsZero() {
		o["lastIngestionTime"] = st.ingested.UnixMilli()
	}
	return o
}
