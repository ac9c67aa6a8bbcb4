package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"riposte.dev/fault"
)

const (
	// roomBytes bounds what waits for a commit on one stream; publishers wait when it is used up.
	roomBytes = 16 << 20
	// tailBytes bounds how much of the stream's end is read at Open to know recent keys: well under a second.
	tailBytes = 128 << 20
)

// publisher commits the events of one stream, one group after the other.
type publisher struct {
	bus     *Bus
	stream  Stream
	subject string
	reserve int64 // free bytes of disk below which it refuses

	room      *semaphore.Weighted
	keysKnown chan struct{} // closed when keys holds the stream's tail
	wake      chan struct{} // one slot: there is something to do
	ended     chan struct{} // closed when the committer has ended

	mu      sync.Mutex
	waiting []*group // oldest first; new events go to the last
	keys    *dedup
	spare   []byte // buffer of a committed group, for the next
	closing bool
}

func newPublisher(ctx context.Context, b *Bus, s Stream, reserve int64) *publisher {
	p := &publisher{
		bus: b, stream: s, reserve: reserve,
		subject:   map[Stream]string{Events: subjectEvents, Findings: subjectFindings}[s],
		room:      semaphore.NewWeighted(roomBytes),
		keysKnown: make(chan struct{}),
		wake:      make(chan struct{}, 1),
		ended:     make(chan struct{}),
		keys:      newDedup(b.opts.DedupKeys),
	}
	b.goLoop(p.readKeys)
	go p.run(context.WithoutCancel(ctx)) // it ends by close
	return p
}

// run commits until the publisher is closed and nothing waits any more.
func (p *publisher) run(ctx context.Context) {
	defer close(p.ended)
	for range p.wake {
		for g := p.take(); g != nil; g = p.take() {
			g.err = p.commit(ctx, g)
			p.settle(g)
			close(g.done)
		}
		p.mu.Lock()
		over := p.closing && len(p.waiting) == 0
		p.mu.Unlock()
		if over {
			return
		}
	}
}

// signal tells run that there is something to do.
func (p *publisher) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *publisher) take() *group {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return nil
	}
	g := p.waiting[0]
	p.waiting = append(p.waiting[:0], p.waiting[1:]...)
	return g
}

// commit stores g as one message. Its time is bounded by commitTimeout, not by the callers: several share it.
func (p *publisher) commit(ctx context.Context, g *group) error {
	if err := p.bus.writable(ctx, p.reserve); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	_, err := p.bus.js.Publish(ctx, p.subject, g.buf)
	if isFull(err) && p.bus.trim(ctx, p.stream) {
		_, err = p.bus.js.Publish(ctx, p.subject, g.buf)
	}
	if err == nil {
		p.bus.metrics.groups.WithLabelValues(string(p.stream)).Inc()
	}
	return storeError(p.stream, err)
}

// settle makes g's keys known, or after a failure free again, and gives back what g held.
func (p *publisher) settle(g *group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range g.keys {
		delete(p.keys.open, key)
		if g.err == nil {
			p.keys.remember(key)
		}
	}
	if cap(g.buf) <= 2*p.bus.opts.Group.MaxBytes {
		p.spare = g.buf[:0]
	}
	g.buf = nil
	p.room.Release(g.weight)
}

// close refuses new events and waits until those taken are committed.
func (p *publisher) close(ctx context.Context) error {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.signal()
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Timeout, "bus: events still wait for the disk: %w", ctx.Err())
	}
}

// readKeys fills the memory of keys from the end of the stream: as many events as the memory holds, at most tailBytes.
// Reading stops early when the bus closes or it takes too long; that is logged, since the bus works without.
func (p *publisher) readKeys(ctx context.Context) {
	defer close(p.keysKnown)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	info, err := p.bus.info(ctx, p.stream)
	if err != nil || info.Msgs == 0 {
		return
	}
	from := info.FirstSeq
	if info.Bytes > tailBytes {
		from = info.LastSeq - uint64(float64(info.Msgs)*tailBytes/float64(info.Bytes))
	}
	began := time.Now()
	err = p.bus.read(ctx, p.stream, start{seq: from}, info.LastSeq, func(m stored) error {
		events, _ := decodeGroup(m.data) // Consume dead-letters what can't be decoded
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range events {
			if e.Key != "" {
				p.keys.remember(fingerprintOf(e.Key))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		p.bus.log.Warn("recent event keys not read; duplicates may pass until they are seen again",
			"stream", p.stream, "err", err)
	}
	p.bus.log.Debug("recent event keys read", "stream", p.stream, "took", time.Since(began))
}
