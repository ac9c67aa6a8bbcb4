package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/fault"
)

// waitingEvents counts the events that wait for a commit.
func waitingEvents(p *publisher) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, g := range p.waiting {
		n += g.events
	}
	return n
}

func TestConcurrentCallersShareOneMessage(t *testing.T) {
	const callers = 100
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ctx := within(t)
	var all sync.WaitGroup
	publish := func(data string) {
		all.Go(func() {
			if r, err := b.Publish(ctx, Events, event(data, data)); err != nil || r[0].Duplicate {
				t.Errorf("%s: %+v, %v", data, r, err)
			}
		})
	}
	publish("first")
	<-g.entered // its commit is in flight: what comes now must gather
	for i := range callers {
		publish(fmt.Sprint(i))
	}
	eventually(t, "all callers wait", func() bool { return waitingEvents(b.publishers[Events]) == callers })
	g.free <- 4
	g.pass(4)
	all.Wait()
	if got := messages(t, b, Events); got != 2 {
		t.Errorf("%d events made %d messages, want 2", callers+1, got)
	}
	if got := len(contents(t, b, Events)); got != callers+1 {
		t.Errorf("%d events are stored, want %d", got, callers+1)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	small := func(o *Options) { o.Group = Group{MaxBytes: 1000, MaxEvents: 3} }
	tests := []struct {
		name   string
		sizes  []int
		groups int
	}{
		{"by the number of events", []int{1, 1, 1, 1, 1, 1, 1}, 3},
		{"by size", []int{400, 400, 400, 400}, 2},
		{"a large event travels alone", []int{1, MaxEvent, 1}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t, t.TempDir(), small)
			var events []Event
			for _, n := range tt.sizes {
				events = append(events, Event{Data: bytes.Repeat([]byte("x"), n)})
			}
			if _, err := b.Publish(within(t), Events, events...); err != nil {
				t.Fatal(err)
			}
			if got := messages(t, b, Events); got != tt.groups {
				t.Errorf("%d groups, want %d", got, tt.groups)
			}
			for i, data := range contents(t, b, Events) {
				if len(data) != tt.sizes[i] {
					t.Errorf("event %d has %d bytes, want %d", i, len(data), tt.sizes[i])
				}
			}
		})
	}
}

func TestPublishRefusesSingleEvents(t *testing.T) {
	b := open(t, t.TempDir())
	r, err := b.Publish(within(t), Events,
		event("", "before"), Event{Data: make([]byte, MaxEvent+1)}, Event{Key: strings.Repeat("k", maxKey+1)}, event("", "after"))
	if fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("error: %v", err)
	}
	for i, want := range []fault.Code{"", fault.TooLarge, fault.Invalid, ""} {
		if got := fault.CodeOf(r[i].Err); got != want {
			t.Errorf("event %d: %v, want code %q", i, r[i].Err, want)
		}
	}
	if got := contents(t, b, Events); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("stored: %q", got)
	}
	if _, err := b.Publish(within(t), Dead, event("", "x")); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("publish on a stream without events: %v", err)
	}
}

func TestDuplicates(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	duplicates := func(want ...bool) func(r []Receipt, err error) {
		return func(r []Receipt, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if r[i].Duplicate != want[i] {
					t.Errorf("event %d: duplicate is %v, want %v", i, r[i].Duplicate, want[i])
				}
			}
		}
	}
	duplicates(false, true, false, false)(b.Publish(within(t), Events,
		event("a", "1"), event("a", "2"), event("", "3"), event("", "4")))
	duplicates(true, false)(b.Publish(within(t), Events, event("a", "5"), event("b", "6")))
	duplicates(false)(b.Publish(within(t), Findings, event("a", "another stream")))
	shut(t, b)

	b = open(t, dir)
	duplicates(true, true, false)(b.Publish(within(t), Events, event("a", "7"), event("b", "8"), event("c", "9")))
	if got := contents(t, b, Events); !slices.Equal(got, []string{"1", "3", "4", "6", "9"}) {
		t.Errorf("stored: %q", got)
	}
}

func TestDuplicateSharesTheFateOfACommitInFlight(t *testing.T) {
	for _, tt := range []struct {
		name string
		free uint64
		want fault.Code
	}{{"stored", 4, ""}, {"refused", 0, fault.Unavailable}} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGate()
			b := open(t, t.TempDir(), g.options)
			ctx := within(t)
			first := make(chan error)
			go func() {
				_, err := b.Publish(ctx, Events, event("k", "x"))
				first <- err
			}()
			<-g.entered
			inFlight, duplicate, err := b.publishers[Events].add(ctx, event("k", "y"))
			if err != nil || !duplicate || inFlight == nil {
				t.Fatalf("the second one does not wait for the first: duplicate %v, %v", duplicate, err)
			}
			select {
			case <-inFlight.done:
				t.Error("answered before the commit ended")
			default:
			}
			g.free <- tt.free
			if err := <-first; fault.CodeOf(err) != tt.want {
				t.Errorf("first: %v", err)
			}
			if err := inFlight.wait(ctx); fault.CodeOf(err) != tt.want {
				t.Errorf("second: %v", err)
			}
			if tt.want != "" { // its key is free again
				go g.pass(4)
			}
			r, err := b.Publish(ctx, Events, event("k", "z"))
			if err != nil || r[0].Duplicate != (tt.want == "") {
				t.Errorf("a third one later: %+v, %v", r, err)
			}
		})
	}
}

