package detect

import (
	"sync"
	"time"

	"riposte.dev/event"
)

// Bounds of an Activity.
const (
	DefaultActivityWindow = 2 * time.Hour
	DefaultActivityEvents = 200_000
)

// Activity remembers who called what in the last hours, so that a report can say what a principal did around an event
// and who changed a resource last. It holds API names, addresses and error codes, not events; it is bounded in time and
// number and safe for concurrent use.
type Activity struct {
	window time.Duration
	limit  int
	now    func() time.Time

	mu         sync.Mutex
	principals map[string][]call // in order of arrival
	order      []entry           // ring of what is remembered, in order of arrival; grows up to limit
	head, size int
	seen       map[string]struct{} // CloudTrail event ids: a record arrives by several ways
	names      map[string]string   // interned texts
	changes    changes
	from       time.Time // everything since then was observed
	dropped    time.Time // the newest call that was dropped for want of room
}

type call struct {
	at                  time.Time
	api, address, error string
}

type entry struct {
	at            time.Time
	id, principal string
}

// NewActivity returns an empty index. window and limit of 0 mean the defaults; now is the clock.
func NewActivity(window time.Duration, limit int, now func() time.Time) *Activity {
	if window <= 0 {
		window = DefaultActivityWindow
	}
	if limit <= 0 {
		limit = DefaultActivityEvents
	}
	return &Activity{
		window: window, limit: limit, now: now, principals: map[string][]call{},
		seen: map[string]struct{}{}, names: map[string]string{}, changes: changes{byKey: map[changeKey]Change{}}, from: now(),
	}
}

// Covers says that everything since from has been or is being observed, as after reading back the event stream at start.
// Without it, an index vouches only for what came after its making.
func (a *Activity) Covers(from time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if from.Before(a.from) {
		a.from = from
	}
}

// Observe takes note of an event. Events without a CloudTrail record, older than the window, or seen before are ignored.
func (a *Activity) Observe(env *event.Envelope) {
	if r := env.Record(); r != nil {
		a.observe(r)
	}
}

func (a *Activity) observe(r *event.Record) {
	oldest := a.now().Add(-a.window)
	if r.EventTime.Before(oldest) || r.EventID == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, dup := a.seen[r.EventID]; dup {
		return
	}
	a.expire(oldest)
	if a.size == a.limit {
		a.dropped = laterOf(a.dropped, a.forget())
	}
	principal := a.intern(r.UserIdentity.Principal())
	a.seen[r.EventID] = struct{}{}
	a.grow()
	a.order[(a.head+a.size)%len(a.order)] = entry{at: r.EventTime, id: r.EventID, principal: principal}
	a.size++
	c := call{at: r.EventTime, api: a.intern(apiName(r)), address: a.intern(r.SourceIPAddress), error: a.intern(r.ErrorCode)}
	a.principals[principal] = append(a.principals[principal], c)
	a.changes.observe(r)
}

// expire forgets what left the window; arrival is nearly in order of time, so it stops at the first that has not.
func (a *Activity) expire(oldest time.Time) {
	for a.size > 0 && a.order[a.head].at.Before(oldest) {
		a.forget()
	}
	if a.size == 0 {
		clear(a.names)
	}
	a.changes.expire(oldest)
}

// grow makes room for one more where the ring is full and may be larger.
func (a *Activity) grow() {
	if a.size < len(a.order) || len(a.order) == a.limit {
		return
	}
	larger := make([]entry, min(a.limit, max(1024, 2*len(a.order))))
	n := copy(larger, a.order[a.head:])
	copy(larger[n:], a.order[:a.head])
	a.order, a.head = larger, 0
}

// forget drops the entry that arrived first, which is also the first of its principal's calls, and returns its time.
func (a *Activity) forget() time.Time {
	e := a.order[a.head]
	a.order[a.head] = entry{}
	a.head, a.size = (a.head+1)%len(a.order), a.size-1
	delete(a.seen, e.id)
	if calls := a.principals[e.principal]; len(calls) == 1 {
		delete(a.principals, e.principal)
	} else {
		a.principals[e.principal] = calls[1:]
	}
	return e.at
}

// intern makes equal texts share memory: a few thousand names stand for hundreds of thousands of calls.
func (a *Activity) intern(text string) string {
	if known, ok := a.names[text]; ok {
		return known
	}
	if len(a.names) >= a.limit {
		clear(a.names)
	}
	a.names[text] = text
	return text
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
