package playbook_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

// BenchmarkExecution measures what the runtime itself adds to a response: an action and a notice over a journal in memory.
func BenchmarkExecution(b *testing.B) {
	w := newWorld("lamp")
	actions, err := action.NewSet(switchOn{w})
	if err != nil {
		b.Fatal(err)
	}
	m, err := asl.Parse("fix.yaml", []byte(fix))
	if err != nil {
		b.Fatal(err)
	}
	index := &playbooktest.Index{}
	r, err := playbook.New(playbook.Options{Journal: &playbooktest.Journal{}, Index: index, Ledger: playbook.NewLedger(index), Actions: actions,
		Guard: plainGuard{}, Notifier: &inbox{}, Definitions: map[string]*asl.Machine{"fix": m}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	var calls []time.Duration
	for i := 0; b.Loop(); i++ {
		w.mu.Lock()
		w.on["lamp"] = false
		w.mu.Unlock()
		s := start(guard.Auto, "lamp")
		s.Cause, s.Received = event.Cause(fmt.Sprint(i)), time.Now()
		id, _, err := r.Start(ctx, s)
		if err != nil {
			b.Fatal(err)
		}
		v, err := r.Wait(ctx, id)
		if err != nil || v.Status != playbook.Succeeded {
			b.Fatal(v.Error, v.Why, err)
		}
		calls = append(calls, v.FirstCall)
	}
	stop()
	<-ended
	slices.Sort(calls)
	b.ReportMetric(float64(calls[len(calls)/2].Microseconds()), "µs-to-first-call-p50")
	b.ReportMetric(float64(calls[len(calls)*99/100].Microseconds()), "µs-to-first-call-p99")
}
