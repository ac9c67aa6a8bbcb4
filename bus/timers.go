package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"riposte.dev/fault"
)

// Headers of scheduled messages, see ADR-51 of nats-architecture-and-design.
const (
	headerSchedule = "Nats-Schedule"
	headerTarget   = "Nats-Schedule-Target"
)

// Schedule stores a timer that falls due at the given time, on the server's clock, and returns when it is on disk. A
// timer of the same id that has not fallen due yet is replaced. A time that is past or less than a quarter of a second
// away falls due within a quarter of a second, later ones within milliseconds.
//
// The server moves a timer that falls due to the work of Timers; no process needs to be up for it to be kept, and
// after a start what fell due meanwhile is handed out at once.
//
// Errors: as for Enqueue.
func (b *Bus) Schedule(ctx context.Context, id string, at time.Time, data []byte) error {
	if id == "" || len(id) > maxKey {
		return fault.New(fault.Invalid, "bus: timer's id must have 1 to %d bytes, has %d", maxKey, len(id))
	}
	if len(data) > MaxEvent {
		return errTooLarge("timer", len(data))
	}
	info, err := b.info(ctx, Timed)
	if err != nil {
		return err
	}
	if most := b.opts.limit(Timed).MaxBytes; info.Bytes+uint64(len(data)) > uint64(most) {
		return fault.New(fault.Unavailable, "bus: stream %s is full: %d timers", Timed, info.Msgs).
			WithHint("nobody handles the timers that are due, or the stream's bound is too low")
	}
	token := hashToken(id)
	msg := nats.NewMsg(subjectAt + token)
	msg.Header.Set(headerSchedule, "@at "+at.UTC().Format(time.RFC3339Nano))
	msg.Header.Set(headerTarget, subjectDue+token)
	msg.Header.Set(headerID, hexID(id))
	msg.Data = data
	return storeError(Timed, b.write(ctx, Timed, msg))
}

// Cancel removes a timer, also one that is due but not handed out yet. It is not an error when there is none. A timer
// that is being handed out at this moment still arrives: handlers check whether they still want it.
func (b *Bus) Cancel(ctx context.Context, id string) error {
	token := hashToken(id)
	for _, subject := range []string{subjectAt + token, subjectDue + token} {
		if err := b.purge(ctx, Timed, subject); err != nil {
			return err
		}
	}
	return nil
}

// Timers hands the timers that are due to handle, until ctx or the bus ends; then it returns nil. It works like Work,
// the source of its dead letters is "timers".
func (b *Bus) Timers(ctx context.Context, cfg WorkConfig, handle func(context.Context, Job) error) error {
	return b.work(ctx, Timed, subjectDue+"*", "timers", cfg, handle)
}
