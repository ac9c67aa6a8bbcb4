package app

import (
	"path/filepath"
	"testing"
	"time"

	"riposte.dev/playbook"
	"riposte.dev/store"
)

func TestOwnCallsAreKept(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	state, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "riposte.db"), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	start := func() *ownCalls {
		return &ownCalls{ledger: playbook.NewLedger(state.Executions), stored: state.Calls, now: clock, recent: map[string]bool{}}
	}
	expect := func(o *ownCalls, when, id string, want bool) {
		t.Helper()
		if known, err := o.Known(t.Context(), id); err != nil || known != want {
			t.Errorf("%s, %q is known: %t, %v; want %t", when, id, known, err, want)
		}
	}
	flush := func(o *ownCalls) {
		t.Helper()
		if err := o.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	o := start()
	o.note("sts", "AssumeRole", "assumed")
	o.note("sqs", "ReceiveMessage", "received")
	o.note("sts", "AssumeRole", "")
	expect(o, "at once", "assumed", true)
	expect(o, "at once", "received", false) // there is no event of it
	expect(o, "at once", "", false)
	expect(start(), "after a crash", "assumed", false)
	flush(o)
	if len(o.recent) != 0 {
		t.Errorf("%v stays in memory", o.recent)
	}
	expect(o, "when it is stored", "assumed", true)
	o = start()
	expect(o, "after a restart", "assumed", true)

	now = now.Add(keepCalls - time.Minute)
	flush(o)
	expect(o, "as long as log files may come", "assumed", true)
	now = now.Add(forgetEvery)
	flush(o)
	expect(o, "after that", "assumed", false)
	if pending, err := o.Pending(t.Context()); pending || err != nil {
		t.Errorf("pending %t, %v, while nothing is under way", pending, err)
	}
}
