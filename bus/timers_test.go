package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
)

// timerOne handles one timer that is due.
func timerOne(t testing.TB, b *Bus) Job {
	t.Helper()
	return oneJob(t, func(ctx context.Context, handle func(context.Context, Job) error) error {
		return b.Timers(ctx, WorkConfig{}, handle)
	})
}

func schedule(t testing.TB, b *Bus, id string, at time.Time, data string) {
	t.Helper()
	if err := b.Schedule(within(t), id, at, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestTimersFallDueInTheirOrder(t *testing.T) {
	b := open(t, t.TempDir())
	now := time.Now()
	schedule(t, b, "second\n*", now.Add(900*time.Millisecond), "2")
	schedule(t, b, "first", now.Add(300*time.Millisecond), "1")
	schedule(t, b, "cancelled", now.Add(300*time.Millisecond), "x")
	schedule(t, b, "moved", now.Add(300*time.Millisecond), "x")
	schedule(t, b, "moved", now.Add(600*time.Millisecond), "moved")
	schedule(t, b, "far away", now.Add(time.Hour), "x")
	if err := b.Cancel(within(t), "cancelled"); err != nil {
		t.Fatal(err)
	}
	if err := b.Cancel(within(t), "never there"); err != nil {
		t.Fatal(err)
	}
	due := map[string]time.Time{
		"first": now.Add(300 * time.Millisecond), "moved": now.Add(600 * time.Millisecond), "second\n*": now.Add(900 * time.Millisecond),
	}
	var seen log
	running(t, func(ctx context.Context) error {
		return b.Timers(ctx, WorkConfig{}, func(_ context.Context, j Job) error {
			if early := time.Until(due[j.ID]); early > time.Millisecond {
				t.Errorf("%q came %v early", j.ID, early)
			}
			seen.add(fmt.Sprintf("%s %s", j.ID, j.Data))
			return nil
		})
	})
	if got, want := seen.waitFor(t, 3), []string{"first 1", "moved moved", "second\n* 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	eventually(t, "what was handled is gone", func() bool { return messages(t, b, Timed) == 1 })
}

func TestTimerThatIsDueCanBeCancelled(t *testing.T) {
	b := open(t, t.TempDir())
	schedule(t, b, "t", time.Now(), "x")
	schedule(t, b, "other", time.Now(), "y")
	eventually(t, "both are due", func() bool {
		st, err := b.js.Stream(within(t), string(Timed))
		if err != nil {
			t.Fatal(err)
		}
		_, errA := st.GetLastMsgForSubject(within(t), subjectDue+hashToken("t"))
		_, errB := st.GetLastMsgForSubject(within(t), subjectDue+hashToken("other"))
		return errA == nil && errB == nil
	})
	if err := b.Cancel(within(t), "t"); err != nil {
		t.Fatal(err)
	}
	if got := timerOne(t, b); got.ID != "other" {
		t.Errorf("got %+v", got)
	}
	if got := messages(t, b, Timed); got > 1 {
		t.Errorf("%d messages are left", got)
	}
}

func TestTimersSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	at := time.Now().Add(700 * time.Millisecond)
	schedule(t, b, "t", at, "x")
	shut(t, b)
	b = open(t, dir)
	if got := timerOne(t, b); got.ID != "t" || time.Now().Before(at.Add(-time.Millisecond)) {
		t.Errorf("got %+v, %v early", got, time.Until(at))
	}
}

func TestTimerIsRetriedAndThenDead(t *testing.T) {
	b := open(t, t.TempDir())
	var seen log
	running(t, func(ctx context.Context) error {
		return b.Timers(ctx, WorkConfig{MaxAttempts: 2, Backoff: noWait}, func(_ context.Context, j Job) error {
			seen.add(j.ID)
			return errors.New("can't resume")
		})
	})
	for round := 1; round <= 2; round++ { // the same id again is another timer
		schedule(t, b, "t", time.Now(), "x")
		eventually(t, "the timer is dead", func() bool { return len(dead(t, b, "timers")) == round })
		if got := seen.got(); len(got) != 2*round {
			t.Errorf("tried %d times, want %d", len(got), 2*round)
		}
	}
}

func TestScheduleRefuses(t *testing.T) {
	b := open(t, t.TempDir(), func(o *Options) { o.Limits = map[Stream]Limit{Timed: {MaxBytes: 4000}} })
	tests := []struct {
		name, id string
		size     int
		want     fault.Code
	}{
		{"no id", "", 0, fault.Invalid},
		{"a long id", strings.Repeat("i", maxKey+1), 0, fault.Invalid},
		{"too much data", "i", MaxEvent + 1, fault.TooLarge},
		{"a full stream", "i", 4000, fault.Unavailable},
	}
	schedule(t, b, "there", time.Now().Add(time.Hour), "x")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := b.Schedule(within(t), tt.id, time.Now(), make([]byte, tt.size))
			if fault.CodeOf(err) != tt.want {
				t.Errorf("got %v, want code %s", err, tt.want)
			}
		})
	}
}
