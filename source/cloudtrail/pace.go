package cloudtrail

import (
	"context"
	"sync"
	"time"
)

// AWS answers two LookupEvents a second for each account and region. Who is throttled all the same (others look too)
// waits twice as long between calls, up to slowest, and comes back to the rate little by little.
const (
	fastest = 500 * time.Millisecond
	slowest = 16 * time.Second
)

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx ends, whose error it returns then.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

var _ Clock = SystemClock{}

// Now is the machine's time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits by the machine's time.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Paces gives every account and region its own pace. All who call LookupEvents in a process share one.
type Paces struct {
	clock Clock

	mu    sync.Mutex
	paces map[[2]string]*Pace
}

// NewPaces returns paces by the clock; nil is the machine's.
func NewPaces(clock Clock) *Paces {
	if clock == nil {
		clock = SystemClock{}
	}
	return &Paces{clock: clock, paces: map[[2]string]*Pace{}}
}

// For returns the pace of an account and region.
func (p *Paces) For(account, region string) *Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := [2]string{account, region}
	if p.paces[key] == nil {
		p.paces[key] = &Pace{clock: p.clock, gap: fastest}
	}
	return p.paces[key]
}

// Pace spaces calls out. It is safe for concurrent use.
type Pace struct {
	clock Clock

	mu   sync.Mutex
	gap  time.Duration
	next time.Time
}

// wait blocks until the next call may be made.
func (p *Pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := p.clock.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.gap)
	p.mu.Unlock()
	return p.clock.Sleep(ctx, at.Sub(now))
}

// throttled makes the pace slower, for everyone.
func (p *Pace) throttled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gap = min(2*p.gap, slowest)
	if next := p.clock.Now().Add(p.gap); next.After(p.next) {
		p.next = next
	}
}

// answered makes the pace a little faster again.
func (p *Pace) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gap = max(p.gap-p.gap/10, fastest)
}
