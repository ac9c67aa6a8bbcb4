package playbook

import (
	"sync"

	"riposte.dev/event"
)

// firsts lets an answer to a deed itself come before answers to what was said about it. A finding carries the cause that it was
// raised for; an execution about it waits for the one about the deed, which is nearly always the quicker one anyhow, so that
// who looks first does not depend on which disk or processor stalls.
type firsts struct {
	mu   sync.Mutex
	busy map[event.Cause]*answering
}

// answering counts the executions that answer one deed, and tells when none is left.
type answering struct {
	count int
	done  chan struct{}
}

func newFirsts() *firsts { return &firsts{busy: map[event.Cause]*answering{}} }

// about reports whether an execution is about what was said of another deed.
func (s Start) about() bool { return s.Root != "" && s.Root != s.Cause }

// enter notes that an execution answers a deed until leave is called; calling leave again does nothing.
func (f *firsts) enter(s Start) (leave func()) {
	if s.about() || s.Undoes != "" || s.Cause == "" {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.busy[s.Cause]
	if a == nil {
		a = &answering{done: make(chan struct{})}
		f.busy[s.Cause] = a
	}
	a.count++
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if a.count--; a.count == 0 {
			close(a.done)
			delete(f.busy, s.Cause)
		}
	})
}

// afterTheDeed returns when nobody answers the deed any more that s is about, or when an answer could have been seen to work by
// now. Going on too early does no harm: executions take turns at a resource. What comes into the box is not made to wait.
func (r *Runtime) afterTheDeed(s Start, box *mailbox) {
	if !s.about() || s.Undoes != "" {
		return
	}
	r.firsts.mu.Lock()
	a := r.firsts.busy[s.Root]
	r.firsts.mu.Unlock()
	if a == nil {
		return
	}
	select {
	case <-a.done:
	case <-r.opts.After(r.opts.VerifyFor):
	case <-r.halt:
	case <-box.bell:
		box.ring()
	}
}
