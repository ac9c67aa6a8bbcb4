package action

import (
	"context"
	"slices"
	"sync"
)

// Recorder collects the receipts of all calls, reads too, that are made under its context. The runtime records around
// Plan, Apply, Verify and Undo, and journals every request id: only so can riposte tell its own calls from those of
// somebody else who uses its role.
type Recorder struct {
	parent *Recorder

	mu       sync.Mutex
	receipts []Receipt
}

type recorderKey struct{}

// Record returns a context under which every call leaves its receipt in the recorder, and in those of the contexts around
// it.
func Record(ctx context.Context) (context.Context, *Recorder) {
	parent, _ := ctx.Value(recorderKey{}).(*Recorder)
	r := &Recorder{parent: parent}
	return context.WithValue(ctx, recorderKey{}, r), r
}

// Note leaves a receipt with the context's recorders; without any it does nothing. What makes the calls uses it: see
// action/awscall.
func Note(ctx context.Context, receipt Receipt) {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	for ; r != nil; r = r.parent {
		r.mu.Lock()
		r.receipts = append(r.receipts, receipt)
		r.mu.Unlock()
	}
}

// Receipts returns what was recorded so far, in the order in which the calls ended. An attempt that the SDK repeated has
// a receipt of its own.
func (r *Recorder) Receipts() []Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.receipts)
}
