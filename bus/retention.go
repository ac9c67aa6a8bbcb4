package bus

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// trimEvery is how often handled messages are looked through.
	trimEvery = 5 * time.Second
	// A stream that is fuller than highWater of its bound gives up handled messages, however young they are, until it
	// is down to lowWater.
	highWater, lowWater = 0.75, 0.5
)

// janitor removes what is not needed any more. JetStream's own age limit can't be used for this: it removes messages
// that nobody has handled yet.
func (b *Bus) janitor(ctx context.Context) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.trimAll(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// trimAll looks through every stream once.
func (b *Bus) trimAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	streams := b.js.StreamNames(ctx)
	for name := range streams.Name() {
		b.trim(ctx, Stream(name))
	}
	if err := streams.Err(); err != nil && ctx.Err() == nil {
		b.log.Warn("streams not listed; handled messages stay for now", "err", err)
	}
}

// trim removes messages of s that every durable consumer has handled and that are older than the stream retains or
// must make room. It reports whether it removed any. What has no consumer yet counts as not handled.
func (b *Bus) trim(ctx context.Context, s Stream) bool {
	if s != Events && s != Findings && !strings.HasPrefix(string(s), queuePrefix) {
		return false
	}
	removed, err := b.tryTrim(ctx, s)
	if err != nil && ctx.Err() == nil {
		b.log.Warn("handled messages not removed", "stream", s, "err", err)
	}
	return removed
}

func (b *Bus) tryTrim(ctx context.Context, s Stream) (removed bool, err error) {
	st, err := b.js.Stream(ctx, string(s))
	if err != nil {
		return false, err
	}
	state := st.CachedInfo().State
	handled, err := handledUpTo(ctx, st)
	if err != nil || handled < state.FirstSeq || state.Msgs == 0 {
		return false, err
	}
	limit := b.opts.limit(s)
	var until uint64
	if before := b.opts.Now().Add(-limit.Retain); state.FirstTime.Before(before) {
		if until, err = lastBefore(ctx, st, before); err != nil {
			return false, err
		}
	}
	if have, bound := float64(state.Bytes), float64(limit.MaxBytes); have > highWater*bound {
		excess := (have - lowWater*bound) / have
		until = max(until, state.FirstSeq+uint64(excess*float64(state.Msgs)))
	}
	until = min(until, handled)
	if until < state.FirstSeq {
		return false, nil
	}
	return true, st.Purge(ctx, jetstream.WithPurgeSequence(until+1))
}

// handledUpTo returns the last sequence up to which every durable consumer of the stream has acknowledged all; 0 when
// it has none.
func handledUpTo(ctx context.Context, st jetstream.Stream) (uint64, error) {
	var handled uint64
	first := true
	consumers := st.ListConsumers(ctx)
	for info := range consumers.Info() {
		if info.Config.Durable == "" {
			continue // readers of the past hold nothing
		}
		// The floor stays behind where the messages after it were removed; nothing pending means all is handled.
		floor := info.AckFloor.Stream
		if info.NumPending == 0 && info.NumAckPending == 0 {
			floor = max(floor, info.Delivered.Stream)
		}
		if first || floor < handled {
			handled, first = floor, false
		}
	}
	return handled, consumers.Err()
}

// lastBefore returns the sequence of the last message that was stored before t. The server finds it when it sets up a
// consumer that starts at t.
func lastBefore(ctx context.Context, st jetstream.Stream, t time.Time) (uint64, error) {
	cons, err := st.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &t,
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, InactiveThreshold: 5 * time.Second,
	})
	if err != nil {
		return 0, err
	}
	info := cons.CachedInfo()
	return info.Delivered.Stream, st.DeleteConsumer(ctx, info.Name)
}
