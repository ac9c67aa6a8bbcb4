package target

import (
	"errors"

	"riposte.dev/fault"
)

// Codes that EventBridge's dead letters carry in ERROR_CODE
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
const (
	invalidJSON      = "INVALID_JSON"
	invalidParameter = "INVALID_PARAMETER"
	// FailedToAssumeRole is for an error about a target's role_arn, see Coded.
	FailedToAssumeRole = "FAILED_TO_ASSUME_ROLE"
	// ConnectionFailure is for an endpoint that does not answer.
	ConnectionFailure = "CONNECTION_FAILURE"
)

// codedError is an error that says its dead-letter code.
type codedError struct {
	code string
	error
}

func (e *codedError) Unwrap() error { return e.error }

// Coded gives an error of a Sender a dead-letter code that its fault code doesn't tell.
func Coded(code string, err error) error { return &codedError{code, err} }

// errorCode returns the dead-letter code of a delivery's failure.
func errorCode(err error) string {
	var c *codedError
	if errors.As(err, &c) {
		return c.code
	}
	switch fault.CodeOf(err) {
	case fault.Denied, fault.Unauthenticated:
		return "NO_PERMISSIONS"
	case fault.NotFound:
		return "NO_RESOURCE"
	case fault.Invalid, fault.TooLarge:
		return invalidParameter
	case fault.Conflict:
		return "RESOURCE_ALREADY_EXISTS"
	case fault.Throttled:
		return "THROTTLING"
	case fault.Timeout:
		return "TIMEOUT"
	case fault.Unavailable:
		return "ERROR_FROM_TARGET"
	default:
		return "INTERNAL_ERROR"
	}
}
