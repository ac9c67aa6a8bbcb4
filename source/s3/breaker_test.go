package s3

import (
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	b := breaker{backoff: func(n int) time.Duration { return time.Duration(n) * time.Minute }}
	now := time.Unix(0, 0)
	for i := range tolerated - 1 {
		if wait := b.allow(now); wait != 0 {
			t.Fatalf("after %d failures it asks to wait %v", i, wait)
		}
		b.ended(now, failure)
	}
	b.ended(now, nothing) // the bus refused: not the bucket's fault, and no success
	b.ended(now, failure)
	if wait := b.allow(now.Add(time.Second)); wait != 59*time.Second {
		t.Errorf("left alone for %v, want the rest of a minute", wait)
	}
	now = now.Add(time.Minute)
	if b.allow(now) != 0 {
		t.Error("nobody may try when the time has passed")
	}
	if b.allow(now) == 0 {
		t.Error("a second one may try beside the first")
	}
	if wait := b.ended(now, failure); wait != 2*time.Minute {
		t.Errorf("after another failure %v, want two minutes", wait)
	}
	now = now.Add(2 * time.Minute)
	if b.allow(now) != 0 || b.ended(now, nothing) != 0 || b.allow(now) != 0 {
		t.Error("a try that told nothing is not followed by another")
	}
	b.ended(now, success)
	for range 2 {
		if b.allow(now) != 0 {
			t.Error("after a success it is not open")
		}
	}
}
