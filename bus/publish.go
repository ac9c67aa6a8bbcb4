package bus

import (
	"context"
	"time"

	"riposte.dev/fault"
)

// Receipt says what became of one event of a Publish.
type Receipt struct {
	// Duplicate: an event with the same key is on the stream already; this one was not stored again.
	Duplicate bool
	// Err is nil when the event is stored, or is a duplicate of one that is. See Publish for its codes.
	Err error
}

// Publish stores events on Events or Findings and returns when all of them are on disk (embedded) or at a quorum
// (external), in the order given. Callers that publish at the same time share messages and syncs; a lone event is
// committed at once.
//
// The receipts have the order of the events. The error is the first receipt's error, so callers of one event need
// not look at receipts. Codes:
//   - fault.Unavailable: the disk reserve is reached, the stream is full, an external NATS is away, or the bus is closing;
//     worth retrying.
//   - fault.Timeout: ctx ended or the disk did not answer in time; the event may have been stored. Publishing it again
//     is right: with a key it will usually be recognised.
//   - fault.TooLarge: the event has more than MaxEvent bytes. The other events of the call are stored.
//   - fault.Invalid: the key is too long, or s is not an event stream.
//
// An event whose key was seen recently is not stored again; while the first one's commit has not ended, the second one
// waits for it and shares its error. That memory is bounded and after a restart covers the recent tail only: it saves
// work, it is not the guarantee that one cause starts one response. That is Journal.Append at expected last 0.
func (b *Bus) Publish(ctx context.Context, s Stream, events ...Event) ([]Receipt, error) {
	p, ok := b.publishers[s]
	if !ok {
		return nil, fault.New(fault.Invalid, "bus: %s is not an event stream", s)
	}
	start := time.Now()
	receipts, err := p.publish(ctx, events)
	b.metrics.published(s, receipts, time.Since(start))
	return receipts, err
}

func (p *publisher) publish(ctx context.Context, events []Event) ([]Receipt, error) {
	receipts := make([]Receipt, len(events))
	groups := make([]*group, len(events))
	for i, e := range events {
		groups[i], receipts[i].Duplicate, receipts[i].Err = p.add(ctx, e)
	}
	p.signal() // only now, so that the events of one call travel together
	var first error
	for i, g := range groups {
		if g != nil {
			receipts[i].Err = g.wait(ctx)
		}
		if receipts[i].Err != nil {
			receipts[i].Duplicate = false
			if first == nil {
				first = receipts[i].Err
			}
		}
	}
	return receipts, first
}

// group is what one commit stores. The publisher's lock guards it until it is taken for the commit.
type group struct {
	buf    []byte
	events int
	keys   []fingerprint
	weight int64         // what it holds of the publisher's room
	done   chan struct{} // closed when the commit has ended
	err    error         // set before done is closed
}

// wait returns the result of the commit.
func (g *group) wait(ctx context.Context) error {
	select {
	case <-g.done:
		return g.err
	default:
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return fault.New(fault.Timeout, "bus: gave up waiting for the disk; the event may have been stored: %w", ctx.Err())
	}
}

// add puts e in the last waiting group and returns that group; or the group that already carries its key, with
// duplicate set; or no group when e is stored already or can't be taken.
func (p *publisher) add(ctx context.Context, e Event) (g *group, duplicate bool, err error) {
	if len(e.Data) > MaxEvent {
		return nil, false, errTooLarge("event", len(e.Data))
	}
	if len(e.Key) > maxKey {
		return nil, false, fault.New(fault.Invalid, "bus: key of %d bytes, at most %d are taken", len(e.Key), maxKey)
	}
	size := frameSize(e)
	if err := p.room.Acquire(ctx, int64(size)); err != nil {
		return nil, false, fault.New(fault.Unavailable, "bus: gave up before there was room for the event: %w", err)
	}
	if e.Key != "" {
		select { // before the recent keys are known, an event with a key can't be judged
		case <-p.keysKnown:
		case <-ctx.Done():
			p.room.Release(int64(size))
			return nil, false, fault.New(fault.Unavailable, "bus: recent keys are still being read: %w", ctx.Err())
		}
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	g, duplicate, err = p.addLocked(e, size)
	if duplicate || err != nil {
		p.room.Release(int64(size))
	}
	return g, duplicate, err
}

func (p *publisher) addLocked(e Event, size int) (g *group, duplicate bool, err error) {
	if p.closing {
		return nil, false, errClosing()
	}
	var key fingerprint
	if e.Key != "" {
		key = fingerprintOf(e.Key)
		if p.keys.stored(key) {
			return nil, true, nil
		}
		if g := p.keys.open[key]; g != nil {
			return g, true, nil
		}
	}
	bounds := p.bus.opts.Group
	if n := len(p.waiting); n > 0 {
		g = p.waiting[n-1]
	}
	if g == nil || g.events >= bounds.MaxEvents || len(g.buf)+size > bounds.MaxBytes {
		g = &group{buf: p.spare, done: make(chan struct{})}
		p.spare = nil
		p.waiting = append(p.waiting, g)
		if len(p.waiting) > 1 { // the one before is complete
			p.signal()
		}
	}
	g.buf = appendEvent(g.buf, e)
	g.events++
	g.weight += int64(size)
	if e.Key != "" {
		g.keys = append(g.keys, key)
		p.keys.open[key] = g
	}
	return g, false, nil
}
