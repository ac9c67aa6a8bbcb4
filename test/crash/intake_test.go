package crash

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"riposte.dev/finding"
	"riposte.dev/test/stage"
)

// rootUsed is the bundled rule that the events of these tests match; it raises one finding for each operation.
const rootUsed = "cis-root-account-usage"

// rootEvent is an event with a number of its own that raises a finding of its own.
func rootEvent(n int) []byte {
	event := stage.Background(1_000_000+n, time.Now())
	event = bytes.Replace(event, []byte(`"type":"AssumedRole"`), []byte(`"type":"Root"`), 1)
	return bytes.Replace(event, []byte(`"eventSource":"`), fmt.Appendf(nil, `"eventSource":"service-%d-`, n), 1)
}

// found lists the operations of root that findings tell of, by the event's number.
func found(ctx context.Context, s *stage.Stage) (map[int]int, error) {
	seen := map[int]int{}
	query := url.Values{"rule": {rootUsed}, "limit": {"100"}}
	for {
		var page finding.Page
		if err := ask(ctx, s, "/api/v1/findings", query, &page); err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			var n int
			_, after, _ := strings.Cut(r.Finding.Title, " of service-")
			if _, err := fmt.Sscanf(after, "%d-", &n); err != nil {
				return nil, fmt.Errorf("the title %q does not name the event", r.Finding.Title)
			}
			seen[n]++
		}
		if page.Next == "" {
			return seen, nil
		}
		query.Set("after", page.Next)
	}
}

// lastEvent sends an event and waits until it is handled; events before it are handled then too.
func lastEvent(ctx context.Context, t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Post(ctx, http.DefaultClient, rootEvent(0)); err != nil {
		t.Fatal(err)
	}
	if err := stage.Wait(ctx, "the last event", func() (bool, error) {
		seen, err := found(ctx, s)
		return len(seen) > 0, err
	}); err != nil {
		t.Fatal(err)
	}
}

// SIGKILL while events stream in: what riposte has acknowledged is handled after the next start, each event once.
func TestSIGKILLWhileEventsStreamIn(t *testing.T) {
	const posters, wanted = 8, 120
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := build(ctx, t)
	engine := start(ctx, t, s, nil)

	var mu sync.Mutex
	acknowledged := map[int]bool{}
	enough := make(chan struct{})
	var streaming sync.WaitGroup
	for p := range posters {
		streaming.Go(func() {
			for n := p; ; n += posters {
				if err := s.Post(ctx, http.DefaultClient, rootEvent(n)); err != nil {
					return // the engine is dead
				}
				mu.Lock()
				acknowledged[n] = true
				if len(acknowledged) == wanted {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
		t.Fatal("the events were not taken in time")
	}
	engine.End(t, syscall.SIGKILL)
	streaming.Wait()
	if len(acknowledged) < wanted {
		t.Fatalf("%d events were acknowledged", len(acknowledged))
	}

	start(ctx, t, s, nil)
	missing := func() (list []int, err error) {
		seen, err := found(ctx, s)
		for n := range acknowledged {
			if seen[n] == 0 {
				list = append(list, n)
			}
		}
		return list, err
	}
	if err := stage.Wait(ctx, "every acknowledged event", func() (bool, error) {
		list, err := missing()
		return len(list) == 0, err
	}); err != nil {
		list, _ := missing()
		t.Fatalf("%v; of %d, these are missing: %v", err, len(acknowledged), list)
	}
	seen, err := found(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for n, times := range seen {
		if times != 1 {
			t.Errorf("event %d is in %d findings", n, times)
		}
	}
}
