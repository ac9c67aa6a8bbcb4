package bus

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"riposte.dev/fault"
)

// workers is the durable consumer that the workers of a queue share.
const workers = "workers"

// Enqueue stores a work item and returns when it is on disk. A second item with the same id is not stored, for as long
// as the first is retained: until it is done and for Limit.Retain after that, restarts included. Ids are of the
// caller's choice, at most 1,024 bytes.
//
// Errors: fault.Invalid for a bad queue name or id, fault.TooLarge, fault.Unavailable when the queue is full or the
// bus closes, fault.Timeout when the disk does not answer (calling again is safe).
func (b *Bus) Enqueue(ctx context.Context, queue, id string, data []byte) error {
	if id == "" || len(id) > maxKey {
		return fault.New(fault.Invalid, "bus: work item's id must have 1 to %d bytes, has %d", maxKey, len(id))
	}
	if len(data) > MaxEvent {
		return errTooLarge("work item", len(data))
	}
	if err := b.ensureQueue(ctx, queue); err != nil {
		return err
	}
	msg := nats.NewMsg(subjectWork + strings.ToLower(queue) + "." + hashToken(id))
	msg.Header.Set(headerID, hexID(id))
	msg.Data = data
	err := b.write(ctx, Queue(queue), msg, jetstream.WithExpectLastSequencePerSubject(0))
	if isWrongLast(err) {
		return nil
	}
	return storeError(Queue(queue), err)
}

// Job is a work item, or a timer that is due, in the hands of a worker.
type Job struct {
	ID      string
	Data    []byte
	Attempt int       // 1 for the first
	Time    time.Time // when the item was stored, or the timer fell due
}

// WorkConfig configures Work and Timers; the zero value has defaults.
type WorkConfig struct {
	Concurrency int           // handlers at a time; default 4
	AckWait     time.Duration // how long a dead process's job stays unseen; default 2 s; extended while a handler runs
	MaxAttempts int           // after that many the job is dead-lettered; default 12
	Backoff     Backoff       // spaces the attempts; default 1 s doubling to 5 min
}

func (c WorkConfig) withDefaults() WorkConfig {
	if c.Concurrency <= 0 {
		c.Concurrency = 4
	}
	if c.AckWait <= 0 {
		c.AckWait = defaultAckWait
	}
	if c.MaxAttempts <= 0 {
		c.MaxAttempts = 12
	}
	if c.Backoff == nil {
		c.Backoff = Exponential(time.Second, 5*time.Minute)
	}
	return c
}

// Work hands the items of a queue to handle, several at a time, in no particular order, until ctx or the bus ends;
// then it returns nil. An item is done when handle returns nil. After an error it comes back when Backoff says so;
// after MaxAttempts, or at once after a Terminal error or a panic, it goes to the dead letters with the reason, under
// the source "work/" + queue.
//
// handle must return soon after its context ends. An attempt that a crash or shutdown interrupts counts.
func (b *Bus) Work(ctx context.Context, queue string, cfg WorkConfig, handle func(context.Context, Job) error) error {
	if err := b.ensureQueue(ctx, queue); err != nil {
		return err
	}
	return b.work(ctx, Queue(queue), "", "work/"+strings.ToLower(queue), cfg, handle)
}

// work runs the workers of one stream, on the subjects that filter selects.
func (b *Bus) work(ctx context.Context, s Stream, filter, source string, cfg WorkConfig, handle func(context.Context, Job) error) error {
	cfg = cfg.withDefaults()
	loop, leave, err := b.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	cons, err := b.js.CreateOrUpdateConsumer(loop, string(s), jetstream.ConsumerConfig{
		Durable:       workers,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       cfg.AckWait,
		MaxAckPending: -1, // items that wait for their next attempt are pending too and must not hold up others
		MaxDeliver:    -1, // counted here, so that the last failure's reason is known
		FilterSubject: filter,
	})
	if err != nil {
		return loopError(loop, readError(s, err))
	}
	w := worker{bus: b, cfg: cfg, source: source, handle: handle}
	all, each := errgroup.WithContext(loop) // one worker's error ends the others
	for range cfg.Concurrency {
		all.Go(func() error { return b.receive(each, cons, cfg.AckWait, w.message) })
	}
	return loopError(loop, all.Wait())
}

// worker handles the items of one queue.
type worker struct {
	bus    *Bus
	cfg    WorkConfig
	source string
	handle func(context.Context, Job) error
}

// message brings one attempt at an item to an end.
func (w *worker) message(ctx context.Context, msg *nats.Msg, meta *nats.MsgMetadata) {
	job := Job{Data: msg.Data, Attempt: int(min(meta.NumDelivered, 1<<20)), Time: meta.Timestamp}
	id, err := readHexID(msg.Header.Get(headerID))
	if err == nil {
		job.ID = id
		err = guarded(func() error { return w.handle(ctx, job) })
	} else {
		err = Terminal(fmt.Errorf("not an item of this queue: %w", err))
	}
	switch {
	case err == nil:
		_ = msg.Ack() // when an answer is lost the item is handed out again, which handlers bear
	case ctx.Err() != nil:
		_ = msg.Nak()
	case isTerminal(err) || job.Attempt >= w.cfg.MaxAttempts:
		letter := DeadLetter{
			ID:     strconv.FormatUint(meta.Sequence.Stream, 10), // not the job's: timers use theirs again
			Source: w.source, Reason: err.Error(), Key: job.ID, Attempts: job.Attempt, Data: job.Data,
		}
		if w.bus.buryLetter(ctx, letter, w.cfg.Backoff) == nil {
			_ = msg.Ack()
		}
	default:
		wait := w.cfg.Backoff(job.Attempt)
		w.bus.log.Info("attempt failed", "source", w.source, "id", job.ID, "attempt", job.Attempt,
			"again_in", wait, "err", err)
		_ = msg.NakWithDelay(wait)
	}
}
