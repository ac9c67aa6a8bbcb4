package eventbridge

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"riposte.dev/fault"
)

// apiError is an error in AWS's JSON protocol.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func validation(message string) error {
	return &apiError{http.StatusBadRequest, "ValidationException", message}
}

// answers maps fault codes to what AWS clients understand: 4xx final, 429 and 5xx worth a retry.
var answers = map[fault.Code]struct {
	status int
	code   string
}{
	fault.Invalid:         {http.StatusBadRequest, "ValidationException"},
	fault.NotFound:        {http.StatusNotFound, "ResourceNotFoundException"},
	fault.Conflict:        {http.StatusConflict, "ConflictException"},
	fault.Unauthenticated: {http.StatusForbidden, "UnrecognizedClientException"},
	fault.Denied:          {http.StatusForbidden, "AccessDeniedException"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "RequestEntityTooLarge"},
	fault.Throttled:       {http.StatusTooManyRequests, "ThrottlingException"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "ServiceUnavailable"},
	fault.Timeout:         {http.StatusServiceUnavailable, "ServiceUnavailable"},
}

func errorCode(err error) string {
	if answer, ok := answers[fault.CodeOf(err)]; ok {
		return answer.code
	}
	return "InternalFailure"
}

func writeError(w http.ResponseWriter, requestID string, err error) {
	var api *apiError
	if !errors.As(err, &api) {
		api = &apiError{http.StatusInternalServerError, errorCode(err), err.Error()}
		if answer, ok := answers[fault.CodeOf(err)]; ok {
			api.status = answer.status
		} else {
			api.message = "internal failure; see the log of riposte"
		}
	}
	writeJSON(w, requestID, api.status, map[string]string{"__type": api.code, "message": api.message})
}

func writeJSON(w http.ResponseWriter, requestID string, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails; there is nobody left to tell
}

func quote(s string) string { return strconv.Quote(s) }
