package playbook

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timers wakes executions when they are due. It holds nothing that the journal doesn't: Resume fills it again.
type timers struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time

	mu      sync.Mutex
	queue   dueQueue
	known   map[dueKey]*due
	changed chan struct{} // one slot: the first due time may have changed
}

type due struct {
	at          time.Time
	id          string
	effect      string // the key of the one that expires; "" wakes the execution
	interrupted bool   // it rests because of a failure, perhaps in the middle of a task
	doubtful    bool   // it is not known whether it was started
	place       int    // in the queue
}

// dueKey is what has one time at most.
type dueKey struct{ id, effect string }

type dueQueue []*due

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *dueQueue) Push(x any) {
	item := x.(*due)
	item.place = len(*q)
	*q = append(*q, item)
}

func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	item := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return item
}

func newTimers(now func() time.Time, after func(time.Duration) <-chan time.Time) *timers {
	return &timers{now: now, after: after, changed: make(chan struct{}, 1), known: map[dueKey]*due{}}
}

// add wakes the execution at the time, or at once where that is past; it is not woken any more at the time that was set before.
func (t *timers) add(d due) {
	t.mu.Lock()
	key := dueKey{d.id, d.effect}
	if before := t.known[key]; before != nil {
		d.interrupted = d.interrupted || before.interrupted
		heap.Remove(&t.queue, before.place)
	}
	t.known[key] = &d
	heap.Push(&t.queue, &d)
	t.mu.Unlock()
	t.ring()
}

func (t *timers) ring() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// take returns what is due and how long the next one has to wait; negative where there is none.
func (t *timers) take() (ready []due, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.queue) > 0 {
		if wait = t.queue[0].at.Sub(t.now()); wait > 0 {
			return ready, wait
		}
		d := heap.Pop(&t.queue).(*due)
		delete(t.known, dueKey{d.id, d.effect})
		ready = append(ready, *d)
	}
	return ready, -1
}

// maxNap bounds one sleep: a host that was suspended, or whose clock was set, wakes up late by no more than that.
const maxNap = time.Minute

// run calls wake with each execution when it is due, until ctx ends.
func (t *timers) run(ctx context.Context, wake func(due)) {
	for {
		ready, wait := t.take()
		for _, d := range ready {
			wake(d)
		}
		var bell <-chan time.Time
		if wait >= 0 {
			bell = t.after(min(wait, maxNap))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.changed:
		case <-bell:
		}
	}
}

func (t *timers) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue)
}
