package detect

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"riposte.dev/event"
)

// flaps counts how often a rule saw one resource broken, to tell a mishap from somebody who fights. A break counts once,
// whichever way and however often AWS tells of it, at the event's own time; so the same events give the same counts after a
// restart, in whatever order they come.
type flaps struct {
	mu         sync.Mutex
	byResource map[string]*flap
}

// flap is one resource.
type flap struct {
	breaks    []broken // by time; no more than are needed to escalate
	escalated map[string]broken
	within    time.Duration
}

type broken struct {
	cause event.Cause
	at    time.Time
}

// maxFlapping bounds the memory; over it, resources whose breaks are over go, and if all are recent the table starts again.
const maxFlapping = 100_000

// saw counts a match as a break of its resource by whoever did it.
func (f *flaps) saw(m *Match, env *event.Envelope) bool {
	return f.count(resourceKey(m, env), actor(env.Record()), broken{env.RootCause(), env.Time}, m.Rule.Respond.Escalate)
}

// count takes in a break and reports whether it escalates: from the nth within the time on, once in that time for everybody
// who takes part. A break that did escalates again: what comes of it is under way, or has to be tried again.
func (f *flaps) count(key, actor string, b broken, e *Escalate) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byResource == nil {
		f.byResource = map[string]*flap{}
	}
	r := f.byResource[key]
	if r == nil {
		f.bound(b.at)
		r = &flap{escalated: map[string]broken{}}
		f.byResource[key] = r
	}
	r.within = e.Within
	last, acted := r.escalated[actor]
	if acted && last.cause == b.cause {
		return true
	}
	if !r.add(b, e) || len(r.breaks) < e.Times || acted && b.at.Before(last.at.Add(e.Within)) {
		return false
	}
	r.escalated[actor] = b
	return true
}

// add keeps the newest breaks and reports whether this one is new and among them.
func (r *flap) add(b broken, e *Escalate) bool {
	if slices.ContainsFunc(r.breaks, func(k broken) bool { return k.cause == b.cause }) {
		return false
	}
	at, _ := slices.BinarySearchFunc(r.breaks, b, func(x, y broken) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.cause, y.cause))
	})
	r.breaks = slices.Insert(r.breaks, at, b)
	oldest := r.breaks[len(r.breaks)-1].at.Add(-e.Within)
	r.breaks = slices.DeleteFunc(r.breaks, func(k broken) bool { return !k.at.After(oldest) })
	if over := len(r.breaks) - e.Times; over > 0 {
		r.breaks = slices.Delete(r.breaks, 0, over)
	}
	for who, last := range r.escalated {
		if !last.at.Add(e.Within).After(oldest) { // nothing that still counts is held up by it
			delete(r.escalated, who)
		}
	}
	return slices.Contains(r.breaks, b)
}

func (f *flaps) bound(now time.Time) {
	if len(f.byResource) < maxFlapping {
		return
	}
	for key, r := range f.byResource {
		if last := len(r.breaks) - 1; last < 0 || !r.breaks[last].at.After(now.Add(-r.within)) {
			delete(f.byResource, key)
		}
	}
	if len(f.byResource) >= maxFlapping {
		clear(f.byResource)
	}
}
