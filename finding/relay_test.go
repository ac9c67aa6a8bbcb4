package finding_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"riposte.dev/event"
	"riposte.dev/finding"
)

// relay runs a relay whose batches arrive in the channel; answer says what publish returns for a batch.
func relay(t *testing.T, h *finding.Hub, answer func() error) <-chan [][]byte {
	ctx, stop := context.WithCancel(context.Background())
	batches, done := make(chan [][]byte, 1000), make(chan error)
	go func() {
		done <- h.Relay(ctx, func(_ context.Context, events [][]byte) error {
			err := answer()
			if err == nil {
				batches <- events
			}
			return err
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("relay: %v", err)
		}
	})
	return batches
}

func receive(t *testing.T, batches <-chan [][]byte, n int) (ids []string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for len(ids) < n {
		select {
		case batch := <-batches:
			for _, raw := range batch {
				e, err := event.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, e.Resources[0])
			}
		case <-deadline:
			t.Fatalf("%d events after 10 s, want %d", len(ids), n)
		}
	}
	return ids
}

func TestRelayPublishesInOrderAndAtOnce(t *testing.T) {
	m := newMemory()
	// With an hour between polls only the wake-up can be what publishes.
	h := finding.NewHub(finding.Options{Store: m, Now: clock, Poll: time.Hour})
	for i := range 250 {
		upsert(t, h, fmt.Sprintf(`"Id": "before-%d"`, i))
	}
	batches := relay(t, h, func() error { return nil })
	ids := receive(t, batches, 250)
	for i, id := range ids {
		if want := variant(t, fmt.Sprintf(`"Id": "before-%d"`, i)).Key().ARN(); id != want {
			t.Fatalf("event %d is of %s, want %s", i, id, want)
		}
	}
	for i := range 20 {
		upsert(t, h, fmt.Sprintf(`"Id": "after-%d"`, i))
		receive(t, batches, 1)
	}
	if left, _ := m.Outbox(t.Context(), 1); len(left) != 0 {
		// The last one is forgotten after publish has returned.
		upsert(t, h, `"Id": "last"`)
		receive(t, batches, 1)
	}
}

func TestRelayLosesNothingWhenPublishFails(t *testing.T) {
	m := newMemory()
	h := finding.NewHub(finding.Options{Store: m, Now: clock, Poll: time.Hour, Retry: time.Millisecond})
	failures := 5
	batches := relay(t, h, func() error {
		if failures > 0 {
			failures--
			return errors.New("bus is full")
		}
		return nil
	})
	upsert(t, h, `"Id": "a"`)
	upsert(t, h, `"Id": "b"`)
	ids := receive(t, batches, 2)
	if ids[0] != variant(t, `"Id": "a"`).Key().ARN() || ids[1] != variant(t, `"Id": "b"`).Key().ARN() {
		t.Errorf("events %v", ids)
	}
}

func TestRelayFindsChangesOfOtherProcesses(t *testing.T) {
	m := newMemory()
	ours := finding.NewHub(finding.Options{Store: m, Now: clock, Poll: time.Millisecond})
	theirs := finding.NewHub(finding.Options{Store: m, Now: clock})
	batches := relay(t, ours, func() error { return nil })
	upsert(t, theirs, ``)
	receive(t, batches, 1)
}
