package stepfunctions

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"riposte.dev/fault"
)

// apiError is an error by the name that AWS gives it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// refuse is an error of the caller's.
func refuse(code, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// named gives an error the name that it has where it happens, if its code is the one; another one stays as it is.
func named(err error, code fault.Code, name string) error {
	if fault.CodeOf(err) != code {
		return err
	}
	return refuse(name, "%s", err)
}

// answers maps fault codes to what AWS clients understand: 4xx final, 429 and 5xx worth a retry.
var answers = map[fault.Code]apiError{
	fault.Invalid:         {http.StatusBadRequest, "ValidationException", ""},
	fault.NotFound:        {http.StatusBadRequest, "ResourceNotFound", ""},
	fault.Conflict:        {http.StatusBadRequest, "ConflictException", ""},
	fault.Unauthenticated: {http.StatusForbidden, "UnrecognizedClientException", ""},
	fault.Denied:          {http.StatusForbidden, "AccessDeniedException", ""},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", ""},
	fault.Throttled:       {http.StatusTooManyRequests, "ThrottlingException", ""},
	fault.Unavailable:     {http.StatusServiceUnavailable, "ServiceUnavailable", ""},
	fault.Timeout:         {http.StatusServiceUnavailable, "ServiceUnavailable", ""},
}

func asAPIError(err error) *apiError {
	var api *apiError
	if errors.As(err, &api) {
		return api
	}
	known, ok := answers[fault.CodeOf(err)]
	if !ok {
		return &apiError{http.StatusInternalServerError, "InternalFailure", "internal failure; see the log of riposte"}
	}
	known.message = err.Error()
	return &known
}

// member is one of a request that has bounds.
type member struct {
	name     string
	value    string
	required bool
	most     int // characters
}

// check reports every member that is missing or too long, as AWS words it.
func check(members ...member) error {
	var wrong []string
	for _, m := range members {
		switch {
		case m.required && m.value == "":
			wrong = append(wrong, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", m.name))
		case len([]rune(m.value)) > m.most:
			wrong = append(wrong, fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", m.name, m.most))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	plural := "s"
	if len(wrong) == 1 {
		plural = ""
	}
	return refuse("ValidationException", "%d validation error%s detected: %s", len(wrong), plural, strings.Join(wrong, "; "))
}
