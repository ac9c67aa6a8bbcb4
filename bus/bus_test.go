package bus

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"riposte.dev/fault"
)

// open opens a bus on dir and closes it at the end of the test.
func open(t testing.TB, dir string, change ...func(*Options)) *Bus {
	t.Helper()
	opts := Options{Dir: dir, DiskReserve: -1}
	for _, c := range change {
		c(&opts)
	}
	b, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

// shut closes a bus; a second time is harmless.
func shut(t testing.TB, b *Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// within returns a context that fails a hanging test long before the test binary's own limit.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a state that the server reaches by itself.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := within(t)
	for !ok() {
		if pause(ctx, 5*time.Millisecond) != nil {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func event(key, data string) Event { return Event{Key: key, Data: []byte(data)} }

// contents lists the data of all events on a stream.
func contents(t testing.TB, b *Bus, s Stream) []string {
	t.Helper()
	var got []string
	err := b.Replay(within(t), s, time.Time{}, func(m Message) error {
		got = append(got, string(m.Data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func messages(t testing.TB, b *Bus, s Stream) int {
	t.Helper()
	info, err := b.info(within(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Msgs)
}

// gate is a file system that answers only when told to: it holds commits in the moment before they write.
type gate struct {
	entered chan struct{} // one value for each commit that began
	free    chan uint64   // one value for each commit that may go on: the free bytes it is told
}

func newGate() *gate { return &gate{entered: make(chan struct{}), free: make(chan uint64)} }

func (g *gate) options(o *Options) {
	o.DiskReserve = 4
	o.FreeSpace = func(string) (uint64, error) {
		g.entered <- struct{}{}
		return <-g.free, nil
	}
}

func (g *gate) pass(free uint64) {
	<-g.entered
	g.free <- free
}

func TestOpenRefusesBadOptions(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string
	}{
		{"neither directory nor address", Options{}, "exactly one of Dir and URL"},
		{"directory and address", Options{Dir: "x", URL: "nats://x"}, "exactly one of Dir and URL"},
		{"negative limit", Options{Dir: "x", Limits: map[Stream]Limit{Events: {MaxBytes: -1}}}, "negative limit for stream EVENTS"},
		{"group over the largest event", Options{Dir: "x", Group: Group{MaxBytes: MaxEvent + 1}}, "Group.MaxBytes"},
		{"address that is no URL", Options{URL: "nats://user:pass word@[::1"}, "not a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.opts)
			if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "pass word") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestOpenTakesTheDirectoryForItself(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	_, err := Open(t.Context(), Options{Dir: dir})
	if fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" {
		t.Fatalf("second bus on the same directory: %v", err)
	}
	shut(t, first)
	open(t, dir)
}

func TestEmbeddedServerSyncsAndDoesNotListen(t *testing.T) {
	opts, err := Options{Dir: t.TempDir()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	srv, stop, err := startServer(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(within(t)); err != nil {
			t.Error(err)
		}
	}()
	if !srv.JetStreamConfig().SyncAlways {
		t.Error("writes are not synced before they are acknowledged")
	}
	if addr := srv.Addr(); addr != nil {
		t.Errorf("the server listens on %v", addr)
	}
}

func TestFreeSpace(t *testing.T) {
	if free, err := freeSpace(t.TempDir()); err != nil || free == 0 {
		t.Errorf("%d bytes, %v", free, err)
	}
	if _, err := freeSpace(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("free space of a directory that is not there")
	}
}

func TestBoundsFollowTheOptions(t *testing.T) {
	dir := t.TempDir()
	bounded := func(n int64) func(*Options) {
		return func(o *Options) { o.Limits = map[Stream]Limit{Events: {MaxBytes: n}} }
	}
	full := func(b *Bus) bool {
		_, err := b.Publish(within(t), Events, Event{Data: make([]byte, 2000)})
		return fault.CodeOf(err) == fault.Unavailable
	}
	b := open(t, dir, bounded(1000))
	if !full(b) {
		t.Error("the first bound is not kept")
	}
	shut(t, b)
	if full(open(t, dir, bounded(10_000))) {
		t.Error("the second bound has no effect")
	}
}

func TestEverythingSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	ctx := within(t)
	if _, err := b.Publish(ctx, Events, event("k", "an event")); err != nil {
		t.Fatal(err)
	}
	last, err := b.Journal().Append(ctx, "run", 0, []byte("started"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Enqueue(ctx, "mail", "m1", []byte("a mail")); err != nil {
		t.Fatal(err)
	}
	if err := b.DeadLetter(ctx, DeadLetter{Source: "test", Reason: "why not", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if err := b.Schedule(ctx, "t1", time.Now(), []byte("wake up")); err != nil {
		t.Fatal(err)
	}
	shut(t, b)

	b = open(t, dir)
	if got := contents(t, b, Events); !slices.Equal(got, []string{"an event"}) {
		t.Errorf("events: %q", got)
	}
	if _, err := b.Journal().Append(ctx, "run", last, []byte("ended")); err != nil {
		t.Errorf("append after reopening: %v", err)
	}
	if got := dead(t, b, ""); len(got) != 1 || got[0].Reason != "why not" {
		t.Errorf("dead letters: %+v", got)
	}
	if got := workOne(t, b, "mail"); got.ID != "m1" || string(got.Data) != "a mail" {
		t.Errorf("work: %+v", got)
	}
	if got := timerOne(t, b); got.ID != "t1" || string(got.Data) != "wake up" {
		t.Errorf("timer: %+v", got)
	}
}

func TestReady(t *testing.T) {
	var free atomic.Uint64
	free.Store(100)
	b := open(t, t.TempDir(), func(o *Options) {
		o.DiskReserve = 100
		o.FreeSpace = func(string) (uint64, error) { return free.Load(), nil }
	})
	if err := b.Ready(within(t)); err != nil {
		t.Errorf("fresh bus: %v", err)
	}
	free.Store(99)
	if err := b.Ready(within(t)); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("at the disk reserve: %v", err)
	}
	shut(t, b)
	if err := b.Ready(within(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestCloseIsBoundedAndIdempotent(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(t.Context(), Options{Dir: dir, DiskReserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	running, release := make(chan struct{}), make(chan struct{})
	if err := b.Enqueue(within(t), "q", "1", nil); err != nil {
		t.Fatal(err)
	}
	worked := make(chan error, 1)
	go func() {
		worked <- b.Work(t.Context(), "q", WorkConfig{}, func(context.Context, Job) error {
			close(running)
			<-release // a handler that ignores its context
			return nil
		})
	}()
	<-running
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Close(short); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("Close with a handler that doesn't end: %v", err)
	}
	if err := b.Close(within(t)); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("the second Close has another result: %v", err)
	}
	close(release)
	if err := <-worked; err != nil {
		t.Errorf("Work: %v", err)
	}
	eventually(t, "the directory is free", func() bool {
		again, err := Open(t.Context(), Options{Dir: dir, DiskReserve: -1})
		if err == nil {
			shut(t, again)
		}
		return err == nil
	})
}

func TestCallsOnAClosedBusSaySo(t *testing.T) {
	b := open(t, t.TempDir())
	shut(t, b)
	ctx := within(t)
	calls := map[string]func() error{
		"Publish":    func() error { _, err := b.Publish(ctx, Events, event("", "x")); return err },
		"Append":     func() error { _, err := b.Journal().Append(ctx, "a", 0, nil); return err },
		"DeadLetter": func() error { return b.DeadLetter(ctx, DeadLetter{Source: "x"}) },
		"Consume": func() error {
			return b.Consume(ctx, ConsumerConfig{Stream: Events, Durable: "d"}, func(context.Context, Batch) error { return nil })
		},
		"Follow": func() error {
			return b.Follow(ctx, Events, time.Time{}, func(Message) error { return nil })
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrClosed) || !fault.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
