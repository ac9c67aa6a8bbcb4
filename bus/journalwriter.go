package bus

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

const (
	// batchFrom is how many appends make an atomic batch worth its price: it stages its messages in a file store of its
	// own, which costs about as much as a dozen single syncs. See BenchmarkJournalRound.
	batchFrom = 16
	// roundAppends and roundBytes bound what one round takes; the server takes 1,000 messages in a batch.
	roundAppends = 512
	roundBytes   = 4 << 20
)

// journalWriter merges the appends of many executions. One goroutine works in rounds: it takes what waits, at most one
// append of each execution, stores it, and answers; what comes meanwhile is the next round.
type journalWriter struct {
	bus     *Bus
	closing chan struct{} // closed by close
	ended   chan struct{} // closed when run has returned
	once    sync.Once
	calls   chan appendCall
	stream  jetstream.Stream
}

// appendCall is one Append on its way.
type appendCall struct {
	id       string
	expected uint64
	frame    []byte
	result   chan<- appendResult // has room for the one result
}

type appendResult struct {
	last uint64
	err  error
}

func newJournalWriter(ctx context.Context, b *Bus, st jetstream.Stream) *journalWriter {
	w := &journalWriter{
		bus:     b,
		stream:  st,
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
		calls:   make(chan appendCall, roundAppends),
	}
	go w.run(context.WithoutCancel(ctx)) // it ends by close
	return w
}

func (w *journalWriter) append(ctx context.Context, c appendCall) (uint64, error) {
	result := make(chan appendResult, 1)
	c.result = result
	select {
	case <-w.closing:
		return 0, errClosing()
	default:
	}
	select {
	case w.calls <- c:
	case <-w.closing:
		return 0, errClosing()
	case <-ctx.Done():
		return 0, fault.New(fault.Unavailable, "bus: too many appends wait for the disk: %w", ctx.Err())
	}
	select {
	case r := <-result:
		return r.last, r.err
	case <-ctx.Done():
		return 0, fault.New(fault.Timeout, "bus: gave up waiting for the disk; the append may have happened: %w", ctx.Err())
	case <-w.ended:
	}
	select { // ended comes after every answer that was given
	case r := <-result:
		return r.last, r.err
	default:
		return 0, errClosing()
	}
}

func (w *journalWriter) close(ctx context.Context) error {
	w.once.Do(func() { close(w.closing) })
	select {
	case <-w.ended:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Timeout, "bus: journal appends still wait for the disk: %w", ctx.Err())
	}
}

func (w *journalWriter) run(ctx context.Context) {
	defer close(w.ended)
	var put []appendCall // put off: an append of the same execution was in the round
	for {
		if len(put) == 0 {
			select {
			case c := <-w.calls:
				put = append(put, c)
			case <-w.closing:
				select { // what was taken is stored
				case c := <-w.calls:
					put = append(put, c)
				default:
					return
				}
			}
		}
		var round []appendCall
		round, put = w.gather(put)
		w.store(ctx, round)
	}
}

// gather makes a round of what was put off and what waits, and returns what must be put off again.
func (w *journalWriter) gather(put []appendCall) (round, again []appendCall) {
	size := 0
	taken := map[string]bool{}
	add := func(c appendCall) {
		if taken[c.id] || len(round) == roundAppends || size > roundBytes {
			again = append(again, c)
			return
		}
		taken[c.id] = true
		size += len(c.frame)
		round = append(round, c)
	}
	for _, c := range put {
		add(c)
	}
	for len(round) < roundAppends && size <= roundBytes && len(again) < roundAppends {
		select {
		case c := <-w.calls:
			add(c)
		default:
			return round, again
		}
	}
	return round, again
}

// store brings every append of a round to its result.
func (w *journalWriter) store(ctx context.Context, round []appendCall) {
	if err := w.bus.writable(ctx, w.bus.opts.DiskReserve/4); err != nil {
		answerAll(round, err)
		return
	}
	// A batch is refused as a whole when one compare-and-set fails. Then those that can't succeed are answered and the
	// rest goes again; whoever is left after that is stored alone, where failures are apart by themselves.
	for try := 0; try < 2 && len(round) >= batchFrom; try++ {
		last, err := w.commitBatch(ctx, round)
		if err == nil {
			for i, c := range round {
				c.result <- appendResult{last: last - uint64(len(round)-1-i)}
			}
			return
		}
		if !isWrongLast(err) {
			answerAll(round, storeError(Executions, err))
			return
		}
		round = w.dropStale(ctx, round)
	}
	w.commitSingly(round)
}

// commitSingly stores each append as a message of its own, all on their way at once.
func (w *journalWriter) commitSingly(round []appendCall) {
	futures := make([]jetstream.PubAckFuture, len(round))
	for i, c := range round {
		msg := nats.NewMsg(subjectExec + c.id)
		msg.Data = c.frame
		var err error
		futures[i], err = w.bus.js.PublishMsgAsync(msg, jetstream.WithExpectLastSequencePerSubject(c.expected))
		if err != nil {
			c.answer(0, err)
		}
	}
	for i, f := range futures {
		if f == nil {
			continue
		}
		select {
		case ack := <-f.Ok():
			round[i].answer(ack.Sequence, nil)
		case err := <-f.Err():
			round[i].answer(0, err)
		}
	}
}

// dropStale answers the appends whose expected last sequence is not the present one and returns the others.
func (w *journalWriter) dropStale(ctx context.Context, round []appendCall) []appendCall {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	var fresh []appendCall
	for _, c := range round {
		var last uint64 // 0 when it can't be told; storing the append alone will
		if msg, err := w.stream.GetLastMsgForSubject(ctx, subjectExec+c.id); err == nil {
			last = msg.Sequence
		}
		if last != c.expected && last != 0 {
			c.result <- appendResult{err: errMovedOn(c.id, c.expected)}
			continue
		}
		fresh = append(fresh, c)
	}
	return fresh
}

// answer gives an append its result.
func (c appendCall) answer(last uint64, err error) {
	if isWrongLast(err) {
		err = errMovedOn(c.id, c.expected)
	}
	c.result <- appendResult{last: last, err: storeError(Executions, err)}
}

func answerAll(round []appendCall, err error) {
	for _, c := range round {
		c.result <- appendResult{err: err}
	}
}

func errMovedOn(id string, expected uint64) error {
	if expected == 0 {
		return fault.New(fault.Conflict, "bus: execution %s has been started already: %w", id, ErrConflict)
	}
	return fault.New(fault.Conflict, "bus: execution %s is not at sequence %d any more: %w", id, expected, ErrConflict)
}
