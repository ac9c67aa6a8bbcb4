package kinesis

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// health joins the states of a stream's parts into one.
type health struct {
	report func(string)

	mu       sync.Mutex
	problems map[string]string // by part: a shard's id, or "" for the stream
	said     string
}

// set notes a part's problem, "" for none, and reports where that changes the whole.
func (h *health) set(part, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if problem == "" {
		delete(h.problems, part)
	} else {
		h.problems[part] = problem
	}
	whole := ""
	if parts := slices.Sorted(maps.Keys(h.problems)); len(parts) > 0 {
		whole = h.problems[parts[0]]
		if more := len(parts) - 1; more > 0 {
			whole += fmt.Sprintf(" (and %d more)", more)
		}
	}
	if whole != h.said {
		h.said = whole
		h.report(whole)
	}
}
