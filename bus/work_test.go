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

// running starts a loop of the bus and ends it with the test.
func running(t testing.TB, run func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-result })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("loop: %v", err)
		}
	})
	return stop
}

// workOne handles one item of a queue.
func workOne(t testing.TB, b *Bus, queue string) Job {
	t.Helper()
	return oneJob(t, func(ctx context.Context, handle func(context.Context, Job) error) error {
		return b.Work(ctx, queue, WorkConfig{}, handle)
	})
}

func oneJob(t testing.TB, loop func(context.Context, func(context.Context, Job) error) error) Job {
	t.Helper()
	jobs := make(chan Job, 1)
	stop := running(t, func(ctx context.Context) error {
		return loop(ctx, func(_ context.Context, j Job) error { jobs <- j; return nil })
	})
	defer func() { _ = stop() }() // its error is reported by running
	select {
	case j := <-jobs:
		return j
	case <-within(t).Done():
		t.Fatal("no job came")
		return Job{}
	}
}

func enqueue(t testing.TB, b *Bus, queue string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := b.Enqueue(within(t), queue, id, []byte("data of "+id)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWorkItemsAreDoneOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	enqueue(t, b, "notify", "a", "b", "a", "a line\nbreak.*>")
	enqueue(t, b, "other", "a")
	var seen log
	handle := func(_ context.Context, j Job) error {
		if string(j.Data) != "data of "+j.ID || j.Attempt != 1 || j.Time.IsZero() {
			t.Errorf("job: %+v", j)
		}
		seen.add(j.ID)
		return nil
	}
	run := func(ctx context.Context) error { return b.Work(ctx, "notify", WorkConfig{}, handle) }
	stop := running(t, run)
	got := seen.waitFor(t, 3)
	slices.Sort(got)
	if want := []string{"a", "a line\nbreak.*>", "b"}; !slices.Equal(got, want) {
		t.Errorf("done %q, want %q", got, want)
	}
	eventually(t, "all is acknowledged", func() bool { return pending(t, b, Queue("notify"), workers) == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	shut(t, b)

	b = open(t, dir)
	enqueue(t, b, "notify", "a", "c") // a is done, and known to be
	running(t, run)
	if got := seen.waitFor(t, 4); got[3] != "c" {
		t.Errorf("after reopening: %q", got)
	}
}

func TestFailedItemComesBackWithBackoffAndDoesNotHoldUpOthers(t *testing.T) {
	b := open(t, t.TempDir())
	enqueue(t, b, "q", "bad", "bad too", "good")
	var seen log
	asked := make(chan int, 100)
	running(t, func(ctx context.Context) error {
		cfg := WorkConfig{Concurrency: 1, Backoff: func(attempt int) time.Duration {
			asked <- attempt
			if attempt == 1 {
				return 50 * time.Millisecond
			}
			return time.Hour // it must not hold up the good one, though there is one worker only
		}}
		return b.Work(ctx, "q", cfg, func(_ context.Context, j Job) error {
			seen.add(fmt.Sprintf("%s %d", j.ID, j.Attempt))
			if strings.HasPrefix(j.ID, "bad") {
				return errors.New("no")
			}
			return nil
		})
	})
	got := seen.waitFor(t, 5)
	slices.Sort(got)
	if want := []string{"bad 1", "bad 2", "bad too 1", "bad too 2", "good 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a, b := <-asked, <-asked; a != 1 || b != 1 {
		t.Errorf("backoff was asked for attempts %d and %d", a, b)
	}
}

func TestWorkIsDeadLettered(t *testing.T) {
	tests := []struct {
		name     string
		fail     func() error
		attempts int
	}{
		{"when the attempts are used up", func() error { return fault.New(fault.Unavailable, "mail server away") }, 3},
		{"at once after a terminal error", func() error { return Terminal(errors.New("mail server away")) }, 1},
		{"at once after a panic", func() error { panic("mail server away") }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t, t.TempDir())
			enqueue(t, b, "Notify", "m")
			running(t, func(ctx context.Context) error {
				cfg := WorkConfig{MaxAttempts: 3, Backoff: noWait}
				return b.Work(ctx, "notify", cfg, func(context.Context, Job) error { return tt.fail() })
			})
			eventually(t, "the item is dead", func() bool { return len(dead(t, b, "work/notify")) == 1 })
			d := dead(t, b, "work/notify")[0]
			if d.Key != "m" || string(d.Data) != "data of m" || d.Attempts != tt.attempts || !strings.Contains(d.Reason, "mail server away") {
				t.Errorf("dead letter: %+v", d)
			}
			eventually(t, "it is acknowledged", func() bool { return pending(t, b, Queue("notify"), workers) == 0 })
		})
	}
}

func TestWorkersWorkAtTheSameTime(t *testing.T) {
	const n = 4
	b := open(t, t.TempDir())
	for i := range n {
		enqueue(t, b, "q", fmt.Sprint(i))
	}
	var together sync.WaitGroup
	together.Add(n)
	var seen log
	running(t, func(ctx context.Context) error {
		return b.Work(ctx, "q", WorkConfig{Concurrency: n}, func(_ context.Context, j Job) error {
			together.Done()
			together.Wait() // returns only when all are being worked on
			seen.add(j.ID)
			return nil
		})
	})
	seen.waitFor(t, n)
}

func TestEnqueueRefuses(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Queue("tiny"): {MaxBytes: 1000}} })
	ctx := within(t)
	tests := []struct {
		name, queue, id string
		size            int
		want            fault.Code
	}{
		{"no id", "q", "", 0, fault.Invalid},
		{"a long id", "q", strings.Repeat("i", maxKey+1), 0, fault.Invalid},
		{"no queue", "", "i", 0, fault.Invalid},
		{"a queue that is no token", "a.b", "i", 0, fault.Invalid},
		{"too much data", "q", "i", MaxEvent + 1, fault.TooLarge},
		{"a full queue", "tiny", "i", 2000, fault.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := b.Enqueue(ctx, tt.queue, tt.id, make([]byte, tt.size))
			if fault.CodeOf(err) != tt.want {
				t.Errorf("got %v, want code %s", err, tt.want)
			}
		})
	}
}

func TestExponential(t *testing.T) {
	b := Exponential(time.Second, 10*time.Second)
	for attempt, want := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 6: 10, 1000: 10} {
		if got := b(attempt); got != want*time.Second {
			t.Errorf("attempt %d: %v, want %v", attempt, got, want*time.Second)
		}
	}
}
