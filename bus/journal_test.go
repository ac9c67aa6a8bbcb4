package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/fault"
)

func records(entries []Entry) (data []string) {
	for _, e := range entries {
		data = append(data, string(e.Data))
	}
	return data
}

func load(t testing.TB, b *Bus, id string) []Entry {
	t.Helper()
	entries, err := b.Journal().Load(within(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func bytesOf(records ...string) (out [][]byte) {
	for _, r := range records {
		out = append(out, []byte(r))
	}
	return out
}

func TestJournalComparesAndSets(t *testing.T) {
	b := open(t, t.TempDir())
	ctx := within(t)
	j := b.Journal()
	if got := load(t, b, "a"); len(got) != 0 {
		t.Errorf("an execution that doesn't exist: %v", got)
	}
	first, err := j.Append(ctx, "a", 0, bytesOf("started", "entered")...)
	if err != nil {
		t.Fatal(err)
	}
	other, err := j.Append(ctx, "b", 0, []byte("another execution"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := j.Append(ctx, "a", first, []byte("intent"))
	if err != nil || second <= other {
		t.Fatalf("second append: %d, %v", second, err)
	}
	for _, stale := range []uint64{0, first, other, second + 1} {
		_, err := j.Append(ctx, "a", stale, []byte("late"))
		if !errors.Is(err, ErrConflict) || fault.CodeOf(err) != fault.Conflict || fault.Retryable(err) {
			t.Errorf("append at %d: %v", stale, err)
		}
	}
	entries := load(t, b, "a")
	if got, want := records(entries), []string{"started", "entered", "intent"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if entries[0].Seq != first || entries[1].Seq != first || entries[2].Seq != second || entries[0].Time.IsZero() {
		t.Errorf("entries: %+v", entries)
	}

	if err := j.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if got := load(t, b, "a"); len(got) != 0 {
		t.Errorf("after the deletion: %q", records(got))
	}
	if got := records(load(t, b, "b")); len(got) != 1 {
		t.Errorf("the other execution: %q", got)
	}
	if _, err := j.Append(ctx, "a", 0, []byte("again")); err != nil {
		t.Errorf("start after the deletion: %v", err)
	}
}

func TestJournalRefuses(t *testing.T) {
	b := open(t, t.TempDir())
	ctx := within(t)
	tests := []struct {
		name, id string
		records  [][]byte
		want     fault.Code
	}{
		{"no records", "a", nil, fault.Invalid},
		{"no id", "", bytesOf("x"), fault.Invalid},
		{"an id with a dot", "a.b", bytesOf("x"), fault.Invalid},
		{"an id that is a wildcard", "*", bytesOf("x"), fault.Invalid},
		{"a long id", strings.Repeat("a", 129), bytesOf("x"), fault.Invalid},
		{"too much data", "a", [][]byte{make([]byte, MaxEvent), {1}}, fault.TooLarge},
		{"too many records", "a", make([][]byte, 100_000), fault.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := b.Journal().Append(ctx, tt.id, 0, tt.records...); fault.CodeOf(err) != tt.want {
				t.Errorf("got %v, want code %s", err, tt.want)
			}
		})
	}
	for _, id := range []string{"", ">", "a b"} {
		if _, err := b.Journal().Load(ctx, id); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("load %q: %v", id, err)
		}
		if err := b.Journal().Delete(ctx, id); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	if _, err := b.Journal().Append(ctx, "largest", 0, make([]byte, MaxEvent)); err != nil {
		t.Errorf("the largest append: %v", err)
	}
}

func TestFollowJournal(t *testing.T) {
	b := open(t, t.TempDir())
	ctx := within(t)
	j := b.Journal()
	follow := func(from uint64) (*log, *log) {
		seen, caughtUp := &log{}, &log{}
		running(t, func(ctx context.Context) error {
			return j.Follow(ctx, from, func() { caughtUp.add(fmt.Sprint(len(seen.got()))) }, func(id string, entries []Entry) error {
				seen.add(fmt.Sprintf("%d %s %s", entries[0].Seq, id, strings.Join(records(entries), "+")))
				return nil
			})
		})
		return seen, caughtUp
	}
	_, empty := follow(0)
	if got := empty.waitFor(t, 1); got[0] != "0" {
		t.Errorf("caught up with an empty journal after %s appends", got[0])
	}
	last, err := j.Append(ctx, "a", 0, bytesOf("1", "2")...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "b", 0, bytesOf("3")...); err != nil {
		t.Fatal(err)
	}
	all, caughtUp := follow(0)
	if got := caughtUp.waitFor(t, 1); got[0] != "2" {
		t.Errorf("caught up after %s appends, want 2", got[0])
	}
	tail, tailCaughtUp := follow(last + 1)
	tailCaughtUp.waitFor(t, 1)
	if _, err := j.Append(ctx, "a", last, bytesOf("4")...); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 a 1+2", "2 b 3", "3 a 4"}
	if got := all.waitFor(t, 3); !slices.Equal(got, want) {
		t.Errorf("from the start: %q, want %q", got, want)
	}
	if got := tail.waitFor(t, 2); !slices.Equal(got, want[1:]) {
		t.Errorf("from %d: %q, want %q", last+1, got, want[1:])
	}
	if err := j.Delete(ctx, "a"); err != nil { // it has the last append, so that another one is the last to be seen
		t.Fatal(err)
	}
	_, withoutLast := follow(0)
	if got := withoutLast.waitFor(t, 1); got[0] != "1" {
		t.Errorf("caught up after %s appends, want 1", got[0])
	}
	stop := errors.New("projection failed")
	err = j.Follow(ctx, 1, nil, func(string, []Entry) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("the handler's error: %v", err)
	}
}

// TestJournalIsLinear lets many writers append to few executions, each building on what it believes to be the last
// append, and checks that the successful ones form one chain per execution and that nothing else is stored.
func TestJournalIsLinear(t *testing.T) {
	b := open(t, t.TempDir())
	j := b.Journal()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		ctx := within(t)
		writers := rapid.IntRange(2, 30).Draw(rt, "writers")
		executions := rapid.IntRange(1, 5).Draw(rt, "executions")
		steps := rapid.IntRange(1, 6).Draw(rt, "steps")
		type success struct{ on, last uint64 }
		var mu sync.Mutex
		chains := map[string][]success{}
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				id := fmt.Sprintf("r%d-%d", round, w%executions)
				var on uint64
				for range steps {
					last, err := j.Append(ctx, id, on, []byte{1}, []byte{2})
					switch {
					case err == nil:
						mu.Lock()
						chains[id] = append(chains[id], success{on, last})
						mu.Unlock()
						on = last
					case errors.Is(err, ErrConflict):
						entries, err := j.Load(ctx, id)
						if err != nil || len(entries) == 0 {
							rt.Errorf("load after a conflict: %d entries, %v", len(entries), err)
							return
						}
						on = entries[len(entries)-1].Seq
					default:
						rt.Errorf("append: %v", err)
						return
					}
				}
			})
		}
		all.Wait()
		for id, chain := range chains {
			slices.SortFunc(chain, func(a, b success) int { return int(a.last) - int(b.last) })
			on := uint64(0)
			for _, s := range chain {
				if s.on != on {
					rt.Errorf("%s: an append built on %d when %d was the last", id, s.on, on)
				}
				on = s.last
			}
			entries, err := j.Load(ctx, id)
			if err != nil || len(entries) != 2*len(chain) || entries[len(entries)-1].Seq != on {
				rt.Errorf("%s: %d records stored of %d appends that succeeded, %v", id, len(entries), len(chain), err)
			}
		}
	})
}
