package playbook

import (
	"context"
	"sync"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Ledger knows which AWS calls are ours: those just made from memory, older ones from the index. The runtime writes it and
// the guard reads it, so it is made before both.
type Ledger struct {
	index Index

	mu      sync.Mutex
	open    int // tasks whose calls may not be noted yet
	known   map[string]struct{}
	order   []string // ids in known, oldest first from next on
	next    int
	lost    []Request
	keepIDs int
}

var _ guard.Requests = (*Ledger)(nil)
var _ guard.Lost = (*Ledger)(nil)

// Bounds on what the ledger keeps in memory; the index holds everything, a moment later.
const (
	keepRequests = 100_000
	keepLost     = 1_000
	// lostBefore and lostAfter say how far the time of an event may be from that of a lost call: clocks differ, and a task
	// lasts.
	lostBefore = 2 * time.Minute
	lostAfter  = 20 * time.Minute
)

// NewLedger returns a ledger over what the index holds.
func NewLedger(index Index) *Ledger {
	return &Ledger{index: index, known: map[string]struct{}{}, keepIDs: keepRequests}
}

// Known reports whether the request id is one of ours.
func (l *Ledger) Known(ctx context.Context, requestID string) (bool, error) {
	l.mu.Lock()
	_, known := l.known[requestID]
	l.mu.Unlock()
	if known {
		return true, nil
	}
	_, err := l.index.Request(ctx, requestID)
	if fault.CodeOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// Pending reports whether calls may have been made whose request ids are not known yet: by a task here, or by an execution of
// another riposte on the same journal.
func (l *Ledger) Pending(ctx context.Context) (bool, error) {
	l.mu.Lock()
	open := l.open > 0
	l.mu.Unlock()
	if open {
		return true, nil
	}
	running, err := l.index.List(ctx, Filter{Status: Running, Limit: 1})
	return len(running) > 0, err
}

// Lost reports whether a call of ours to the operation, around that time, lost its request id in a crash.
func (l *Ledger) Lost(ctx context.Context, service, operation, account string, at time.Time) (bool, error) {
	l.mu.Lock()
	candidates := append([]Request(nil), l.lost...)
	l.mu.Unlock()
	stored, err := l.index.Lost(ctx, at.Add(-lostAfter))
	if err != nil {
		return false, err
	}
	for _, r := range append(candidates, stored...) {
		if r.Service == service && r.Operation == operation && r.Account == account &&
			!at.Before(r.At.Add(-lostBefore)) && !at.After(r.At.Add(lostAfter)) {
			return true, nil
		}
	}
	return false, nil
}

// hold makes Pending true until the returned function is called; calling it again does nothing.
func (l *Ledger) hold() (release func()) {
	l.mu.Lock()
	l.open++
	l.mu.Unlock()
	return sync.OnceFunc(func() {
		l.mu.Lock()
		l.open--
		l.mu.Unlock()
	})
}

// note takes in the request ids of calls that were made.
func (l *Ledger) note(receipts []action.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range receipts {
		if _, there := l.known[r.RequestID]; there || r.RequestID == "" {
			continue
		}
		l.known[r.RequestID] = struct{}{}
		if len(l.order) < l.keepIDs {
			l.order = append(l.order, r.RequestID)
			continue
		}
		delete(l.known, l.order[l.next])
		l.order[l.next] = r.RequestID
		l.next = (l.next + 1) % l.keepIDs
	}
}

// noteLost takes in calls whose request ids are lost.
func (l *Ledger) noteLost(calls []Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, calls...)
	if extra := len(l.lost) - keepLost; extra > 0 {
		l.lost = append([]Request(nil), l.lost[extra:]...)
	}
}
