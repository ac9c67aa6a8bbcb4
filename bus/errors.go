package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// ErrConflict is in the chain of the error that [Journal.Append] returns when the execution has moved on: somebody
// else appended first, or an own append whose answer was lost did. Load the execution and look. Its code is
// [fault.Conflict].
var ErrConflict = errors.New("the execution has moved on")

// ErrClosed is in the chain of errors of calls on a bus that is closing. Their code is [fault.Unavailable].
var ErrClosed = errors.New("the bus is closing")

// terminal marks an error as one that trying again can't help.
type terminal struct{ err error }

func (t *terminal) Error() string { return t.err.Error() }
func (t *terminal) Unwrap() error { return t.err }

// Terminal marks an error of a handler: the work is dead-lettered at once, not tried again. It returns nil for nil.
func Terminal(err error) error {
	if err == nil {
		return nil
	}
	return &terminal{err}
}

func isTerminal(err error) bool {
	var t *terminal
	return errors.As(err, &t)
}

// Error codes of the JetStream API that its client has no names for, see errors.json of nats-server.
const (
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeStorageExceeded       jetstream.ErrorCode = 10047
	codeStoreFailed           jetstream.ErrorCode = 10077
)

// apiCode returns the JetStream error code in err's chain, 0 where there is none.
func apiCode(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	return 0
}

// isWrongLast reports that a compare-and-set failed. On a replicated stream
// it may also mean that an earlier write to the subject is still on its way.
func isWrongLast(err error) bool {
	code := apiCode(err)
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// isFull reports that a stream has reached its bound.
func isFull(err error) bool { return apiCode(err) == codeStoreFailed }

// storeError gives an error of a write to stream s its code. After fault.Timeout the write may have happened.
func storeError(s Stream, err error) error {
	var coded *fault.Error
	switch code := apiCode(err); {
	case err == nil || errors.As(err, &coded):
		return err
	case code == codeStoreFailed:
		return fault.New(fault.Unavailable, "bus: stream %s is full: %w", s, err).
			WithHint("a consumer is behind or stopped: see riposte_bus_consumer_pending; or raise the stream's bound")
	case code == codeInsufficientResources || code == codeStorageExceeded:
		return fault.New(fault.Unavailable, "bus: no storage left for stream %s: %w", s, err).
			WithHint("free disk space on the bus's machine")
	case code == jetstream.JSErrCodeStreamMessageExceedsMaximum || errors.Is(err, nats.ErrMaxPayload):
		return fault.New(fault.TooLarge, "bus: message for stream %s is too large: %w", s, err)
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, jetstream.ErrAsyncPublishTimeout):
		return fault.New(fault.Timeout, "bus: write to stream %s was not acknowledged in time: %w", s, err).
			WithHint("the disk or the NATS cluster is slow; the write may have happened")
	case code != 0:
		return fault.New(fault.Internal, "bus: write to stream %s: %w", s, err)
	case errors.Is(err, nats.ErrConnectionClosed):
		return errClosing()
	default: // no responders, ...
		return fault.New(fault.Unavailable, "bus: write to stream %s: %w", s, err)
	}
}

// readError gives an error of a read from stream s its code; a context's end keeps its own.
func readError(s Stream, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.Unavailable, "bus: read stream %s: %w", s, err)
}

func errAway() error {
	return fault.New(fault.Unavailable, "bus: no connection to NATS").
		WithHint("start it, or check the network; events wait where they come from, and riposte goes on by itself")
}

func errClosing() error { return fault.New(fault.Unavailable, "bus: %w", ErrClosed) }

func errTooLarge(what string, size int) error {
	return fault.New(fault.TooLarge, "bus: %s of %d bytes, at most %d are taken", what, size, MaxEvent)
}
