// Package fault is riposte's error contract: a code that a caller can decide on, whether trying again can help,
// a message for people and the next step to take.
//
// Start at [Error]. Packages return their errors wrapped with context; whoever has to decide asks [CodeOf] and
// [Retryable]; the edge (command line, HTTP) prints [Message] and [Hint] and hides the rest.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Code says what kind of failure an error is. Codes are few on purpose: one exists only where a caller acts on it.
type Code string

const (
	// Invalid: the input is wrong; the same input will fail again.
	Invalid Code = "invalid"
	// NotFound: the thing asked for does not exist.
	NotFound Code = "not_found"
	// Conflict: somebody else changed or created it first.
	Conflict Code = "conflict"
	// Unauthenticated: who asks is not known (no or a forged signature).
	Unauthenticated Code = "unauthenticated"
	// Denied: who asks is known and may not.
	Denied Code = "denied"
	// TooLarge: the input is over a stated bound.
	TooLarge Code = "too_large"
	// Throttled: too many requests; later is fine.
	Throttled Code = "throttled"
	// Unavailable: a part that is needed does not answer, is full, or is closing; later may be fine.
	Unavailable Code = "unavailable"
	// Timeout: a bound on time was reached; the effect may or may not have happened.
	Timeout Code = "timeout"
	// Internal: riposte's own mistake.
	Internal Code = "internal"
)

// Error is an error with a code and, for people, the next step.
type Error struct {
	Code    Code
	Message string // what is wrong, one sentence, no trailing full stop
	Hint    string // what to do next; may be empty
	Err     error  // the cause; may be nil
}

// New returns an error of the code with a formatted message; %w is honoured.
func New(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint returns e with the next step for the person who reads it.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Error returns the message, and the hint after a dash where there is one.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " — " + e.Hint
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first coded error in err's chain; a context's end is Timeout or Unavailable; anything
// else is Internal. It returns "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	if errors.Is(err, context.Canceled) {
		return Unavailable
	}
	return Internal
}

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	switch CodeOf(err) {
	case Throttled, Unavailable, Timeout:
		return true
	default:
		return false
	}
}

// Hint returns the next step that err carries, "" where it has none.
func Hint(err error) string {
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Hint
	}
	return ""
}

// Message returns err for a person: its text without the hint.
func Message(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if hint := Hint(err); hint != "" {
		text = strings.Replace(text, " — "+hint, "", 1)
	}
	return text
}
