package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/fault"
)

func noWait(int) time.Duration { return time.Millisecond }

// consume runs Consume until stop is called, which returns its result.
func consume(t testing.TB, b *Bus, cfg ConsumerConfig, handle func(context.Context, Batch) error) (stop func() error) {
	t.Helper()
	if cfg.Stream == "" {
		cfg.Stream = Events
	}
	if cfg.Durable == "" {
		cfg.Durable = "test"
	}
	if cfg.Backoff == nil {
		cfg.Backoff = noWait
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- b.Consume(ctx, cfg, handle) }()
	stop = sync.OnceValue(func() error { cancel(); return <-result })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Consume: %v", err)
		}
	})
	return stop
}

// log records what a handler saw.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *log) got() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func (l *log) waitFor(t testing.TB, n int) []string {
	t.Helper()
	eventually(t, fmt.Sprintf("%d lines", n), func() bool { return len(l.got()) >= n })
	return l.got()
}

func publish(t testing.TB, b *Bus, data ...string) {
	t.Helper()
	var events []Event
	for _, d := range data {
		events = append(events, event("", d))
	}
	if _, err := b.Publish(within(t), Events, events...); err != nil {
		t.Fatal(err)
	}
}

func dataOf(batch Batch) string {
	var data []string
	for _, e := range batch.Events {
		data = append(data, string(e.Data))
	}
	return strings.Join(data, ",")
}

func TestConsumeInOrderAndOnlyOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	publish(t, b, "1", "2")
	publish(t, b, "3")
	var seen log
	handle := func(_ context.Context, batch Batch) error {
		if batch.Time.IsZero() || batch.Attempt != 1 || batch.First != 0 {
			t.Errorf("batch: %+v", batch)
		}
		seen.add(fmt.Sprintf("%d:%s", batch.Seq, dataOf(batch)))
		return nil
	}
	stop := consume(t, b, ConsumerConfig{}, handle)
	seen.waitFor(t, 2)
	publish(t, b, "4")
	seen.waitFor(t, 3)
	eventually(t, "all is acknowledged", func() bool { return pending(t, b, Events, "test") == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	shut(t, b)

	b = open(t, dir)
	publish(t, b, "5")
	consume(t, b, ConsumerConfig{}, handle)
	if got, want := seen.waitFor(t, 4), []string{"1:1,2", "2:3", "3:4", "4:5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConsumeHandsOutAgainWhatFailed(t *testing.T) {
	b := open(t, t.TempDir())
	publish(t, b, "a", "b")
	publish(t, b, "c")
	var seen log
	consume(t, b, ConsumerConfig{MaxAttempts: 3}, func(_ context.Context, batch Batch) error {
		seen.add(fmt.Sprintf("%d %s", batch.Attempt, dataOf(batch)))
		if batch.Seq == 1 && batch.Attempt < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if got, want := seen.waitFor(t, 4), []string{"1 a,b", "2 a,b", "3 a,b", "1 c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := dead(t, b, ""); len(got) != 0 {
		t.Errorf("dead letters: %+v", got)
	}
}

func TestPoisonedEventIsDeadLetteredAlone(t *testing.T) {
	fails := func(err error) func() error { return func() error { return err } }
	tests := []struct {
		name   string
		fail   func() error
		groups int // how often the group is tried as a whole
		alone  int // how often the poisoned event is tried alone
		reason string
	}{
		{"an error", fails(errors.New("no such field")), 3, 1, "no such field"},
		{"a terminal error", fails(Terminal(errors.New("never"))), 1, 1, "never"},
		{"a terminal error that looks retryable", fails(Terminal(fault.New(fault.Timeout, "too slow"))), 1, 1, "too slow"},
		{"a panic", func() error { panic("index out of range") }, 1, 1, "index out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t, t.TempDir())
			if _, err := b.Publish(within(t), Events, event("", "a"), event("key-b", "bad"), event("", "c")); err != nil {
				t.Fatal(err)
			}
			publish(t, b, "next")
			var whole, alone, handled log
			consume(t, b, ConsumerConfig{Durable: "detect"}, func(_ context.Context, batch Batch) error {
				data := dataOf(batch)
				switch {
				case data == "bad":
					alone.add(data)
					if batch.Seq != 1 || batch.First != 1 {
						t.Errorf("position: %+v", batch)
					}
					return tt.fail()
				case strings.Contains(data, "bad"):
					whole.add(data)
					return tt.fail()
				}
				handled.add(data)
				return nil
			})
			if got, want := handled.waitFor(t, 3), []string{"a", "c", "next"}; !slices.Equal(got, want) {
				t.Errorf("handled %q, want %q", got, want)
			}
			if got := whole.got(); len(got) != tt.groups {
				t.Errorf("the group was tried %d times, want %d", len(got), tt.groups)
			}
			if got := alone.got(); len(got) != tt.alone {
				t.Errorf("the event was tried alone %d times, want %d", len(got), tt.alone)
			}
			letters := dead(t, b, "EVENTS/detect")
			if len(letters) != 1 {
				t.Fatalf("dead letters: %+v", letters)
			}
			if d := letters[0]; string(d.Data) != "bad" || d.Key != "key-b" || d.ID != "1/1" || !strings.Contains(d.Reason, tt.reason) {
				t.Errorf("dead letter: %+v", d)
			}
		})
	}
}

func TestRetryableErrorsWaitForTheOutageToPass(t *testing.T) {
	b := open(t, t.TempDir())
	publish(t, b, "a")
	var seen log
	consume(t, b, ConsumerConfig{MaxAttempts: 2}, func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		if batch.Attempt <= 20 {
			return fmt.Errorf("store: %w", fault.New(fault.Unavailable, "the database is away"))
		}
		return nil
	})
	seen.waitFor(t, 21)
	eventually(t, "the group is acknowledged", func() bool { return pending(t, b, Events, "test") == 0 })
	if got := dead(t, b, ""); len(got) != 0 {
		t.Errorf("dead letters: %+v", got)
	}
}

func TestRetryableErrorsAreGivenUpInTheEnd(t *testing.T) {
	clock := newClock()
	b := open(t, t.TempDir(), func(o *Options) { o.Now = clock.now })
	publish(t, b, "bad")
	publish(t, b, "good")
	var seen log
	consume(t, b, ConsumerConfig{GiveUp: time.Hour}, func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		if dataOf(batch) == "bad" {
			clock.add(25 * time.Minute)
			return fault.New(fault.Timeout, "took too long")
		}
		return nil
	})
	if got, want := seen.waitFor(t, 4), []string{"bad", "bad", "bad", "good"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := dead(t, b, "EVENTS/test"); len(got) != 1 || string(got[0].Data) != "bad" || got[0].Attempts != 3 {
		t.Errorf("dead letters: %+v", got)
	}
}

func TestUnreadableGroupIsDeadLettered(t *testing.T) {
	b := open(t, t.TempDir())
	if _, err := b.js.Publish(within(t), subjectEvents, []byte("not a group")); err != nil {
		t.Fatal(err)
	}
	publish(t, b, "good")
	var seen log
	consume(t, b, ConsumerConfig{}, func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		return nil
	})
	if got := seen.waitFor(t, 1); got[0] != "good" {
		t.Errorf("handled %q", got)
	}
	if got := dead(t, b, "EVENTS/test"); len(got) != 1 || string(got[0].Data) != "not a group" {
		t.Errorf("dead letters: %+v", got)
	}
	if got := contents(t, b, Events); !slices.Equal(got, []string{"good"}) {
		t.Errorf("replay: %q", got)
	}
}

func TestEventIsKeptWhileItsDeadLetterFindsNoRoom(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Dead: {MaxBytes: 4000}} })
	if err := b.DeadLetter(within(t), DeadLetter{Source: "old", Data: make([]byte, 3500)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Publish(within(t), Events, Event{Key: "bad", Data: make([]byte, 500)}); err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{}, 1000)
	backoff := func(int) time.Duration { waits <- struct{}{}; return time.Millisecond }
	cfg := ConsumerConfig{Backoff: backoff}
	fail := func(context.Context, Batch) error { return Terminal(errors.New("no")) }
	stop := consume(t, b, cfg, fail)
	<-waits // the handler's error is terminal, so this is the dead letter's wait
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	consume(t, b, cfg, fail) // it comes again
	<-waits
	if got := pending(t, b, Events, "test"); got != 1 {
		t.Fatalf("%d groups are pending", got)
	}
	if err := b.DeleteDeadLetter(within(t), dead(t, b, "old")[0].Seq); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the letter is stored", func() bool { return len(dead(t, b, "EVENTS/test")) == 1 })
	eventually(t, "the group is acknowledged", func() bool { return pending(t, b, Events, "test") == 0 })
}

