package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"riposte.dev/bus"
	"riposte.dev/fault"
)

// maxLetters is the most that one answer lists.
const maxLetters = 1000

// DeadLetters lists what could not be handled.
type DeadLetters interface {
	DeadLetters(ctx context.Context, source string, after uint64, limit int) ([]bus.DeadLetter, error)
}

// DeadLetter is a letter on the wire. Its data is not shown whole: it may hold secrets.
type DeadLetter struct {
	Seq      uint64    `json:"seq"`
	Time     time.Time `json:"time"`
	Source   string    `json:"source"`
	Reason   string    `json:"reason"`
	Key      string    `json:"key,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Size     int       `json:"size"`
}

// listDeadLetters takes source, since (RFC 3339), limit and after (a seq).
func (s *Server) listDeadLetters(r *http.Request) (any, error) {
	q := r.URL.Query()
	since, limit, err := sinceAndLimit(q)
	if err != nil {
		return nil, err
	}
	var after uint64
	if text := q.Get("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, fault.New(fault.Invalid, "after is not a sequence: %q", text)
		}
	}
	if limit = min(limit, maxLetters); limit == 0 {
		limit = 100
	}
	list := []DeadLetter{}
	for len(list) < limit {
		letters, err := s.Dead.DeadLetters(r.Context(), q.Get("source"), after, limit)
		if err != nil {
			return nil, err
		}
		for _, l := range letters {
			if after = l.Seq; !l.Time.Before(since) && len(list) < limit {
				list = append(list, DeadLetter{Seq: l.Seq, Time: l.Time, Source: l.Source, Reason: l.Reason, Key: l.Key, Attempts: l.Attempts, Size: l.Size})
			}
		}
		if len(letters) < limit {
			break
		}
	}
	return list, nil
}
