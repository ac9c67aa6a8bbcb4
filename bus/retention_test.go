package bus

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"
)

// handleAll runs a consumer until it has acknowledged all of Events, and leaves its durable behind.
func handleAll(t *testing.T, b *Bus, durable string) {
	t.Helper()
	last, err := b.info(within(t), Events)
	if err != nil {
		t.Fatal(err)
	}
	stop := consume(t, b, ConsumerConfig{Durable: durable}, func(context.Context, Batch) error { return nil })
	eventually(t, durable+" has handled all", func() bool {
		// Not what is pending: the server tells zero of a consumer that is just being made.
		cons, err := b.js.Consumer(within(t), string(Events), durable)
		return err == nil && cons.CachedInfo().AckFloor.Stream >= last.LastSeq
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestOldEventsGoWhenAllHaveHandledThem(t *testing.T) {
	clock := newClock()
	b := open(t, t.TempDir(), func(o *Options) {
		o.Now = clock.now
		o.Limits = map[Stream]Limit{Events: {Retain: time.Hour}}
	})
	left := func(want int) {
		t.Helper()
		b.trim(within(t), Events)
		if got := messages(t, b, Events); got != want {
			t.Errorf("%d groups are left, want %d", got, want)
		}
	}
	for i := range 5 {
		publish(t, b, fmt.Sprint(i))
	}
	clock.add(2 * time.Hour)
	left(5) // nobody has handled them

	handleAll(t, b, "quick")
	slow := make(chan struct{})
	consume(t, b, ConsumerConfig{Durable: "slow"}, func(ctx context.Context, batch Batch) error {
		if batch.Seq == 3 {
			select {
			case <-slow:
			case <-ctx.Done():
			}
		}
		return nil
	})
	eventually(t, "slow has handled two", func() bool {
		cons, err := b.js.Consumer(within(t), string(Events), "slow")
		return err == nil && cons.CachedInfo().AckFloor.Stream == 2
	})
	left(3)
	close(slow)
	eventually(t, "slow has handled all", func() bool { return pending(t, b, Events, "slow") == 0 })
	left(0)

	publish(t, b, "young") // young by the test's clock? It is stored now, two hours before the clock's now.
	clock.add(-2 * time.Hour)
	eventually(t, "both have handled it", func() bool { return pending(t, b, Events, "slow") == 0 })
	handleAll(t, b, "quick")
	left(1)
}

func TestForgottenConsumerHoldsMessagesUntilItIsDeleted(t *testing.T) {
	clock := newClock()
	b := open(t, t.TempDir(), func(o *Options) { o.Now = clock.now })
	handleAll(t, b, "forgotten")
	publish(t, b, "1")
	handleAll(t, b, "used")
	clock.add(1000 * time.Hour)
	if b.trim(within(t), Events) {
		t.Error("an event was removed that one consumer has not handled")
	}
	for range 2 { // the second time there is none
		if err := b.DeleteConsumer(within(t), Events, "forgotten"); err != nil {
			t.Error(err)
		}
	}
	if !b.trim(within(t), Events) {
		t.Error("the event stays")
	}
}

func TestHistoryGivesWayToIntake(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Events: {MaxBytes: 100 << 10}} })
	big := func() error {
		_, err := b.Publish(within(t), Events, Event{Data: bytes.Repeat([]byte("x"), 10<<10)})
		return err
	}
	handleAll(t, b, "test")
	for i := range 9 {
		if err := big(); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	if b.trim(within(t), Events) {
		t.Error("events were removed that nobody has handled")
	}
	handleAll(t, b, "test")
	for i := range 30 { // each fits only because handled ones go
		if err := big(); err != nil {
			t.Fatalf("event %d after all was handled: %v", i, err)
		}
		if i%5 == 4 {
			handleAll(t, b, "test")
		}
	}
}

func TestDoneWorkGoesAndJournalAndDeadLettersStay(t *testing.T) {
	clock := newClock()
	b := open(t, t.TempDir(), func(o *Options) { o.Now = clock.now })
	enqueue(t, b, "q", "done")
	workOne(t, b, "q")
	eventually(t, "it is acknowledged", func() bool { return pending(t, b, Queue("q"), workers) == 0 })
	if _, err := b.Journal().Append(within(t), "a", 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := b.DeadLetter(within(t), DeadLetter{Source: "x"}); err != nil {
		t.Fatal(err)
	}
	if b.trim(within(t), Queue("q")) {
		t.Error("the memory of a done item is gone before its time")
	}
	clock.add(1000 * time.Hour)
	b.trimAll(within(t))
	for s, want := range map[Stream]int{Queue("q"): 0, Executions: 1, Dead: 1} {
		if got := messages(t, b, s); got != want {
			t.Errorf("%s: %d messages are left, want %d", s, got, want)
		}
	}
}
