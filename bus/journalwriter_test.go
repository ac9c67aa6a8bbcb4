package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"riposte.dev/fault"
)

// merge lets appends gather behind one that is in flight, and returns what each was told.
func merge(t *testing.T, b *Bus, g *gate, ids []string, expected func(id string) uint64) []error {
	t.Helper()
	ctx := within(t)
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := b.Journal().Append(ctx, "ahead", 0, []byte("x")); err != nil {
			t.Error(err)
		}
	})
	<-g.entered
	for i, id := range ids {
		all.Go(func() { _, errs[i] = b.Journal().Append(ctx, id, expected(id), []byte(id)) })
	}
	eventually(t, "all appends wait", func() bool { return len(b.journal.writer.calls) == len(ids) })
	g.free <- 4
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for {
		select {
		case <-g.entered:
			g.free <- 4
		case <-done:
			return errs
		}
	}
}

// batches counts the atomic batches and the messages outside of batches on the journal, without the one of merge.
func batches(t *testing.T, b *Bus) (inBatches, batches, single int) {
	t.Helper()
	ids := map[string]bool{}
	info, err := b.info(within(t), Executions)
	if err != nil {
		t.Fatal(err)
	}
	err = b.read(within(t), Executions, start{}, info.LastSeq, func(m stored) error {
		if id := m.header[headerBatchID]; len(id) == 1 {
			ids[id[0]] = true
			inBatches++
		} else {
			single++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return inBatches, len(ids), single - 1
}

func someIDs(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("run-%03d", i))
	}
	return ids
}

func TestConcurrentAppendsShareABatch(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ids := someIDs(100)
	for i, err := range merge(t, b, g, ids, func(string) uint64 { return 0 }) {
		if err != nil {
			t.Errorf("%s: %v", ids[i], err)
		}
	}
	if in, n, single := batches(t, b); in != 100 || n != 1 || single != 0 {
		t.Errorf("%d appends in %d batches, %d alone; want all in one", in, n, single)
	}
	for _, id := range ids {
		if got := records(load(t, b, id)); !slices.Equal(got, []string{id}) {
			t.Errorf("%s: %q", id, got)
		}
	}
}

func TestFewAppendsGoAlone(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	for _, err := range merge(t, b, g, someIDs(batchFrom-1), func(string) uint64 { return 0 }) {
		if err != nil {
			t.Error(err)
		}
	}
	if in, n, single := batches(t, b); in != 0 || n != 0 || single != batchFrom-1 {
		t.Errorf("%d appends in %d batches, %d alone", in, n, single)
	}
}

func TestConflictFailsOnlyItsOwnAppend(t *testing.T) {
	tests := []struct {
		name     string
		expected uint64 // of the appends that must fail
		batched  int    // appends that still share a batch
	}{
		{"a second start", 0, 90},
		{"a wrong sequence", 12345, 90},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGate()
			b := open(t, t.TempDir(), g.options)
			ids := someIDs(100)
			stale := map[string]bool{}
			for i := 5; i < 100; i += 10 {
				stale[ids[i]] = true
				go g.pass(4)
				if _, err := b.Journal().Append(within(t), ids[i], 0, []byte("was first")); err != nil {
					t.Fatal(err)
				}
			}
			errs := merge(t, b, g, ids, func(id string) uint64 {
				if stale[id] {
					return tt.expected
				}
				return 0
			})
			for i, err := range errs {
				if want := stale[ids[i]]; errors.Is(err, ErrConflict) != want || !want && err != nil {
					t.Errorf("%s: %v", ids[i], err)
				}
			}
			if in, n, _ := batches(t, b); in != tt.batched || n != 1 {
				t.Errorf("%d appends in %d batches", in, n)
			}
		})
	}
}

func TestConflictWithAnExecutionThatDoesNotExist(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ids := someIDs(20)
	errs := merge(t, b, g, ids, func(id string) uint64 {
		if id == ids[7] {
			return 99 // builds on an append that is not there, so that there is nothing to look up either
		}
		return 0
	})
	for i, err := range errs {
		if errors.Is(err, ErrConflict) != (i == 7) || i != 7 && err != nil {
			t.Errorf("%s: %v", ids[i], err)
		}
	}
}

func TestAppendsOfOneExecutionDoNotShareARound(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ids := append(someIDs(20), "run-000", "run-000")
	won, lost := 0, 0
	for i, err := range merge(t, b, g, ids, func(string) uint64 { return 0 }) {
		switch {
		case ids[i] != "run-000" && err != nil:
			t.Errorf("%s: %v", ids[i], err)
		case ids[i] == "run-000" && err == nil:
			won++
		case ids[i] == "run-000" && errors.Is(err, ErrConflict):
			lost++
		}
	}
	if won != 1 || lost != 2 {
		t.Errorf("of three starts of one execution %d succeeded and %d conflicted", won, lost)
	}
}

func TestFullJournalRefuses(t *testing.T) {
	for _, n := range []int{1, 40} {
		t.Run(fmt.Sprintf("%d at a time", n), func(t *testing.T) {
			g := newGate()
			b := open(t, t.TempDir(), g.options, func(o *Options) {
				o.Limits = map[Stream]Limit{Executions: {MaxBytes: 200}}
			})
			for i, err := range merge(t, b, g, someIDs(n), func(string) uint64 { return 0 })[1:] {
				if fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("append %d: %v", i, err)
				}
			}
		})
	}
}

func TestAppendGivesUpWithItsContext(t *testing.T) {
	g := newGate()
	b := open(t, t.TempDir(), g.options)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		_, err := b.Journal().Append(ctx, "a", 0, []byte("x"))
		result <- err
	}()
	<-g.entered
	cancel()
	if err := <-result; fault.CodeOf(err) != fault.Timeout {
		t.Errorf("got %v", err)
	}
	g.free <- 4
	eventually(t, "the append that was given up is stored", func() bool { return len(load(t, b, "a")) == 1 })
}

func TestCloseStoresAppendsThatWait(t *testing.T) {
	dir := t.TempDir()
	g := newGate()
	b := open(t, dir, g.options)
	ctx := within(t)
	j := b.Journal()
	var all sync.WaitGroup
	start := func(id string) {
		all.Go(func() {
			if _, err := j.Append(ctx, id, 0, []byte("x")); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	start("ahead")
	<-g.entered
	for _, id := range someIDs(20) {
		start(id)
	}
	eventually(t, "the appends wait", func() bool { return len(j.writer.calls) == 20 })
	closed := make(chan error, 1)
	go func() { closed <- b.Close(ctx) }()
	<-j.writer.closing
	if _, err := j.Append(ctx, "late", 0, []byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("append while closing: %v", err)
	}
	g.free <- 4
	g.pass(4)
	all.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := messages(t, open(t, dir), Executions); got != 21 {
		t.Errorf("%d appends are stored, want 21", got)
	}
}
