package accounts

import (
	"context"
	"sync"
	"time"

	"riposte.dev/fault"
)

const (
	checkEvery      = 5 * time.Minute
	checksPerSecond = 4 // on average, however many accounts there are
	discoverRetry   = 30 * time.Second
)

// Run keeps the organisation's list and the health of all accounts up to date until ctx ends. It returns nil then, or an
// error at once when the last list cannot be read from the checkpoints.
func (a *Accounts) Run(ctx context.Context) error {
	if err := a.recall(ctx); err != nil {
		if !fault.Retryable(err) {
			return err
		}
		a.options.Logger.Warn("the last list of accounts is not in force yet", "error", err)
	}
	var loops sync.WaitGroup
	if a.options.Organization != nil {
		loops.Go(func() { a.discoverLoop(ctx) })
	}
	loops.Go(func() { a.checkLoop(ctx) })
	loops.Wait()
	return nil
}

// discoverLoop asks at once and then every hour; after a failure sooner, ever more slowly.
func (a *Accounts) discoverLoop(ctx context.Context) {
	refresh := a.options.Organization.Refresh
	wait := min(discoverRetry, refresh)
	for {
		err := a.Discover(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.problem.set("")
			wait = min(discoverRetry, refresh)
			if !a.pause(ctx, refresh, nil) {
				return
			}
			continue
		}
		a.metrics.failures.Inc()
		a.problem.set("the organisation's accounts are not known: " + err.Error())
		a.options.Logger.Warn("discovery of accounts failed; the last list stays", "error", err)
		if !a.pause(ctx, wait, nil) {
			return
		}
		wait = min(2*wait, refresh)
	}
}

func (a *Accounts) checkLoop(ctx context.Context) {
	for {
		a.Check(ctx)
		n := len(a.roster.Load().sorted)
		if !a.pause(ctx, max(checkEvery, time.Duration(n)*time.Second/checksPerSecond), a.unchecked) {
			return
		}
	}
}

// pause waits for d, a fifth more or less, or until it is woken, and reports whether ctx still lives.
func (a *Accounts) pause(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	a.replacing.Lock()
	spread := time.Duration((0.8 + 0.4*a.options.Rand.Float64()) * float64(d))
	a.replacing.Unlock()
	timer := time.NewTimer(spread)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-wake:
		return true
	}
}

// reported tells of a state when it changes.
type reported struct {
	to  func(string)
	now string
}

func (r *reported) set(problem string) {
	if problem != r.now {
		r.now = problem
		r.to(problem)
	}
}
