package playbook

import (
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
)

// receipts takes in the request ids of every call, and keeps those in the effect that no item or intent has. A call of which no
// answer came may have been carried out all the same.
func (t *task) receipts(recorder *action.Recorder, account string) {
	made := recorder.Receipts()
	t.runtime.opts.Ledger.note(made)
	t.runtime.opts.Ledger.noteLost(slices.DeleteFunc(requests(t.e.id, account, made), func(r Request) bool { return r.ID != "" }))
	elsewhere := map[attempt]bool{}
	if t.effect.Plan != nil {
		for _, item := range t.effect.Plan.Items {
			for _, r := range item.Receipts {
				elsewhere[attemptOf(r)] = true
			}
		}
	}
	t.e.mu.RLock()
	for _, intent := range t.e.intents {
		for _, r := range intent.Receipts {
			elsewhere[attemptOf(r)] = true
		}
	}
	t.e.mu.RUnlock()
	for _, r := range made {
		if !elsewhere[attemptOf(r)] && len(t.effect.Receipts) < maxReceipts {
			t.effect.Receipts = append(t.effect.Receipts, r)
		}
	}
}

// attempt is what tells one receipt from another.
type attempt struct {
	service, operation, region, request, err string
	at                                       time.Time
}

func attemptOf(r action.Receipt) attempt {
	return attempt{r.Service, r.Operation, r.Region, r.RequestID, r.Error, r.At}
}

// maxReceipts bounds the calls that only looked which an effect keeps.
const maxReceipts = 2000

// lose records that an earlier process may have made calls without that their request ids were journaled.
func (t *task) lose(c change) {
	at := t.entered
	for _, permission := range c.spec.Permissions {
		service, operation, _ := strings.Cut(permission, ":")
		t.effect.Lost = append(t.effect.Lost, Request{Execution: t.e.id, Service: service, Operation: operation, Account: c.account, At: at})
	}
	if open := t.intent(); open != nil {
		t.loseCalls(open)
		return
	}
	t.runtime.opts.Ledger.noteLost(t.effect.Lost)
}

// loseCalls records that the calls of an intent may have been made.
func (t *task) loseCalls(open *Plan) {
	for _, item := range open.Plan.Items {
		for _, call := range item.Calls {
			t.effect.Lost = append(t.effect.Lost, Request{Execution: t.e.id, Service: call.Service, Operation: call.Operation,
				Account: call.Account, Region: call.Region, At: open.At})
		}
	}
	t.runtime.opts.Ledger.noteLost(t.effect.Lost)
}
