package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"riposte.dev/fault"
)

// Batch is what a handler of Consume gets: the events of one group, or some of them.
type Batch struct {
	Stream  Stream
	Seq     uint64    // of the group, within the stream
	First   int       // index within the group of Events[0]; with Seq it names the event for good
	Time    time.Time // when the group was stored
	Attempt int       // 1, 2, ...: how often these events were handed out, as far as is known after a restart
	Events  []Event
}

// ConsumerConfig configures Consume. Stream and Durable are required.
type ConsumerConfig struct {
	Stream Stream
	// Durable names the consumer: who comes back with the same name goes on where it was. A new name starts at the
	// oldest retained event. What a durable has not handled stays on the stream, so delete one that is no longer used
	// (DeleteConsumer).
	Durable string
	// Concurrency is how many groups are handled at the same time; default 1: strictly in order. With more, groups begin
	// in order and a slow one does not hold up those behind it.
	Concurrency int
	// MaxAttempts is how often a whole group may fail before its events are tried alone; default 3.
	MaxAttempts int
	// GiveUp is how long an error that is worth retrying (fault.Retryable: the database is away) may last before the
	// group counts as poisoned all the same; default one hour.
	GiveUp time.Duration
	// Backoff spaces the attempts; default 50 ms doubling to 5 s.
	Backoff Backoff
	// AckWait is how long a group that a dead process had in hand stays unseen; default 2 s.
	AckWait time.Duration
}

func (c ConsumerConfig) withDefaults() ConsumerConfig {
	if c.Concurrency <= 0 {
		c.Concurrency = 1
	}
	if c.MaxAttempts <= 0 {
		c.MaxAttempts = 3
	}
	if c.GiveUp <= 0 {
		c.GiveUp = time.Hour
	}
	if c.Backoff == nil {
		c.Backoff = Exponential(50*time.Millisecond, 5*time.Second)
	}
	if c.AckWait <= 0 {
		c.AckWait = defaultAckWait
	}
	return c
}

// Consume hands the groups of a stream to handle, in order and, unless Concurrency says otherwise, one after the other, until ctx or the bus ends; then it
// returns nil. A group is acknowledged only when handle has returned nil for all of its events.
//
// A group whose handling fails is handed out again, with backoff; its place among Concurrency is taken meanwhile. After MaxAttempts
// failures, at once after a Terminal error or a panic, its events are handed out alone, and those that fail alone go
// to the dead letters with the reason. Errors that are worth retrying (fault.Retryable) don't count as attempts:
// they are retried for GiveUp, because dead-lettering all intake during an outage would be worse than waiting.
//
// handle must return soon after its context ends. What it did for a group may have to be done again after a crash.
func (b *Bus) Consume(ctx context.Context, cfg ConsumerConfig, handle func(context.Context, Batch) error) error {
	cfg = cfg.withDefaults()
	if err := b.checkEventStream(cfg.Stream); err != nil {
		return err
	}
	if err := checkToken("consumer", cfg.Durable); err != nil {
		return err
	}
	loop, leave, err := b.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	cons, err := b.js.CreateOrUpdateConsumer(loop, string(cfg.Stream), jetstream.ConsumerConfig{
		Durable:       cfg.Durable,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       cfg.AckWait,
		MaxAckPending: cfg.Concurrency, // 1 keeps the order
		MaxDeliver:    -1,
	})
	if err != nil {
		return loopError(loop, readError(cfg.Stream, err))
	}
	d := delivery{bus: b, cfg: cfg, handle: handle}
	all, each := errgroup.WithContext(loop) // one receiver's error ends the others
	for range cfg.Concurrency {
		all.Go(func() error { return b.receive(each, cons, cfg.AckWait, d.message) })
	}
	return loopError(loop, all.Wait())
}

// DeleteConsumer forgets a durable consumer that is no longer used, so that it does not hold messages any longer. It
// is not an error when there is none.
func (b *Bus) DeleteConsumer(ctx context.Context, s Stream, durable string) error {
	err := b.js.DeleteConsumer(ctx, string(s), durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	return readError(s, err)
}

// delivery brings groups to one handler.
type delivery struct {
	bus    *Bus
	cfg    ConsumerConfig
	handle func(context.Context, Batch) error
}

// message brings one group to an end: handled, dead-lettered, or given back because ctx ended.
func (d *delivery) message(ctx context.Context, msg *nats.Msg, meta *nats.MsgMetadata) {
	batch := Batch{
		Stream: d.cfg.Stream, Seq: meta.Sequence.Stream, Time: meta.Timestamp,
		Attempt: int(min(meta.NumDelivered, 1<<20)),
	}
	var err error
	batch.Events, err = decodeGroup(msg.Data)
	if err != nil {
		batch.Events = []Event{{Data: msg.Data}}
		err = d.bury(ctx, batch, err)
	} else {
		err = d.group(ctx, batch)
	}
	if err != nil { // only the end of ctx
		_ = msg.Nak() // a courtesy, see receive
		return
	}
	_ = msg.Ack() // when it is lost the group is handed out again, which handlers bear
}

// group hands out a group until it is handled, or its events alone when that doesn't succeed.
func (d *delivery) group(ctx context.Context, batch Batch) error {
	err := d.retry(ctx, &batch, d.cfg.MaxAttempts)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if len(batch.Events) == 1 {
		return d.bury(ctx, batch, err)
	}
	d.bus.log.Warn("group failed; its events are tried alone", "stream", batch.Stream, "consumer", d.cfg.Durable,
		"seq", batch.Seq, "events", len(batch.Events), "err", err)
	for i := range batch.Events {
		alone := batch
		alone.First, alone.Events, alone.Attempt = i, batch.Events[i:i+1], 1
		err := d.retry(ctx, &alone, 1)
		if err != nil && ctx.Err() == nil {
			err = d.bury(ctx, alone, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// retry calls the handler until it succeeds (nil), has failed as often as allowed, or failed in a way that waiting
// can't help; batch.Attempt counts. When ctx has ended the result is its error.
func (d *delivery) retry(ctx context.Context, batch *Batch, attempts int) error {
	since := d.bus.opts.Now()
	for failures := batch.Attempt - 1; ; batch.Attempt++ {
		err := guarded(func() error { return d.handle(ctx, *batch) })
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if fault.Retryable(err) && !isTerminal(err) {
			if d.bus.opts.Now().Sub(since) >= d.cfg.GiveUp {
				return err
			}
		} else if failures++; isTerminal(err) || failures >= attempts {
			return err
		}
		if err := pause(ctx, d.cfg.Backoff(batch.Attempt)); err != nil {
			return err
		}
	}
}

// bury dead-letters the one event of batch. It does not give up, since the group can't be acknowledged before.
func (d *delivery) bury(ctx context.Context, batch Batch, reason error) error {
	e := batch.Events[0]
	letter := DeadLetter{
		ID:       fmt.Sprintf("%d/%d", batch.Seq, batch.First),
		Source:   fmt.Sprintf("%s/%s", batch.Stream, d.cfg.Durable),
		Reason:   reason.Error(),
		Key:      e.Key[:min(len(e.Key), maxKey)],
		Attempts: batch.Attempt,
		Data:     e.Data,
	}
	return d.bus.buryLetter(ctx, letter, d.cfg.Backoff)
}
