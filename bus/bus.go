package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// commitTimeout bounds one write, from the request until its acknowledgement.
const commitTimeout = 15 * time.Second

// reconnectTime is how long a write waits for a connection: another server of a cluster takes over in less.
const reconnectTime = 500 * time.Millisecond

// Bus is the event bus. All methods may be called at the same time. Make one with Open.
type Bus struct {
	opts    Options
	log     *slog.Logger
	nc      *nats.Conn
	js      jetstream.JetStream
	metrics *metrics

	publishers map[Stream]*publisher
	journal    *Journal
	queues     queueSet

	ctx     context.Context // ends when Close begins; every loop of the bus hangs on it
	cancel  context.CancelFunc
	loops   sync.WaitGroup // Consume, Work, Timers, Follow, the janitor
	mu      sync.Mutex     // guards closing against loops.Add
	closing bool

	cleanups  []func(context.Context) error // run last in, first out
	closeOnce sync.Once
	closed    chan struct{}
	closeErr  error
}

// Open starts the embedded server, or connects to the external one, and makes sure that the streams exist. The bus is
// ready when Open returns.
//
// Errors: fault.Invalid for options that can't work, an external NATS that is too old or keeps fewer than three
// replicas; fault.Conflict when another process uses Dir; fault.Unavailable when the server does not start or answer.
func Open(ctx context.Context, opts Options) (*Bus, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Bus{opts: opts, log: opts.Logger, closed: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.Close(context.WithoutCancel(ctx)))
	}
	return b, nil
}

func (b *Bus) start(ctx context.Context) error {
	if b.opts.URL != "" {
		nc, err := connect(b.opts, nil)
		if err != nil {
			return err
		}
		b.nc = nc
	} else {
		srv, stop, err := startServer(ctx, b.opts)
		if err != nil {
			return err
		}
		b.cleanups = append(b.cleanups, stop)
		if b.nc, err = connect(b.opts, srv); err != nil {
			return err
		}
	}
	b.cleanups = append(b.cleanups, b.disconnect)

	js, err := jetstream.New(b.nc, jetstream.WithPublishAsyncTimeout(commitTimeout))
	if err != nil {
		return fmt.Errorf("bus: JetStream client: %w", err)
	}
	b.js = js
	for _, cfg := range streams(b.opts) {
		if err := b.ensureStream(ctx, cfg); err != nil {
			return err
		}
	}
	unregister, err := b.registerMetrics()
	if err != nil {
		return err
	}
	b.cleanups = append(b.cleanups, unregister)

	b.publishers = map[Stream]*publisher{
		Events:   newPublisher(ctx, b, Events, b.opts.DiskReserve),
		Findings: newPublisher(ctx, b, Findings, b.opts.DiskReserve/4),
	}
	for _, p := range b.publishers {
		b.cleanups = append(b.cleanups, p.close)
	}
	if b.journal, err = newJournal(ctx, b); err != nil {
		return err
	}
	b.cleanups = append(b.cleanups, b.journal.close)
	b.goLoop(b.janitor)
	return nil
}

// Close stops the bus: it ends the loops (Consume, Work, ...) and waits for their handlers, commits what Publish and
// Append have taken, and stops the server. ctx bounds the whole; when it ends first, Close goes on to the next step and
// reports fault.Timeout. Further calls wait for the first and return its result.
func (b *Bus) Close(ctx context.Context) error {
	b.closeOnce.Do(func() {
		defer close(b.closed)
		b.mu.Lock()
		b.closing = true
		b.mu.Unlock()
		b.cancel()
		errs := []error{waitFor(ctx, &b.loops)}
		for i := len(b.cleanups) - 1; i >= 0; i-- {
			errs = append(errs, b.cleanups[i](ctx))
		}
		b.closeErr = errors.Join(errs...)
	})
	<-b.closed
	return b.closeErr
}

// disconnect ends the connection when the server has seen all that was sent; acknowledgements of handled messages are
// not answered, so they may be on their way still. Without them the messages are handed out again, which handlers bear.
func (b *Bus) disconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = b.nc.FlushWithContext(ctx)
	b.nc.Close()
	return nil
}

// Ready reports whether the bus can take events now: fault.Unavailable when it is closing, disconnected, or at its
// disk reserve.
func (b *Bus) Ready(ctx context.Context) error {
	if b.ctx.Err() != nil {
		return errClosing()
	}
	if !b.nc.IsConnected() {
		return errAway()
	}
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return fault.New(fault.Unavailable, "bus: JetStream does not answer: %w", err)
	}
	return b.checkReserve(b.opts.DiskReserve)
}

// writable fails when nothing can be stored now: without a connection, or with less than reserve bytes of disk. A connection
// that broke just now is waited for a moment. What is given to a broken one stays in its buffer, and may be stored long after
// its writer was told that it was not.
func (b *Bus) writable(ctx context.Context, reserve int64) error {
	if b.nc.IsClosed() {
		return errClosing()
	}
	if !b.nc.IsConnected() {
		back := b.nc.StatusChanged(nats.CONNECTED)
		defer b.nc.RemoveStatusListener(back)
		ctx, cancel := context.WithTimeout(ctx, reconnectTime)
		defer cancel()
		select {
		case <-back:
		case <-ctx.Done():
			if !b.nc.IsConnected() {
				return errAway()
			}
		}
	}
	return b.checkReserve(reserve)
}

// checkReserve fails when less than reserve bytes are free on the embedded server's disk.
func (b *Bus) checkReserve(reserve int64) error {
	if b.opts.URL != "" || reserve <= 0 {
		return nil
	}
	free, err := b.opts.FreeSpace(b.opts.Dir)
	if err != nil {
		return fault.New(fault.Unavailable, "bus: %w", err)
	}
	if free < uint64(reserve) {
		return fault.New(fault.Unavailable, "bus: disk reserve reached: %d MiB free, %d MiB are kept free",
			free>>20, reserve>>20).WithHint("free space on the file system of %s; intake goes on by itself then", b.opts.Dir)
	}
	return nil
}

// enter registers a loop that runs until ctx or the bus ends; leave must be called at its end.
func (b *Bus) enter(ctx context.Context) (loop context.Context, leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return nil, nil, errClosing()
	}
	b.loops.Add(1)
	loop, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.ctx, cancel)
	return loop, func() { stop(); cancel(); b.loops.Done() }, nil
}

// loopError is the result of a loop: its end by its context is not an error.
func loopError(loop context.Context, err error) error {
	if loop.Err() == nil {
		return err
	}
	return nil
}

// goLoop runs a loop of the bus's own.
func (b *Bus) goLoop(run func(context.Context)) {
	b.loops.Go(func() { run(b.ctx) })
}

// waitFor waits until all of wg are done or ctx ends.
func waitFor(ctx context.Context, wg *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Timeout, "bus: handlers did not end in time: %w", ctx.Err())
	}
}

// pause waits for d, or until ctx ends and then returns its error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
