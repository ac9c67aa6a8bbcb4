package sqs

import (
	"log/slog"
	"strings"
	"sync"
)

// part is what can be unwell by itself.
type part int

const (
	receiving part = iota // from the queue
	handling              // of messages: the bus refuses
	settling              // deletion
	parts
)

// health puts the problems of the parts together and reports changes.
type health struct {
	name   string
	report func(string)
	log    *slog.Logger

	mu       sync.Mutex
	problems [parts]string
}

// say notes the problem of a part, "" for none.
func (h *health) say(p part, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.problems[p] == problem {
		return
	}
	h.problems[p] = problem
	var all []string
	for _, text := range h.problems {
		if text != "" {
			all = append(all, text)
		}
	}
	if problem == "" {
		h.log.Info("queue recovered", "source", h.name)
	} else {
		h.log.Warn("queue in trouble", "source", h.name, "problem", problem)
	}
	h.report(strings.Join(all, "; "))
}
