package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// Message is an event as it lies on a stream.
type Message struct {
	Event
	Seq   uint64    // of the group, within the stream
	Index int       // of the event, within the group; Seq and Index name an event for good
	Time  time.Time // when the group was stored
}

// Replay calls fn with every retained event of s that was stored at since or later, in order, and returns when it has
// reached the event that was the last one when it began. It leaves no trace on the stream. An error of fn ends it and
// is returned; groups that can't be decoded are passed over, Consume dead-letters them.
func (b *Bus) Replay(ctx context.Context, s Stream, since time.Time, fn func(Message) error) error {
	if err := b.checkEventStream(s); err != nil {
		return err
	}
	info, err := b.info(ctx, s)
	if err != nil {
		return err
	}
	if info.Msgs == 0 || info.LastTime.Before(since) {
		return nil
	}
	return b.read(ctx, s, start{at: since}, info.LastSeq, eachEvent(fn))
}

// Follow calls fn with every event of s stored at since or later, in order, and goes on with new ones as they come,
// until ctx or the bus ends (then it returns nil) or fn returns an error. A zero since starts with the next event.
func (b *Bus) Follow(ctx context.Context, s Stream, since time.Time, fn func(Message) error) error {
	if err := b.checkEventStream(s); err != nil {
		return err
	}
	loop, leave, err := b.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return loopError(loop, b.read(loop, s, start{at: since, onlyNew: since.IsZero()}, 0, eachEvent(fn)))
}

func (b *Bus) checkEventStream(s Stream) error {
	if _, ok := b.publishers[s]; !ok {
		return fault.New(fault.Invalid, "bus: %s is not an event stream", s)
	}
	return nil
}

func eachEvent(fn func(Message) error) func(stored) error {
	return func(m stored) error {
		events, _ := decodeGroup(m.data) // Consume dead-letters what can't be decoded
		for i, e := range events {
			if err := fn(Message{Event: e, Seq: m.seq, Index: i, Time: m.time}); err != nil {
				return err
			}
		}
		return nil
	}
}

// readAhead is how many messages a reader has on their way at a time. Messages are up to a megabyte.
const readAhead = 16

// start says where a read begins: at the first message that is kept, unless one of its fields is set.
type start struct {
	seq     uint64    // this message or the next one that is kept
	at      time.Time // the first one stored then or later
	onlyNew bool      // the first one to come
}

func (from start) consumer() jetstream.ConsumerConfig {
	cfg := jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	}
	switch {
	case from.onlyNew:
		cfg.DeliverPolicy = jetstream.DeliverNewPolicy
	case from.seq > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from.seq
	case !from.at.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &from.at
	}
	return cfg
}

// stored is one message of a stream.
type stored struct {
	subject string
	header  nats.Header
	data    []byte
	seq     uint64
	time    time.Time
	pending uint64 // how many follow it now
}

// errEnough ends a read early without being its result.
var errEnough = errors.New("enough")

// read calls fn with the messages of s from a start on, in order and without gaps, until the one with sequence last or a
// later one was seen, or there is none left up to it; with last 0 it waits for more until ctx ends. It acknowledges
// nothing. A consumer that is lost, with its server or after a reconnect, is replaced.
func (b *Bus) read(ctx context.Context, s Stream, from start, last uint64, fn func(stored) error) error {
	for {
		next, err := b.readSome(ctx, s, from, last, fn)
		switch {
		case errors.Is(err, errStalled) || errors.Is(err, errConsumerGone):
			from = start{seq: next}
		case errors.Is(err, errEnough):
			return nil
		default:
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// readSome is read on one consumer. Next is the sequence at which another one has to go on.
func (b *Bus) readSome(ctx context.Context, s Stream, from start, last uint64, fn func(stored) error) (next uint64, err error) {
	cons, err := b.js.CreateConsumer(ctx, string(s), from.consumer())
	if err != nil {
		return 0, readError(s, err)
	}
	info := cons.CachedInfo()
	next = info.Delivered.Stream + 1
	defer b.dropReader(ctx, s, info.Name)
	if done, err := b.reached(ctx, s, last, next, info.NumPending); done || err != nil {
		return next, err
	}
	p, err := newPuller(b.nc, s, info.Name, readAhead)
	if err != nil {
		return next, readError(s, err)
	}
	defer p.stop()
	for delivered := uint64(1); ; delivered++ {
		msg, err := p.next(ctx)
		if errors.Is(err, errStalled) || errors.Is(err, errConsumerGone) {
			return next, err
		}
		if err != nil {
			return next, readError(s, err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return next, fmt.Errorf("bus: read stream %s: %w", s, err)
		}
		if meta.Sequence.Consumer != delivered {
			return next, errStalled // one was lost on the way
		}
		next = meta.Sequence.Stream + 1
		m := stored{
			subject: msg.Subject, header: msg.Header, data: msg.Data,
			seq: meta.Sequence.Stream, time: meta.Timestamp, pending: meta.NumPending,
		}
		if err := fn(m); err != nil {
			return next, err
		}
		if done, err := b.reached(ctx, s, last, next, m.pending); done || err != nil {
			return next, err
		}
	}
}

// reached reports whether a read up to last, 0 for one without end, that goes on at next with pending messages to come
// has seen everything. That none is pending is not enough: a reader's consumer may live on a replica that is behind.
func (b *Bus) reached(ctx context.Context, s Stream, last, next, pending uint64) (bool, error) {
	if last == 0 || next > last {
		return last != 0, nil
	}
	if pending > 0 {
		return false, nil
	}
	kept, err := b.lastKept(ctx, s)
	return kept < next, err
}

// lastKept returns the sequence of the last message that is still there, 0 when there is none.
func (b *Bus) lastKept(ctx context.Context, s Stream) (uint64, error) {
	st, err := b.js.Stream(ctx, string(s))
	if err != nil {
		return 0, readError(s, err)
	}
	// By the stream's subject: by ">" the server looks at the last sequence only, and finds nothing when it was deleted.
	msg, err := st.GetLastMsgForSubject(ctx, st.CachedInfo().Config.Subjects[0])
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, readError(s, err)
	}
	return msg.Sequence, nil
}

// dropReader deletes a reader's consumer. When that fails the server does it after a minute.
func (b *Bus) dropReader(ctx context.Context, s Stream, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = b.js.DeleteConsumer(ctx, string(s), name)
}

// info returns the state of a stream.
func (b *Bus) info(ctx context.Context, s Stream) (jetstream.StreamState, error) {
	st, err := b.js.Stream(ctx, string(s)) // the look-up carries the state
	if err != nil {
		return jetstream.StreamState{}, readError(s, err)
	}
	return st.CachedInfo().State, nil
}
