package app

import (
	"context"
	"sync"
	"time"

	"riposte.dev/fault"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

// ownCalls remembers the request ids of AWS calls that no execution makes: polls, look-ups for a report, topics. Their
// records come back from S3 and CloudWatch Logs minutes later, and must not look like those of an intruder who holds
// riposte's role. The calls of executions are in the ledger, which is asked first.
type ownCalls struct {
	ledger *playbook.Ledger
	stored *store.Calls
	now    func() time.Time

	mu     sync.Mutex
	recent map[string]bool // not stored yet
	forgot time.Time
}

const (
	storeCallsEvery = time.Second
	keepCalls       = 14 * 24 * time.Hour // how late a log file may be read
	forgetEvery     = time.Hour
)

// dataCalls leave no management event, and there are many of them. Where a trail records data events too, none of them
// matches a rule unless it was denied.
var dataCalls = map[string]bool{
	"sqs:ReceiveMessage": true, "sqs:DeleteMessage": true, "sqs:DeleteMessageBatch": true, "sqs:SendMessage": true,
	"sqs:ChangeMessageVisibility": true, "sqs:ChangeMessageVisibilityBatch": true,
	"s3:GetObject": true, "s3:HeadObject": true, "kinesis:GetRecords": true, "sns:Publish": true,
}

// note takes in a call that was made.
func (o *ownCalls) note(service, operation, requestID string) {
	if requestID == "" || dataCalls[service+":"+operation] {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent[requestID] = true
}

// Known reports whether a request is riposte's own.
func (o *ownCalls) Known(ctx context.Context, requestID string) (bool, error) {
	o.mu.Lock()
	known := o.recent[requestID]
	o.mu.Unlock()
	if known {
		return true, nil
	}
	if known, err := o.ledger.Known(ctx, requestID); known || err != nil {
		return known, err
	}
	return o.stored.Known(ctx, requestID)
}

// Pending reports whether calls are under way whose ids are not known yet.
func (o *ownCalls) Pending(ctx context.Context) (bool, error) { return o.ledger.Pending(ctx) }

// run stores what was noted until ctx ends, and what is left then.
func (o *ownCalls) run(ctx context.Context) error {
	tick := time.NewTicker(storeCallsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return o.flush(last)
		case <-tick.C:
			if err := o.flush(ctx); err != nil && !fault.Retryable(err) {
				return err
			}
		}
	}
}

// flush stores what was noted. It stays in memory until it is stored.
func (o *ownCalls) flush(ctx context.Context) error {
	o.mu.Lock()
	ids := make([]string, 0, len(o.recent))
	for id := range o.recent {
		ids = append(ids, id)
	}
	o.mu.Unlock()
	now := o.now()
	if len(ids) > 0 {
		if err := o.stored.Remember(ctx, ids, now); err != nil {
			return err
		}
	}
	o.mu.Lock()
	for _, id := range ids {
		delete(o.recent, id)
	}
	o.mu.Unlock()
	if now.Sub(o.forgot) < forgetEvery {
		return nil
	}
	o.forgot = now
	return o.stored.Forget(ctx, now.Add(-keepCalls))
}
