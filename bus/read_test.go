package bus

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"riposte.dev/fault"
)

func TestReplay(t *testing.T) {
	b := open(t, t.TempDir())
	if got := contents(t, b, Events); len(got) != 0 {
		t.Errorf("fresh stream: %q", got)
	}
	publish(t, b, "1", "2")
	publish(t, b, "3")
	publish(t, b, "4")
	ctx := within(t)
	var all []Message
	collect := func(m Message) error { all = append(all, m); return nil }
	if err := b.Replay(ctx, Events, time.Time{}, collect); err != nil {
		t.Fatal(err)
	}
	type position struct {
		data string
		seq  uint64
		i    int
	}
	var got []position
	for _, m := range all {
		got = append(got, position{string(m.Data), m.Seq, m.Index})
	}
	if want := []position{{"1", 1, 0}, {"2", 1, 1}, {"3", 2, 0}, {"4", 3, 0}}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}

	since := all[2].Time
	all = nil
	if err := b.Replay(ctx, Events, since, collect); err != nil || len(all) != 2 || string(all[0].Data) != "3" {
		t.Errorf("since the third event: %v, %v", all, err)
	}
	all = nil
	if err := b.Replay(ctx, Events, time.Now().Add(time.Hour), collect); err != nil || len(all) != 0 {
		t.Errorf("since the future: %v, %v", all, err)
	}
	if err := b.Replay(ctx, Executions, time.Time{}, collect); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a stream without events: %v", err)
	}
	stop := errors.New("that is all")
	if err := b.Replay(ctx, Events, time.Time{}, func(Message) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the handler's error: %v", err)
	}
}

func TestFollow(t *testing.T) {
	b := open(t, t.TempDir())
	publish(t, b, "old")
	ctx, cancel := context.WithCancel(t.Context())
	var fromStart log
	first := make(chan error, 1)
	go func() {
		first <- b.Follow(ctx, Events, time.Now().Add(-time.Hour), func(m Message) error {
			fromStart.add(string(m.Data))
			return nil
		})
	}()
	fromStart.waitFor(t, 1)

	var live log
	stop := errors.New("enough seen")
	second := make(chan error, 1)
	go func() {
		second <- b.Follow(ctx, Events, time.Time{}, func(m Message) error {
			live.add(string(m.Data))
			if string(m.Data) == "last" {
				return stop
			}
			return nil
		})
	}()
	// When the second one has begun can't be seen from outside; events are published until it sees one.
	eventually(t, "the follower of the present is there", func() bool {
		publish(t, b, "new")
		return len(live.got()) > 0
	})
	publish(t, b, "last")
	if err := <-second; !errors.Is(err, stop) {
		t.Errorf("the handler's error: %v", err)
	}
	if got := live.got(); slices.Contains(got, "old") {
		t.Errorf("the past was shown: %q", got)
	}
	eventually(t, "the first one sees the last event", func() bool { return slices.Contains(fromStart.got(), "last") })
	cancel()
	if err := <-first; err != nil {
		t.Errorf("end of the context: %v", err)
	}
}