func TestDedupForgetsTheOldest(t *testing.T) {
	d := newDedup(4)
	for _, k := range []string{"a", "b", "c", "d", "e"} {
		d.remember(fingerprintOf(k))
	}
	for k, want := range map[string]bool{"a": false, "b": false, "d": true, "e": true} {
		if got := d.stored(fingerprintOf(k)); got != want {
			t.Errorf("%s known: %v, want %v", k, got, want)
		}
	}
}

func TestIntakeStopsAtTheDiskReserveAndRecovers(t *testing.T) {
	var free atomic.Uint64
	b := open(t, t.TempDir(), func(o *Options) {
		o.DiskReserve = 1000
		o.FreeSpace = func(string) (uint64, error) { return free.Load(), nil }
	})
	ctx := within(t)
	publish := func(s Stream, key string) error { _, err := b.Publish(ctx, s, event(key, "x")); return err }
	appendTo := func() error { _, err := b.Journal().Append(ctx, "run", 0, []byte("x")); return err }

	free.Store(999)
	if err := publish(Events, "1"); fault.CodeOf(err) != fault.Unavailable || !fault.Retryable(err) || fault.Hint(err) == "" {
		t.Errorf("intake below the reserve: %v", err)
	}
	if err := publish(Findings, "1"); err != nil {
		t.Errorf("what was begun must go on below the reserve: %v", err)
	}
	free.Store(249)
	for name, err := range map[string]error{
		"finding":     publish(Findings, "2"),
		"journal":     appendTo(),
		"work item":   b.Enqueue(ctx, "q", "1", nil),
		"dead letter": b.DeadLetter(ctx, DeadLetter{Source: "x"}),
	} {
		if fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%s below a quarter of the reserve: %v", name, err)
		}
	}
	free.Store(1000)
	for name, err := range map[string]error{"event": publish(Events, "1"), "journal": appendTo()} {
		if err != nil {
			t.Errorf("%s when there is room again: %v", name, err)
		}
	}
}

func TestFullStreamRefusesAndKeepsEverything(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Events: {MaxBytes: 64 << 10}} })
	ctx := within(t)
	stored := 0
	for {
		_, err := b.Publish(ctx, Events, Event{Data: bytes.Repeat([]byte("x"), 10<<10)})
		if err != nil {
			if fault.CodeOf(err) != fault.Unavailable || fault.Hint(err) == "" {
				t.Errorf("full stream: %v", err)
			}
			break
		}
		stored++
	}
	if got := len(contents(t, b, Events)); got != stored || stored < 5 {
		t.Errorf("%d of %d events are left", got, stored)
	}
}

func TestPublishGivesUpWithItsContext(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := b.Publish(ctx, Events, event("k", "x"))
		result <- err
	}()
	<-g.entered
	cancel()
	if err := <-result; fault.CodeOf(err) != fault.Timeout || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	g.free <- 4
	eventually(t, "the commit that was given up ends", func() bool { return messages(t, b, Events) == 1 })
	r, err := b.Publish(within(t), Events, event("k", "x")) // no gate is passed: it must not commit
	if err != nil || !r[0].Duplicate {
		t.Errorf("publishing again: %+v, %v", r, err)
	}
}

// TestPublishStoresEachKeyOnce lets many callers publish overlapping keys, and checks the stream against what they were
// told.
func TestPublishStoresEachKeyOnce(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Group = Group{MaxEvents: 7} })
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		ctx, start := within(t), time.Now()
		calls := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 30), 1, 10), 1, 12).Draw(rt, "calls")
		var mu sync.Mutex
		first := map[string]int{}
		var all sync.WaitGroup
		for _, keys := range calls {
			all.Go(func() {
				var events []Event
				for _, k := range keys {
					key := fmt.Sprintf("%d/%d", round, k)
					events = append(events, event(key, key))
				}
				receipts, err := b.Publish(ctx, Events, events...)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					rt.Errorf("publish: %v", err)
				}
				for i, r := range receipts {
					if !r.Duplicate {
						first[events[i].Key]++
					}
				}
			})
		}
		all.Wait()
		stored := map[string]int{}
		err := b.Replay(ctx, Events, start, func(m Message) error { stored[m.Key]++; return nil })
		if err != nil {
			rt.Fatalf("replay: %v", err)
		}
		for _, keys := range calls {
			for _, k := range keys {
				key := fmt.Sprintf("%d/%d", round, k)
				if stored[key] != 1 || first[key] != 1 {
					rt.Errorf("key %s: stored %d times, %d callers were told that it is new", key, stored[key], first[key])
				}
			}
		}
	})
}
