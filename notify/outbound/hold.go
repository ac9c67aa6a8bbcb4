package outbound

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"riposte.dev/fault"
)

// maxHold bounds the pause that a server may ask for.
const maxHold = 15 * time.Minute

// Hold keeps the pause that a server asked for by Retry-After: until it is over, nobody is called. The zero value holds
// nobody; it is safe for concurrent use.
type Hold struct {
	mu    sync.Mutex
	until time.Time
}

// For begins a pause of d, at most 15 minutes; a longer one that runs already stays.
func (h *Hold) For(d time.Duration, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until := now.Add(min(d, maxHold)); until.After(h.until) {
		h.until = until
	}
}

// Check returns fault.Throttled while a pause runs, nil otherwise.
func (h *Hold) Check(what string, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if left := h.until.Sub(now); left > 0 {
		return fault.New(fault.Throttled, "%s: the server asked to wait %s more", what, left.Round(time.Second))
	}
	return nil
}

// RetryAfter is the pause that an answer asks for, in seconds or until a date (RFC 9110, 10.2.3); 0 where it asks for none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
