package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"riposte.dev/fault"
)

const (
	// headerID carries the id that a subject only has the hash of.
	headerID = "Riposte-Id"
	// headerDead carries what is known of a dead letter, as JSON.
	headerDead = "Riposte-Dead"
	// maxReason bounds DeadLetter.Reason in bytes.
	maxReason = 4096
)

// DeadLetter is something that could not be handled, with the reason. It stays until it is deleted.
type DeadLetter struct {
	// ID names the thing within its source: a second letter with the same source and id is dropped, so that a handler
	// that runs again after a crash doesn't report twice. Empty: each letter is stored. At most 1,024 bytes.
	ID       string `json:"id,omitempty"`
	Source   string `json:"source"`             // who gave up: "intake", "EVENTS/detect", "work/notify"; 1 to 256 bytes
	Reason   string `json:"reason"`             // for people; cut at 4,096 bytes
	Key      string `json:"key,omitempty"`      // the event's key or the work item's id, where it has one
	Attempts int    `json:"attempts,omitempty"` // how often it was tried
	Data     []byte `json:"-"`                  // the thing itself; cut at MaxEvent bytes

	// Set by the bus.
	Size int       `json:"size"` // bytes of Data before it was cut
	Seq  uint64    `json:"-"`    // names the letter, see DeleteDeadLetter
	Time time.Time `json:"-"`    // when it was stored
}

// DeadLetter stores a letter and returns when it is on disk. It may use what is below the disk reserve.
//
// Errors: fault.Unavailable when the stream is full (dead letters are never dropped to make room) or the bus closes,
// fault.Timeout when the disk does not answer, fault.Invalid for a letter without source.
func (b *Bus) DeadLetter(ctx context.Context, d DeadLetter) error {
	if d.Source == "" || len(d.Source) > 256 || len(d.ID) > maxKey || len(d.Key) > maxKey {
		return fault.New(fault.Invalid, "bus: dead letter without source, or with a source, id or key that is too long")
	}
	d.Size = len(d.Data)
	d.Data = d.Data[:min(len(d.Data), MaxEvent)]
	d.Reason = strings.ToValidUTF8(d.Reason[:min(len(d.Reason), maxReason)], "")
	about, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("bus: dead letter: %w", err)
	}
	msg := nats.NewMsg(subjectDead + nuid.Next())
	msg.Header.Set(headerDead, string(about))
	msg.Data = d.Data
	var once []jetstream.PublishOpt
	if d.ID != "" {
		msg.Subject = subjectDead + hashToken(d.Source, d.ID)
		once = append(once, jetstream.WithExpectLastSequencePerSubject(0))
	}
	switch err := b.write(ctx, Dead, msg, once...); {
	case isWrongLast(err):
		return nil
	case err != nil:
		return storeError(Dead, err)
	}
	b.metrics.deadLetters.WithLabelValues(d.Source).Inc()
	return nil
}

// buryLetter stores a letter, however long it takes: what it is about can't be acknowledged before. Its error is the
// end of ctx.
func (b *Bus) buryLetter(ctx context.Context, d DeadLetter, backoff Backoff) error {
	for attempt := 1; ; attempt++ {
		err := b.DeadLetter(ctx, d)
		if err == nil {
			b.log.Warn("dead letter stored", "source", d.Source, "id", d.ID)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.log.Error("dead letter not stored, its stream waits", "source", d.Source, "id", d.ID, "err", err)
		if err := pause(ctx, backoff(attempt)); err != nil {
			return err
		}
	}
}

// DeadLetters lists letters in the order in which they were stored: those of the given source ("" for all) with a Seq
// greater than after, at most limit (100 when it is 0). The Seq of the last one continues the list.
func (b *Bus) DeadLetters(ctx context.Context, source string, after uint64, limit int) ([]DeadLetter, error) {
	if limit <= 0 {
		limit = 100
	}
	info, err := b.info(ctx, Dead)
	if err != nil || info.Msgs == 0 || info.LastSeq <= after {
		return nil, err
	}
	var letters []DeadLetter
	err = b.read(ctx, Dead, start{seq: after + 1}, info.LastSeq, func(m stored) error {
		d := DeadLetter{Data: m.data, Seq: m.seq, Time: m.time}
		if err := json.Unmarshal([]byte(m.header.Get(headerDead)), &d); err != nil {
			return fault.New(fault.Internal, "bus: dead letter %d: %w", m.seq, err)
		}
		if source != "" && d.Source != source {
			return nil
		}
		letters = append(letters, d)
		if len(letters) == limit {
			return errEnough
		}
		return nil
	})
	return letters, err
}

// DeleteDeadLetter removes a letter, after it was dealt with. Its error is of code fault.NotFound when there is none.
func (b *Bus) DeleteDeadLetter(ctx context.Context, seq uint64) error {
	st, err := b.js.Stream(ctx, string(Dead))
	if err == nil {
		err = st.DeleteMsg(ctx, seq)
	}
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return fault.New(fault.NotFound, "bus: no dead letter %d", seq)
	}
	return readError(Dead, err)
}
