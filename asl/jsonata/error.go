package jsonata

import (
	"errors"
	"fmt"
)

// Error is a mistake in an expression or a failure of its evaluation.
type Error struct {
	Code     string // JSONata's, such as S0201 or T2001; "" for what it has no code for
	Message  string
	Position int // byte of the expression at or after which it is; -1 where unknown
}

func (e *Error) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// ErrUnsupported is the error of an evaluation that gives what JSON can't say: a function, or a number that is not finite.
var ErrUnsupported = errors.New("the result is not JSON")

func exceeded(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...), Position: -1}
}
