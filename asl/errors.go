package asl

import (
	"fmt"
	"slices"
)

// Reserved error names (https://states-language.net/#appendix-a and
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation).
const (
	ErrAll                    = "States.ALL"               // in Retry and Catch: every error but those that can't be caught
	ErrBranchFailed           = "States.BranchFailed"      // a branch of a Parallel state failed
	ErrDataLimitExceeded      = "States.DataLimitExceeded" // data over MaxData; can't be caught
	ErrHeartbeatTimeout       = "States.HeartbeatTimeout"  // a task sent no heartbeat in time; States.Timeout matches it too
	ErrIntrinsicFailure       = "States.IntrinsicFailure"  // an intrinsic function got arguments that it can't take
	ErrItemReaderFailed       = "States.ItemReaderFailed"  // a Map state could not read its items
	ErrExceedTolerated        = "States.ExceedToleratedFailureThreshold"
	ErrNoChoiceMatched        = "States.NoChoiceMatched"        // no rule of a Choice state matched and it has no Default
	ErrParameterPathFailure   = "States.ParameterPathFailure"   // part of the language; AWS and we report States.Runtime
	ErrPermissions            = "States.Permissions"            // a task may not do what it tried
	ErrQueryEvaluation        = "States.QueryEvaluationError"   // a JSONata expression failed, or gave what the field can't take
	ErrResultPathMatchFailure = "States.ResultPathMatchFailure" // ResultPath does not fit the input
	ErrResultWriterFailed     = "States.ResultWriterFailed"
	ErrRuntime                = "States.Runtime"    // a path that leads nowhere, and the like; can't be caught
	ErrTaskFailed             = "States.TaskFailed" // in Retry and Catch: every error but a timeout
	ErrTimeout                = "States.Timeout"    // a task or the execution took longer than TimeoutSeconds
)

// httpErrors begins the errors of HTTP tasks: States.Http.Socket, States.Http.StatusCode.404.
const httpErrors = "States.Http."

// reserved are the names starting with "States." that may stand in Retry and Catch.
func reserved() []string {
	return []string{ErrAll, ErrBranchFailed, ErrDataLimitExceeded, ErrHeartbeatTimeout, ErrIntrinsicFailure, ErrItemReaderFailed,
		ErrExceedTolerated, ErrNoChoiceMatched, ErrParameterPathFailure, ErrPermissions, ErrQueryEvaluation, ErrResultPathMatchFailure,
		ErrResultWriterFailed, ErrRuntime, ErrTaskFailed, ErrTimeout}
}

// failure is an error of a state, as Retry, Catch and the execution's end see it.
type failure struct{ name, cause string }

func (f *failure) Error() string { return f.name + ": " + f.cause }

func failed(name, format string, args ...any) *failure {
	return &failure{name: name, cause: fmt.Sprintf(format, args...)}
}

// matches reports whether ErrorEquals covers an error of the state. Whatever fails in a branch also has the name
// States.BranchFailed to the Parallel state around it.
func (s *State) matches(errorEquals []string, name string) bool {
	if matches(errorEquals, name) {
		return true
	}
	return s.Type == Parallel && name != ErrRuntime && name != ErrDataLimitExceeded && slices.Contains(errorEquals, ErrBranchFailed)
}

// matches reports whether ErrorEquals covers the error.
func matches(errorEquals []string, name string) bool {
	if name == ErrRuntime || name == ErrDataLimitExceeded {
		return name == ErrDataLimitExceeded && slices.Contains(errorEquals, name)
	}
	timeout := name == ErrTimeout || name == ErrHeartbeatTimeout
	return slices.ContainsFunc(errorEquals, func(want string) bool {
		switch want {
		case ErrAll, name:
			return true
		case ErrTaskFailed:
			return !timeout
		case ErrTimeout:
			return timeout
		default:
			return false
		}
	})
}
