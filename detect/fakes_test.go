package detect

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
)

var errDown = fault.New(fault.Unavailable, "down for a moment")

// world is everything around an engine: it records what happened, in order, and fails as told.
type world struct {
	mu      sync.Mutex
	now     time.Time
	log     []string // what was called, in order
	started map[string]Response
	found   map[string]finding.Finding
	notices map[string]Notice
	dead    []DeadLetter
	seen    []string
	tags    map[string]string

	verdict func(guard.Admission) (guard.Verdict, error)
	fail    map[string]error // by call: start, upsert, notify, dead, tags
}

func newWorld() *world {
	return &world{now: time.Date(2024, 5, 1, 12, 0, 1, 0, time.UTC), started: map[string]Response{}, found: map[string]finding.Finding{},
		notices: map[string]Notice{}, fail: map[string]error{}}
}

func (w *world) call(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, name)
	return w.fail[name]
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) sleep(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Admit(_ context.Context, a guard.Admission) (guard.Verdict, error) {
	w.mu.Lock()
	w.log = append(w.log, "admit")
	verdict := w.verdict
	w.mu.Unlock()
	if verdict != nil {
		return verdict(a)
	}
	return guard.Verdict{Outcome: guard.Respond, Mode: a.Mode}, nil
}

func (w *world) Start(_ context.Context, r Response) error {
	if err := w.call("start"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started[r.Rule+" "+string(r.Cause)] = r
	return nil
}

func (w *world) Upsert(_ context.Context, f finding.Finding) (finding.Result, error) {
	if err := w.call("upsert"); err != nil {
		return finding.Result{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found[f.ID] = f
	return finding.Result{Finding: f}, nil
}

func (w *world) Notify(_ context.Context, key string, n Notice) error {
	if err := w.call("notify"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notices[key] = n
	return nil
}

func (w *world) Put(_ context.Context, d DeadLetter) error {
	if err := w.call("dead"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = append(w.dead, d)
	return nil
}

func (w *world) Tags(context.Context, string) (map[string]string, error) {
	return w.tags, w.call("tags")
}

func (w *world) Observe(_ context.Context, r *event.Record) error {
	w.mu.Lock()
	w.seen = append(w.seen, r.EventID)
	w.mu.Unlock()
	return w.call("observe")
}

// engine returns an engine over rules in this world.
func (w *world) engine(t testing.TB, rules string, change ...func(*Options)) *Engine {
	t.Helper()
	set, err := Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": rules})}}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Rules: set, Guard: w, Responder: w, Findings: w, Notices: w, DeadLetters: w, Accounts: w,
		Observers: []Observer{w}, Now: w.Now}
	for _, c := range change {
		c(&opts)
	}
	e, err := NewEngine(opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// order returns the calls without repetitions.
func (w *world) order() []string { return slices.Compact(slices.Clone(w.log)) }

// one returns the only value of a map.
func one[V any](t testing.TB, m map[string]V) V {
	t.Helper()
	if len(m) != 1 {
		t.Fatalf("%d entries, want 1: %v", len(m), m)
	}
	for _, v := range m {
		return v
	}
	panic("unreachable")
}

func isLater(err error) (time.Duration, bool) {
	var later *Later
	if errors.As(err, &later) {
		return later.After, true
	}
	return 0, false
}
