package s3

import (
	"sync"
	"time"
)

// tolerated are the failures in a row after which a bucket is left alone. One may be a single file's: without
// s3:ListBucket a file that is gone looks like one that may not be read.
const tolerated = 3

// breaker keeps calls from a bucket that can't be read.
type breaker struct {
	backoff func(failures int) time.Duration

	mu       sync.Mutex
	failures int
	until    time.Time // it is left alone; zero: it is not
	trying   bool      // the time has passed, and one call finds out
}

// peek returns how long the bucket is left alone, 0 where a call may be worth it.
func (b *breaker) peek(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed(now)
}

// allow returns 0 when the bucket may be called, else how long to wait. While it was failing only one call is let through.
// Each call that is let through ends with ended.
func (b *breaker) allow(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := b.closed(now)
	if wait == 0 {
		b.trying = !b.until.IsZero()
	}
	return wait
}

func (b *breaker) closed(now time.Time) time.Duration {
	switch {
	case b.until.IsZero():
		return 0
	case b.until.After(now):
		return b.until.Sub(now)
	case b.trying:
		return b.backoff(1)
	}
	return 0
}

// result is what a call says about its bucket.
type result int

const (
	nothing result = iota // it was not the bucket that ended it
	success
	failure
)

// ended notes how a call ended. After a failure it returns how long to wait.
func (b *breaker) ended(now time.Time, r result) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch r {
	case success:
		b.failures, b.until = 0, time.Time{}
	case failure:
		b.failures++
		wait := b.backoff(max(1, b.failures-tolerated+1))
		if b.failures >= tolerated {
			b.until = now.Add(wait)
		}
		return wait
	}
	return 0
}
