// Package playbooktest has what tests of playbooks need: a [Journal] and an [Index] in memory, and the suites that every
// implementation of the two interfaces must pass ([TestJournal], [TestIndex]).
package playbooktest

import (
	"context"
	"sync"
	"time"

	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Journal is a journal in memory. The zero value is ready.
type Journal struct {
	mu      sync.Mutex
	appends []stored
	changed chan struct{} // closed and replaced on each append
}

type stored struct {
	id      string
	entries []playbook.Entry
}

var _ playbook.Journal = (*Journal)(nil)

// Append adds records.
func (j *Journal) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	size := 0
	for _, r := range records {
		size += len(r)
	}
	if size > 1<<20 {
		return 0, fault.New(fault.TooLarge, "an append of %d bytes", size)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if last := j.last(id); last != expected {
		return 0, fault.New(fault.Conflict, "the last sequence of %s is %d, not %d", id, last, expected)
	}
	seq := uint64(len(j.appends) + 1)
	s := stored{id: id}
	for _, r := range records {
		s.entries = append(s.entries, playbook.Entry{Seq: seq, Time: time.Unix(int64(seq), 0), Data: append([]byte(nil), r...)})
	}
	j.appends = append(j.appends, s)
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
	return seq, nil
}

func (j *Journal) last(id string) uint64 {
	for i := len(j.appends) - 1; i >= 0; i-- {
		if j.appends[i].id == id {
			return uint64(i + 1)
		}
	}
	return 0
}

// Load returns the id's entries.
func (j *Journal) Load(ctx context.Context, id string) ([]playbook.Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var entries []playbook.Entry
	for _, s := range j.appends {
		if s.id == id {
			entries = append(entries, s.entries...)
		}
	}
	return entries, ctx.Err()
}

// Follow gives the appends to fn as they come.
func (j *Journal) Follow(ctx context.Context, from uint64, caughtUp func(), fn func(id string, entries []playbook.Entry) error) error {
	next := max(from, 1)
	j.mu.Lock()
	until := uint64(len(j.appends))
	j.mu.Unlock()
	for {
		if next > until && caughtUp != nil {
			caughtUp()
			caughtUp = nil
		}
		j.mu.Lock()
		if next <= uint64(len(j.appends)) {
			s := j.appends[next-1]
			j.mu.Unlock()
			if err := fn(s.id, s.entries); err != nil {
				return err
			}
			next++
			continue
		}
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
