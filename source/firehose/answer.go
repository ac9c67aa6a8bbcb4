package firehose

import (
	"encoding/json"
	"net/http"
	"strconv"

	"riposte.dev/fault"
)

// maxErrorMessage is what Firehose reads of one, in characters.
const maxErrorMessage = 8192

// statuses say what Firehose is to make of an error; it tries all but 413 again until the stream's retry duration is over.
var statuses = map[fault.Code]int{
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Throttled:       http.StatusServiceUnavailable,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusServiceUnavailable,
}

// answer writes what Firehose demands of an answer: the request's id and the time, whatever the outcome.
func (h *Handler) answer(w http.ResponseWriter, id string, err error) {
	status, text := http.StatusOK, ""
	if err != nil {
		var known bool
		if status, known = statuses[fault.CodeOf(err)]; known {
			text = err.Error()
			text = text[:min(len(text), maxErrorMessage)]
		} else {
			status, text = http.StatusInternalServerError, "internal failure; see the log of riposte"
			h.o.Logger.Error("request of Firehose not taken", "source", h.o.Name, "request", id, "err", err)
		}
	}
	h.o.Metrics.requests.WithLabelValues(h.o.Name, strconv.Itoa(status)).Inc()
	body, merr := json.Marshal(struct {
		RequestID string `json:"requestId"`
		Timestamp int64  `json:"timestamp"` // milliseconds since 1970
		Error     string `json:"errorMessage,omitempty"`
	}{id, h.o.Now().UnixMilli(), text})
	if merr != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails; there is nobody left to tell
}
