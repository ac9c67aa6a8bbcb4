package finding_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"riposte.dev/fault"
	"riposte.dev/finding"
)

// memory is a Store for this package's own tests. Real ones are tested in package store.
type memory struct {
	mu      sync.Mutex
	records map[finding.Key]finding.Record
	outbox  []finding.Outgoing
	seq     int64
	broken  error // what every call returns, where it is set
}

var _ finding.Store = (*memory)(nil)

func newMemory() *memory { return &memory{records: map[finding.Key]finding.Record{}} }

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

func (m *memory) Change(_ context.Context, key finding.Key, fn func(*finding.Record) (*finding.Change, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	var old *finding.Record
	if r, ok := m.records[key]; ok {
		old = &r
	}
	change, err := fn(old)
	if err != nil || change == nil {
		return err
	}
	m.records[key] = change.Record
	m.seq++
	m.outbox = append(m.outbox, finding.Outgoing{Seq: m.seq, Event: change.Event})
	return nil
}

func (m *memory) Find(_ context.Context, key finding.Key) (finding.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.records[key]; ok {
		return r, nil
	}
	return finding.Record{}, fault.New(fault.NotFound, "there is no finding %s", key.ID)
}

func (m *memory) List(_ context.Context, f finding.Filter) (finding.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page finding.Page
	for _, r := range m.records {
		if f.Rule == "" || f.Rule == r.Finding.Rule() {
			page.Records = append(page.Records, r)
		}
	}
	slices.SortFunc(page.Records, func(a, b finding.Record) int {
		return strings.Compare(b.Finding.UpdatedAt, a.Finding.UpdatedAt)
	})
	return page, nil
}

func (m *memory) Outbox(_ context.Context, limit int) ([]finding.Outgoing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.outbox[:min(limit, len(m.outbox))]), m.broken
}

func (m *memory) Sent(_ context.Context, seqs []int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outbox = slices.DeleteFunc(m.outbox, func(o finding.Outgoing) bool { return slices.Contains(seqs, o.Seq) })
	return m.broken
}
