package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// defaultAckWait is how long a message of a worker that died stays unseen. Living workers extend it, so it can be short.
const defaultAckWait = 2 * time.Second

// receive hands the messages of a durable consumer to handle, one at a time, until ctx ends. Only one message is asked
// for at a time, so that none waits in this process while another is handled. handle acknowledges; meanwhile the
// message is kept from being delivered again.
func (b *Bus) receive(ctx context.Context, cons jetstream.Consumer, ackWait time.Duration, handle func(context.Context, *nats.Msg, *nats.MsgMetadata)) error {
	info := cons.CachedInfo()
	s := Stream(info.Stream)
	p, err := newPuller(b.nc, s, info.Name, 1)
	if err != nil {
		return readError(s, err)
	}
	defer p.giveBack()
	for {
		msg, err := p.next(ctx)
		if errors.Is(err, errStalled) {
			if _, err := b.js.Consumer(ctx, info.Stream, info.Name); errors.Is(err, jetstream.ErrConsumerNotFound) {
				return readError(s, errConsumerGone)
			}
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return readError(s, err)
		}
		if ctx.Err() != nil {
			_ = msg.Nak() // see giveBack
			return nil
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("bus: consume stream %s: %w", s, err)
		}
		stop := keepAlive(msg, ackWait/3)
		handle(ctx, msg, meta)
		stop()
	}
}

// keepAlive tells the server at intervals that msg is being worked on, until stop is called.
func keepAlive(msg *nats.Msg, every time.Duration) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = msg.InProgress() // when it fails the message is delivered again, which handlers bear
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// guarded calls a handler and turns a panic into an error that trying again can't help: one poisonous event must not
// take the process down, again and again.
func guarded(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Terminal(fault.New(fault.Internal, "handler panicked: %v\n%s", r, debug.Stack()))
		}
	}()
	return call()
}

// Backoff says how long to wait after the given attempt, 1 for the first.
type Backoff func(attempt int) time.Duration

// Exponential returns a Backoff that starts with first, doubles, and stays at most.
func Exponential(first, most time.Duration) Backoff {
	return func(attempt int) time.Duration {
		d := first
		for range attempt - 1 {
			if d >= most/2 {
				return most
			}
			d *= 2
		}
		return min(d, most)
	}
}
