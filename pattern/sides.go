package pattern

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// sides are the rules twice. Matches read one side while changes are made to the other, which then becomes the one to read;
// the next change catches up on the side that was left, once the last match is off it. So a match never waits, and a
// change costs what it changes, not what there is.
type sides struct {
	both   [2]side
	live   atomic.Int32 // the one to read
	mu     sync.Mutex   // held by changes
	behind []change     // made to the live side only
}

type side struct {
	rules   rules
	readers atomic.Int64
	_       [64]byte // keeps the counters apart
}

// change is a change of one name's patterns: those that it has are removed, or not, and others added.
type change struct {
	name   string
	remove bool
	add    []*Pattern
}

func (s *sides) begin() {
	for i := range s.both {
		s.both[i].rules = newRules()
	}
}

// enter returns the side to read. Who reads it counts down its readers at the end.
func (s *sides) enter() *side {
	for {
		at := s.live.Load()
		reading := &s.both[at]
		reading.readers.Add(1)
		if s.live.Load() == at {
			return reading
		}
		reading.readers.Add(-1) // it was left in between, and may be changed now
	}
}

func (s *sides) change(c change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := 1 - s.live.Load()
	idle := &s.both[next]
	for idle.readers.Load() > 0 {
		runtime.Gosched()
	}
	for _, missed := range append(s.behind, c) {
		idle.rules.change(missed)
	}
	s.live.Store(next)
	s.behind = append(s.behind[:0], c)
}

func (r *rules) change(c change) {
	if c.remove {
		r.remove(c.name)
	}
	for _, p := range c.add {
		r.add(c.name, p)
	}
}
