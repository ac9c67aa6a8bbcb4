package asl

import (
	"container/heap"
	"time"
)

// schedule says which branches have something to do, so that a step looks at none of the others. It follows from the records.
type schedule struct {
	urgent   []*Frame // to be stepped before all others: what failed in them ends their branches
	ready    []*Frame // to be stepped, in the order in which they became so
	timers   timers
	touched  []*Frame // what Changes has not told of yet
	gone     []Command
	oneByOne bool // branches of a state run one after the other
}

// scheduled is what the schedule knows of a branch.
type scheduled struct {
	queued bool      // in ready
	noted  bool      // in touched
	timer  time.Time // of its entry in timers; zero: none
	asked  *Command  // what the world was asked for
	began  time.Time // the branch
	given  []byte    // the input of the branch
	first  int       // the first item of a Map that the branch is for
	taken  int       // how many
}

type timer struct {
	at    time.Time
	frame *Frame
}

type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(v any)        { *t = append(*t, v.(timer)) }
func (t *timers) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// update takes in that something about the branch has changed.
func (s *schedule) update(f *Frame) {
	if !f.queued {
		f.queued = true
		s.ready = append(s.ready, f)
	}
	if !f.noted {
		f.noted = true
		s.touched = append(s.touched, f)
	}
	s.arm(f)
}

// arm sets the branch's timer.
func (s *schedule) arm(f *Frame) {
	if at := f.wakes(); !at.IsZero() {
		s.at(f, at)
	}
}

func (s *schedule) at(f *Frame, at time.Time) {
	if f.timer.IsZero() || at.Before(f.timer) {
		f.timer = at
		heap.Push(&s.timers, timer{at, f})
	}
}

// over takes back what the world was asked for.
func (s *schedule) over(f *Frame) {
	if f.asked != nil {
		s.gone = append(s.gone, *f.asked)
		f.asked = nil
	}
}

// next takes the next branch to be stepped, nil where there is none.
func (s *schedule) next() *Frame {
	if last := len(s.urgent) - 1; last >= 0 {
		f := s.urgent[last]
		s.urgent = s.urgent[:last]
		return f
	}
	if len(s.ready) == 0 {
		return nil
	}
	f := s.ready[0]
	s.ready[0] = nil
	if s.ready = s.ready[1:]; len(s.ready) == 0 {
		s.ready = nil
	}
	f.queued = false
	return f
}

// ring makes the branches ready whose time has come.
func (x *Execution) ring(now time.Time) {
	s := &x.schedule
	for len(s.timers) > 0 && !s.timers[0].at.After(now) {
		t := heap.Pop(&s.timers).(timer)
		f := t.frame
		if !f.timer.Equal(t.at) {
			continue // it has an earlier one
		}
		f.timer = time.Time{}
		if x.Frames[f.Path] != f {
			continue
		}
		if at := f.wakes(); at.After(now) {
			s.arm(f)
		} else if !at.IsZero() && !f.queued {
			f.queued = true
			s.ready = append(s.ready, f)
		}
	}
}

// tidy forgets timers of which nothing will come, and moves those that were put off, until the next is one that counts.
func (s *schedule) tidy(x *Execution) {
	for len(s.timers) > 0 {
		f, set := s.timers[0].frame, s.timers[0].at
		current := f.timer.Equal(set)
		at := f.wakes()
		if current && x.Frames[f.Path] == f && !at.IsZero() && !at.After(set) {
			return
		}
		heap.Pop(&s.timers)
		if current {
			if f.timer = (time.Time{}); x.Frames[f.Path] == f {
				s.arm(f)
			}
		}
	}
}

// wakes is when the branch goes on by itself, or its task is late; zero for never.
func (f *Frame) wakes() time.Time {
	switch {
	case f.outcome != nil || f.state == nil:
		return time.Time{}
	case f.Waiting || f.state.Type == Wait:
		return f.Due
	case f.state.Type != Task:
		return time.Time{}
	}
	at := f.Deadline
	if f.Heartbeat > 0 {
		if beat := f.alive.Add(f.Heartbeat); at.IsZero() || beat.Before(at) {
			at = beat
		}
	}
	return at
}