func TestUnfinishedGroupIsHandedOutAgainAtOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	publish(t, b, "a")
	began := make(chan struct{})
	// An AckWait far beyond the test's patience: only giving the message back at the end can bring it again.
	cfg := ConsumerConfig{AckWait: time.Hour}
	stop := consume(t, b, cfg, func(ctx context.Context, _ Batch) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	})
	<-began
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var seen log
	consume(t, b, cfg, func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		return nil
	})
	seen.waitFor(t, 1)
}

func TestSlowHandlerKeepsItsGroup(t *testing.T) {
	b := open(t, t.TempDir())
	publish(t, b, "a")
	acks, err := b.nc.SubscribeSync("$JS.ACK.EVENTS.test.>")
	if err != nil {
		t.Fatal(err)
	}
	var seen log
	finish := make(chan struct{})
	cfg := ConsumerConfig{AckWait: 60 * time.Millisecond}
	slow := func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		<-finish
		return nil
	}
	consume(t, b, cfg, slow)
	seen.waitFor(t, 1)
	consume(t, b, cfg, slow)     // a second process of the same name would get it, were it not kept
	for signs := 0; signs < 8; { // one each third of AckWait: the time in which it would be handed out is over
		msg, err := acks.NextMsgWithContext(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if string(msg.Data) == "+WPI" {
			signs++
		}
	}
	close(finish)
	eventually(t, "the group is acknowledged", func() bool { return pending(t, b, Events, "test") == 0 })
	if got := seen.got(); len(got) != 1 {
		t.Errorf("handed out %d times", len(got))
	}
}

func TestConsumeRefuses(t *testing.T) {
	b := open(t, t.TempDir())
	for _, cfg := range []ConsumerConfig{
		{Stream: Dead, Durable: "x"}, {Stream: Events}, {Stream: Events, Durable: "a.b"}, {Stream: Events, Durable: "*"},
	} {
		err := b.Consume(within(t), cfg, func(context.Context, Batch) error { return nil })
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// pending counts what a consumer has not acknowledged.
func pending(t testing.TB, b *Bus, s Stream, durable string) int {
	t.Helper()
	cons, err := b.js.Consumer(within(t), string(s), durable)
	if err != nil {
		t.Fatal(err)
	}
	info := cons.CachedInfo()
	return int(info.NumPending) + info.NumAckPending
}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func TestSlowGroupHoldsUpNobodyWithConcurrency(t *testing.T) {
	b := open(t, t.TempDir())
	publish(t, b, "slow")
	publish(t, b, "quick")
	var seen log
	quick := make(chan struct{})
	consume(t, b, ConsumerConfig{Concurrency: 2}, func(ctx context.Context, batch Batch) error {
		if dataOf(batch) == "slow" {
			select {
			case <-quick:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		seen.add(dataOf(batch))
		if dataOf(batch) == "quick" {
			close(quick)
		}
		return nil
	})
	if got, want := seen.waitFor(t, 2), []string{"quick", "slow"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	eventually(t, "all is acknowledged", func() bool { return pending(t, b, Events, "test") == 0 })
}
