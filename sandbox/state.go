package sandbox

import (
	"strings"
	"time"
)

// stater is the state of one service in one account and region (or "" where
// the service knows no regions, or the namespace is everybody's).
type stater interface {
	// clone copies the state deeply enough that changes of one don't show in
	// the other.
	clone() stater
}

type stateKey struct{ service, account, region string }

// staleKey is a service in an account, which become consistent together.
type staleKey struct{ service, account string }

// staleState is what reads see after a write when a Staleness asks for it.
type staleState struct {
	states map[stateKey]stater
	until  time.Time // zero: bounded by reads only
	reads  int       // left; negative: bounded by until only
}

// stateOf is the state of kind T for a key, made by fresh at first use. Reads
// of a call may get an older state (see Staleness).
func stateOf[T stater](c *call, key stateKey, fresh func() T) T {
	if c.stale != nil && key.service == c.svc.name && (key.account == "" || key.account == c.account.id) {
		if old, ok := c.stale.states[key]; ok {
			return old.(T)
		}
		return fresh() // there was none before the write
	}
	return liveState(c.sb, key, fresh)
}

// liveState is the present state, whatever a Staleness says.
func liveState[T stater](s *Sandbox, key stateKey, fresh func() T) T {
	if st, ok := s.state[key]; ok {
		return st.(T)
	}
	st := fresh()
	s.state[key] = st
	return st
}

// Staleness makes reads eventually consistent: after a write that matches,
// read-only operations of the same service and account see the state before
// it, until For has passed or Reads reads were served, whichever is set and
// comes first.
type Staleness struct {
	Service   string // "" any, as in Match
	Operation string // of the write
	Account   string
	For       time.Duration
	Reads     int
}

// AddStaleness puts a staleness in force; the function takes it off.
func (s *Sandbox) AddStaleness(st Staleness) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &st
	s.faults.staleness = append(s.faults.staleness, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults.staleness = without(s.faults.staleness, p)
	}
}

// beforeWrite keeps the state that later reads shall see.
func (s *Sandbox) beforeWrite(c *call) {
	if c.account == nil {
		return // an anonymous call writes in nobody's view
	}
	if c.account == nil {
		return // an anonymous call
	}
	for _, st := range s.faults.staleness {
		m := Match{Service: st.Service, Operation: st.Operation, Account: st.Account}
		if !m.covers(c) {
			continue
		}
		old := &staleState{states: map[stateKey]stater{}, reads: -1}
		for key, live := range s.state {
			if key.service == c.svc.name && (key.account == "" || key.account == c.account.id) {
				old.states[key] = live.clone()
			}
		}
		if st.For > 0 {
			old.until = c.time.Add(st.For)
		}
		if st.Reads > 0 {
			old.reads = st.Reads
		}
		s.stale[staleKey{c.svc.name, c.account.id}] = old
	}
}

// beforeRead gives the call the old state that it shall see.
func (s *Sandbox) beforeRead(c *call) {
	if c.account == nil {
		return // nobody's view: an anonymous call
	}
	key := staleKey{c.svc.name, c.account.id}
	old := s.stale[key]
	if old == nil {
		return
	}
	if old.reads == 0 || !old.until.IsZero() && !c.time.Before(old.until) {
		delete(s.stale, key)
		return
	}
	if old.reads > 0 {
		old.reads--
	}
	c.stale = old
}

func without[T comparable](list []T, x T) []T {
	out := make([]T, 0, len(list))
	for _, e := range list {
		if e != x {
			out = append(out, e)
		}
	}
	return out
}

// ring keeps the last max entries.
type ring[T any] struct {
	max     int
	entries []T
	dropped int
}

func (r *ring[T]) add(e T) {
	if len(r.entries) >= r.max {
		// Drop a tenth at once, so that adding stays cheap.
		n := max(1, r.max/10)
		r.entries = append(r.entries[:0:0], r.entries[n:]...)
		r.dropped += n
	}
	r.entries = append(r.entries, e)
}

// arn joins the parts of an ARN in the one partition of the sandbox.
func arn(service, region, account, resource string) string {
	return strings.Join([]string{"arn", "aws", service, region, account, resource}, ":")
}
