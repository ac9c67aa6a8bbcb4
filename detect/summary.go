package detect

import (
	"slices"
	"strings"
	"time"

	"riposte.dev/event"
)

// Summary is what a principal did in a span of time.
type Summary struct {
	Principal string         `json:"principal"`
	From      time.Time      `json:"from"`
	To        time.Time      `json:"to"`
	Count     int            `json:"count"`
	APIs      map[string]int `json:"apis"`             // calls by name, such as cloudtrail:StopLogging
	Addresses []string       `json:"addresses"`        // where they came from, sorted
	Errors    map[string]int `json:"errors,omitempty"` // failed calls by error code
	First     time.Time      `json:"first,omitzero"`
	Last      time.Time      `json:"last,omitzero"`
	Complete  bool           `json:"complete"` // false where the index began later or had to drop calls: then these are at least so many
}

// APICount is a name with how often it was called.
type APICount struct {
	API   string
	Count int
}

// TopAPIs returns the n most frequent calls, most frequent first.
func (s Summary) TopAPIs(n int) []APICount {
	counts := make([]APICount, 0, len(s.APIs))
	for api, count := range s.APIs {
		counts = append(counts, APICount{api, count})
	}
	slices.SortFunc(counts, func(a, b APICount) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.API, b.API)
	})
	return counts[:min(n, len(counts))]
}

// Summary tells what the principal did within span before and after around. principal is event.Identity.Principal.
func (a *Activity) Summary(principal string, around time.Time, span time.Duration) Summary {
	s := Summary{Principal: principal, From: around.Add(-span), To: around.Add(span), APIs: map[string]int{}, Errors: map[string]int{}}
	oldest := a.now().Add(-a.window)
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Complete = !s.From.Before(a.from) && !s.From.Before(oldest) && s.From.After(a.dropped)
	for _, c := range a.principals[principal] {
		if c.at.Before(s.From) || c.at.After(s.To) {
			continue
		}
		if s.Count == 0 || c.at.Before(s.First) {
			s.First = c.at
		}
		s.Last = laterOf(s.Last, c.at)
		s.Count++
		s.APIs[c.api]++
		if c.error != "" {
			s.Errors[c.error]++
		}
		if c.address != "" && !slices.Contains(s.Addresses, c.address) {
			s.Addresses = append(s.Addresses, c.address)
		}
	}
	slices.Sort(s.Addresses)
	return s
}

// apiName is the call's name as IAM policies write it.
func apiName(r *event.Record) string {
	return event.Service(r.EventSource) + ":" + r.EventName
}
