package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// eventSize is that of a typical CloudTrail record in its envelope.
const eventSize = 2 << 10

func rate(b *testing.B, n int, what string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), what+"/s")
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		bus, err := Open(b.Context(), Options{Dir: dir, DiskReserve: -1})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		shut(b, bus)
		b.StartTimer()
	}
}

// BenchmarkPublishLone is the latency of an event that comes alone, durable.
func BenchmarkPublishLone(b *testing.B) {
	bus := open(b, b.TempDir())
	data := make([]byte, eventSize)
	for b.Loop() {
		if _, err := bus.Publish(b.Context(), Events, Event{Data: data}); err != nil {
			b.Fatal(err)
		}
	}
	rate(b, b.N, "events")
}

// BenchmarkPublishConcurrent is the durable intake of callers that each publish one event at a time, and of callers that
// publish ten, as PutEvents does.
func BenchmarkPublishConcurrent(b *testing.B) {
	for _, perCall := range []int{1, 10} {
		for _, callers := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("%d×%d", callers, perCall), func(b *testing.B) {
				bus := open(b, b.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Events: {MaxBytes: 64 << 30}} })
				data := make([]byte, eventSize)
				var next atomic.Int64
				var all sync.WaitGroup
				b.SetBytes(eventSize)
				b.ResetTimer()
				for range callers {
					all.Go(func() {
						events := make([]Event, perCall)
						for {
							n := next.Add(int64(perCall))
							if n-int64(perCall) >= int64(b.N) {
								return
							}
							for i := range events {
								events[i] = Event{Key: fmt.Sprint(n + int64(i)), Data: data}
							}
							if _, err := bus.Publish(b.Context(), Events, events...); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				rate(b, b.N, "events")
				b.ReportMetric(float64(b.N)/float64(messages(b, bus, Events)), "events/group")
			})
		}
	}
}

// BenchmarkConsume reads and acknowledges full groups.
func BenchmarkConsume(b *testing.B) {
	bus := open(b, b.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Events: {MaxBytes: 64 << 30}} })
	events := make([]Event, 100)
	for i := range events {
		events[i].Data = make([]byte, eventSize)
	}
	for range b.N/len(events) + 1 {
		if _, err := bus.Publish(b.Context(), Events, events...); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	seen := 0
	b.SetBytes(eventSize)
	b.ResetTimer()
	err := bus.Consume(ctx, ConsumerConfig{Stream: Events, Durable: "bench"}, func(_ context.Context, batch Batch) error {
		if seen += len(batch.Events); seen >= b.N {
			cancel()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	rate(b, b.N, "events")
}

// BenchmarkPublishToHandler is the time from Publish until the handler of Consume has the event, one event at a time.
func BenchmarkPublishToHandler(b *testing.B) {
	bus := open(b, b.TempDir())
	arrived := make(chan struct{})
	consume(b, bus, ConsumerConfig{}, func(context.Context, Batch) error { arrived <- struct{}{}; return nil })
	data := make([]byte, eventSize)
	for b.Loop() {
		if _, err := bus.Publish(b.Context(), Events, Event{Data: data}); err != nil {
			b.Fatal(err)
		}
		<-arrived
	}
}

// BenchmarkAppend is what executions see of the journal: each appends, waits, and appends again.
func BenchmarkAppend(b *testing.B) {
	for _, executions := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("%d executions", executions), func(b *testing.B) {
			bus := open(b, b.TempDir())
			record := make([]byte, 500)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for e := range executions {
				all.Go(func() {
					id, last := fmt.Sprintf("e%d", e), uint64(0)
					for next.Add(1) <= int64(b.N) {
						var err error
						if last, err = bus.Journal().Append(b.Context(), id, last, record, record); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			rate(b, b.N, "appends")
		})
	}
}

// BenchmarkJournalRound compares a round as an atomic batch with the same round as single messages: where they cross is
// batchFrom.
func BenchmarkJournalRound(b *testing.B) {
	bus := open(b, b.TempDir())
	frame := appendEvent(nil, Event{Data: make([]byte, 500)})
	n := 0
	round := func(size int) (calls []appendCall) {
		for range size {
			n++
			calls = append(calls, appendCall{id: fmt.Sprintf("r%d", n), frame: frame, result: make(chan appendResult, 1)})
		}
		return calls
	}
	for _, size := range []int{4, 8, 16, 32, 64} {
		b.Run(fmt.Sprintf("batch of %d", size), func(b *testing.B) {
			for b.Loop() {
				if _, err := bus.journal.writer.commitBatch(b.Context(), round(size)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d single", size), func(b *testing.B) {
			for b.Loop() {
				bus.journal.writer.commitSingly(round(size))
			}
		})
	}
}

// BenchmarkLoad reads an execution of twenty appends, as resuming it does.
func BenchmarkLoad(b *testing.B) {
	bus := open(b, b.TempDir())
	var last uint64
	for range 20 {
		var err error
		if last, err = bus.Journal().Append(b.Context(), "run", last, make([]byte, 500)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := bus.Journal().Load(b.Context(), "run"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEnqueue(b *testing.B) {
	bus := open(b, b.TempDir())
	n := 0
	for b.Loop() {
		n++
		if err := bus.Enqueue(b.Context(), "q", fmt.Sprint(n), make([]byte, 500)); err != nil {
			b.Fatal(err)
		}
	}
	rate(b, n, "items")
}
