package sandbox

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Bounds on what waits in one stream of a trail. A full file goes out at once;
// records that no bucket takes are dropped, oldest first.
const (
	recordsInFile = 10_000
	maxWaiting    = 10 * recordsInFile
)

// streamKey says whose records share log files and digests: those of one
// account in one region.
type streamKey struct{ account, region string }

// logStream is what a trail has for one account and region.
type logStream struct {
	waiting []waitingRecord
	chain   *digestChain // nil outside of validation
	ended   time.Time    // by the latest digest of any chain
}

type waitingRecord struct {
	at   time.Time
	text json.RawMessage
}

// trailLog is what a trail delivers. Copies of the trail share it.
type trailLog struct {
	streams     map[streamKey]*logStream
	deliveries  map[string]*deliveries // by region, as GetTrailStatus tells of one
	validated   time.Time              // since when log files get into digests; zero: they don't
	stopRequest string                 // id of the StopLogging request, which is the last record
}

// deliveries are how those of one region went.
type deliveries struct{ files, digests, notices attempt }

// attempt is how the deliveries of one kind went.
type attempt struct {
	tried, succeeded time.Time
	failure          string // code of the latest attempt's failure; "" when it succeeded
}

func (a *attempt) note(now time.Time, failure string) {
	a.tried, a.failure = now, failure
	if failure == "" {
		a.succeeded = now
	}
}

func newTrailLog() *trailLog {
	return &trailLog{streams: map[streamKey]*logStream{}, deliveries: map[string]*deliveries{}}
}

func (l *trailLog) in(region string) *deliveries {
	if l.deliveries[region] == nil {
		l.deliveries[region] = &deliveries{}
	}
	return l.deliveries[region]
}

func (l *trailLog) stream(key streamKey) *logStream {
	st := l.streams[key]
	if st == nil {
		st = &logStream{}
		l.streams[key] = st
	}
	return st
}

// keys are the streams in order.
func (l *trailLog) keys() []streamKey {
	return slices.SortedFunc(maps.Keys(l.streams), func(a, b streamKey) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region))
	})
}

// gather hands a record to the trails that log it: those of the account that
// receives it, and those of its organisation. The lock is held.
func (s *Sandbox) gather(c *call, r *eventRecord, text json.RawMessage) {
	s.gatherIn(r.RecipientAccountID, false, c, r, text)
	if o := s.org; o != nil && o.management != r.RecipientAccountID && o.has(r.RecipientAccountID) {
		s.gatherIn(o.management, true, c, r, text)
	}
}

func (s *Sandbox) gatherIn(account string, orgOnly bool, c *call, r *eventRecord, text json.RawMessage) {
	state, ok := s.state[stateKey{"cloudtrail", account, ""}].(*trails)
	if !ok {
		return
	}
	for _, t := range state.byKey {
		if orgOnly && !t.org || !t.logs(c, r) {
			continue
		}
		s.logRecord(t, r.RecipientAccountID, text, c.time)
		st := t.log.stream(streamKey{r.RecipientAccountID, r.AWSRegion})
		st.waiting = append(st.waiting, waitingRecord{c.time.UTC().Truncate(time.Second), text})
		if len(st.waiting)%recordsInFile == 0 {
			s.deliverFiles(t, c.time)
		}
		if over := len(st.waiting) - maxWaiting; over >= 0 {
			st.waiting = slices.Clone(st.waiting[over+recordsInFile:])
		}
	}
}

// logs says whether a trail takes a record. Records of global services belong
// to us-east-1, and a trail may leave them out
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events).
// Of a trail that stops, StopLogging is the last record.
func (t *trail) logs(c *call, r *eventRecord) bool {
	switch {
	case !t.logging && t.log.stopRequest != c.requestID:
		return false
	case t.home != r.AWSRegion && !t.multi:
		return false
	case c.svc.global && !t.global:
		return false
	}
	return t.selects(r)
}
