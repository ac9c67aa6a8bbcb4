package bus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// Journal is the append-only record of executions. Each execution has its own records, in order; an append says which
// append it builds on and fails when that is not the last one. Get it from Bus.Journal.
type Journal struct {
	bus    *Bus
	stream jetstream.Stream
	writer *journalWriter
}

// Entry is one record of an execution.
type Entry struct {
	// Seq is the position of the append in the whole journal. Records of one append share it.
	Seq  uint64
	Time time.Time // when the append was stored
	Data []byte
}

// Journal returns the execution journal.
func (b *Bus) Journal() *Journal { return b.journal }

func newJournal(ctx context.Context, b *Bus) (*Journal, error) {
	st, err := b.js.Stream(ctx, string(Executions))
	if err != nil {
		return nil, readError(Executions, err)
	}
	return &Journal{bus: b, stream: st, writer: newJournalWriter(ctx, b, st)}, nil
}

// Append adds records to an execution and returns when they are on disk, with the sequence to pass as expectedLast
// next time. The records of one call are stored all or none. Appends of many executions that come at the same time are
// merged; a lone one goes at once.
//
// id is an execution's id: 1 to 128 letters, digits, '-' or '_'. expectedLast is what the previous Append returned, or
// the Seq of the last entry that Load returned; 0 means that the execution must not exist, which makes the first
// append the exactly-once start.
//
// Errors:
//   - ErrConflict (code fault.Conflict): the last sequence is another one. Nothing was stored.
//   - code fault.Timeout: ctx ended or the disk did not answer; the append may have happened. Load before trying again.
//   - code fault.Unavailable: the journal or the disk is full, an external NATS is away, or the bus is closing. Nothing was
//     stored.
//   - code fault.TooLarge: the records are over MaxEvent together. Code fault.Invalid: bad id, no records.
func (j *Journal) Append(ctx context.Context, id string, expectedLast uint64, records ...[]byte) (last uint64, err error) {
	if err := checkToken("execution id", id); err != nil {
		return 0, err
	}
	if len(records) == 0 {
		return 0, fault.New(fault.Invalid, "bus: append to execution %s without records", id)
	}
	size := 0
	for _, r := range records {
		size += len(r)
	}
	if size > MaxEvent {
		return 0, errTooLarge("journal append", size)
	}
	if extra := len(records) * 8; extra > overhead/2 {
		return 0, fault.New(fault.TooLarge, "bus: %d records in one append, at most %d are taken", len(records), overhead/16)
	}
	var frame []byte
	for _, r := range records {
		frame = appendEvent(frame, Event{Data: r})
	}
	start := time.Now()
	last, err = j.writer.append(ctx, appendCall{id: id, expected: expectedLast, frame: frame})
	if err == nil {
		j.bus.metrics.publishSeconds.WithLabelValues(string(Executions)).Observe(time.Since(start).Seconds())
	}
	return last, err
}

// Load returns the records of an execution, oldest first; none when it doesn't exist.
func (j *Journal) Load(ctx context.Context, id string) ([]Entry, error) {
	if err := checkToken("execution id", id); err != nil {
		return nil, err
	}
	// One request for each append: they go to the leader and so see every append that was acknowledged, which neither
	// replicas nor a consumer that is just being made would promise.
	var entries []Entry
	for seq := uint64(1); ; seq++ {
		msg, err := j.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subjectExec+id))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return entries, nil
		}
		if err != nil {
			return nil, readError(Executions, err)
		}
		seq = msg.Sequence
		if entries, err = appendEntries(entries, stored{data: msg.Data, seq: seq, time: msg.Time}); err != nil {
			return nil, err
		}
	}
}

// Follow calls fn with every append from sequence from on (0 or 1: from the start), in the order of Seq, then with new
// ones as they come, until ctx or the bus ends (then it returns nil) or fn returns an error. entries are the records
// of one append; a projection stores their Seq in the transaction that applies them and goes on from Seq+1.
//
// caughtUp, when not nil, is called once, when fn has seen all that was in the journal when Follow began.
func (j *Journal) Follow(ctx context.Context, from uint64, caughtUp func(), fn func(id string, entries []Entry) error) error {
	loop, leave, err := j.bus.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	last, err := j.bus.lastKept(loop, Executions)
	if err != nil {
		return loopError(loop, err)
	}
	if caughtUp == nil {
		caughtUp = func() {}
	}
	behind := last > 0 && from <= last
	if !behind {
		caughtUp()
	}
	err = j.bus.read(loop, Executions, start{seq: from}, 0, func(m stored) error {
		entries, err := appendEntries(nil, m)
		if err != nil {
			return err
		}
		if err := fn(strings.TrimPrefix(m.subject, subjectExec), entries); err != nil {
			return err
		}
		if !behind {
			return nil
		}
		reached, err := j.bus.reached(loop, Executions, last, m.seq+1, m.pending)
		if reached {
			behind = false
			caughtUp()
		}
		return err
	})
	return loopError(loop, err)
}

// Delete removes an execution from the journal. Its cause can then start an execution again, so it is for executions
// that ended longer ago than any repetition of their cause can arrive.
func (j *Journal) Delete(ctx context.Context, id string) error {
	if err := checkToken("execution id", id); err != nil {
		return err
	}
	return j.bus.purge(ctx, Executions, subjectExec+id)
}

func (j *Journal) close(ctx context.Context) error { return j.writer.close(ctx) }

// appendEntries adds the records of one append to entries.
func appendEntries(entries []Entry, m stored) ([]Entry, error) {
	records, err := decodeGroup(m.data)
	if err != nil {
		return nil, fault.New(fault.Internal, "bus: journal entry %d can't be read: %w", m.seq, err)
	}
	for _, r := range records {
		entries = append(entries, Entry{Seq: m.seq, Time: m.time, Data: r.Data})
	}
	return entries, nil
}
