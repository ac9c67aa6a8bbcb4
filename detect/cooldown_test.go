package detect

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/event"
	"riposte.dev/fault"
)

func TestCooldownPostponesAndDropsNothing(t *testing.T) {
	w := newWorld()
	e := w.engine(t, stopped)
	handle := func(id string, received time.Time) error {
		return e.Handle(context.Background(), stopLogging(t, id), received)
	}
	first := w.now
	if err := handle("c1", first); err != nil {
		t.Fatal(err)
	}
	w.sleep(20 * time.Second)
	second := w.now
	err := handle("c2", second)
	if after, ok := isLater(err); !ok || after != 40*time.Second || !fault.Retryable(err) {
		t.Fatalf("a second stop within the minute: %v, want it 40 s later", err)
	}
	if len(w.started) != 1 || len(w.found) != 2 || len(w.notices) != 0 {
		t.Fatalf("%d started, %d findings, %d notices; the finding does not wait, the message does", len(w.started), len(w.found), len(w.notices))
	}
	w.sleep(10 * time.Second)
	third := w.now
	if _, ok := isLater(handle("c3", third)); !ok {
		t.Fatal("a third stop within the minute did not wait")
	}
	w.sleep(30 * time.Second)
	if err := handle("c2", second); err != nil || len(w.started) != 2 {
		t.Fatalf("when its turn had come: %v, %d started", err, len(w.started))
	}
	if err := handle("c3", third); err != nil || len(w.started) != 2 {
		t.Fatalf("the third is answered by the second's response, which began after it: %v, %d started", err, len(w.started))
	}
	if n := one(t, w.notices); n.Reasons[len(n.Reasons)-1] != "A response to the same resource that began after this event answers it too." {
		t.Errorf("notice %+v", n)
	}
}

// later keeps postponed events in memory.
type later struct {
	kept map[string]Postponed
	err  error
}

func (l *later) Postpone(_ context.Context, p Postponed) error {
	if l.err == nil {
		l.kept[p.ID] = p
	}
	return l.err
}

func TestPostponedEventsComeBack(t *testing.T) {
	w := newWorld()
	l := &later{kept: map[string]Postponed{}}
	e := w.engine(t, stopped, func(o *Options) { o.Postponer = l })
	for i, id := range []string{"c1", "c2", "c2"} {
		if err := e.Handle(context.Background(), stopLogging(t, id), w.now.Add(time.Duration(min(i, 1))*time.Second)); err != nil {
			t.Fatalf("%s: %v: an event that waits must not hold up others", id, err)
		}
		w.sleep(time.Second)
	}
	p := one(t, l.kept)
	if want := newWorld().now.Add(time.Minute); !p.At.Equal(want) || len(w.started) != 1 {
		t.Fatalf("due at %s, want %s; %d started", p.At, want, len(w.started))
	}
	w.sleep(p.At.Sub(w.now))
	if err := e.Resume(context.Background(), p); err != nil || len(w.started) != 2 {
		t.Fatalf("when its turn had come: %v, %d started", err, len(w.started))
	}
	l.err = errDown
	if err := e.Handle(context.Background(), stopLogging(t, "c3"), w.now); !fault.Retryable(err) {
		t.Errorf("an event could not be kept, and the error is %v", err)
	}
	if err := e.Resume(context.Background(), Postponed{Event: []byte("{")}); err == nil {
		t.Error("no error for an event that cannot be read")
	}
}

func TestCooldownIsGivenBackByAFailedStart(t *testing.T) {
	w := newWorld()
	e := w.engine(t, stopped)
	w.fail["start"] = errDown
	_ = e.Handle(context.Background(), stopLogging(t, "c1"), w.now)
	delete(w.fail, "start")
	if err := e.Handle(context.Background(), stopLogging(t, "c2"), w.now); err != nil || len(w.started) != 1 {
		t.Errorf("%v, %d started: a start that failed used up the turn", err, len(w.started))
	}
}

// TestCooldownAnswersEveryEvent: whatever comes when, in whatever order it is delivered again, every event is followed by
// a response that began no earlier than its receipt, and two responses are a period apart.
func TestCooldownAnswersEveryEvent(t *testing.T) {
	const period = time.Minute
	rapid.Check(t, func(t *rapid.T) {
		type pending struct {
			cause    event.Cause
			received time.Time
			due      time.Time
		}
		var c cooldowns
		now := time.Unix(1_700_000_000, 0)
		var queue []pending
		var starts []time.Time
		var received []time.Time
		deliver := func(p pending) {
			switch turn, after := c.take("k", p.cause, p.received, now, period); turn {
			case goAhead:
				starts = append(starts, now)
			case wait:
				if after <= 0 || after > period {
					t.Fatalf("asked to wait %s", after)
				}
				p.due = now.Add(after)
				queue = append(queue, p)
			}
		}
		for i := range rapid.IntRange(1, 20).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "gap")) * time.Second)
			for _, p := range rapid.Permutation(queue).Draw(t, "redelivery") {
				if !p.due.After(now) {
					queue = slices.DeleteFunc(queue, func(q pending) bool { return q.cause == p.cause })
					deliver(p)
				}
			}
			received = append(received, now)
			deliver(pending{cause: event.Cause(fmt.Sprint(i)), received: now})
		}
		for len(queue) > 0 {
			p := queue[0]
			queue = queue[1:]
			if p.due.After(now) {
				now = p.due
			}
			deliver(p)
		}
		for i := 1; i < len(starts); i++ {
			if gap := starts[i].Sub(starts[i-1]); gap < period {
				t.Fatalf("two responses %s apart", gap)
			}
		}
		for _, at := range received {
			if !slices.ContainsFunc(starts, func(s time.Time) bool { return !s.Before(at) }) {
				t.Fatalf("the event of %s has no response: %v", at, starts)
			}
		}
	})
}

func TestCooldownsAreBounded(t *testing.T) {
	var c cooldowns
	now := time.Unix(1_700_000_000, 0)
	for i := range maxCooldowns + 10 {
		c.take(fmt.Sprint(i), "x", now, now, time.Hour)
	}
	if len(c.last) > maxCooldowns {
		t.Errorf("%d entries", len(c.last))
	}
}
