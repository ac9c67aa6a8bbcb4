package playbook_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// crashing is a journal whose process dies at the n-th append: before it is written, or after. From then on nothing of that
// process reaches the disk any more.
type crashing struct {
	playbook.Journal
	at    int
	after bool

	mu    sync.Mutex
	count int
	dead  chan struct{}
}

func (c *crashing) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.dead:
		return 0, fault.New(fault.Internal, "the process is dead")
	default:
	}
	c.count++
	if c.count == c.at && !c.after {
		close(c.dead)
		return 0, fault.New(fault.Internal, "the process is dead")
	}
	last, err := c.Journal.Append(ctx, id, expected, records...)
	if c.count == c.at {
		close(c.dead)
		return 0, fault.New(fault.Internal, "the process is dead")
	}
	return last, err
}

// SIGKILL at every journal point: whatever was written, the next process brings the playbook to the same end with one call.
func TestCrashAtEveryAppend(t *testing.T) {
	for n := 1; ; n++ {
		crashed := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("append %d, after %v", n, after), func(t *testing.T) {
				r := newRig(t, "lamp", "door")
				journal := &crashing{Journal: r.journal, at: n, after: after, dead: make(chan struct{})}
				first := r.boot(fix, journal, nil)
				s := start(guard.Auto, "lamp", "door")
				id, _, _ := first.Start(t.Context(), s)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, _ = first.Wait(ctx, id)
				first.kill()
				select {
				case <-journal.dead:
					crashed = true
				default:
				}
				r.clock.After(10 * time.Second) // the restart takes a while

				second := r.boot(fix, r.journal, nil)
				if err := second.Resume(ctx); err != nil {
					t.Fatal(err)
				}
				again, _, err := second.Start(ctx, s) // the source delivers the event again: it was not acknowledged
				if err != nil || id != "" && again != id {
					t.Fatal(again, err)
				}
				v, err := second.Wait(ctx, again)
				if err != nil || v.Status != playbook.Succeeded {
					t.Fatalf("status %s (%s %s), %v", v.Status, v.Error, v.Why, err)
				}
				for _, name := range []string{"lamp", "door"} {
					if on, effects := r.world.is(name); !on || effects != 1 {
						t.Errorf("%s is on: %v, after %d calls", name, on, effects)
					}
				}
				for _, item := range v.Plans[0].Items {
					if item.Status != action.Changed || string(item.Before) != `{"on":false}` {
						t.Errorf("item %s is recorded as %s, before %s: %s", item.ID, item.Status, item.Before, item.Error)
					}
				}
				if notices := r.inbox.all(); countMessages(notices) != 1 {
					t.Errorf("people were told %d times: %+v", len(notices), notices)
				}
			})
		}
		if !crashed {
			if n < 4 {
				t.Fatalf("the playbook has %d appends; the test did not reach them", n-1)
			}
			return
		}
	}
}

// countMessages leaves out what the test's own crash causes: a journal that is gone is a quarantine.
func countMessages(notices []playbook.Notice) int {
	n := 0
	for _, notice := range notices {
		if notice.Message != "" {
			n++
		}
	}
	return n
}

// A process that dies in the middle of a call leaves an open intent; the next one looks before it calls.
func TestCrashDuringTheCall(t *testing.T) {
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprintf("the call worked: %v", done), func(t *testing.T) {
			r := newRig(t, "lamp")
			journal := &crashing{Journal: r.journal, at: -1, dead: make(chan struct{})}
			r.world.onApply = func() {
				r.world.onApply = nil
				close(journal.dead)
			}
			if !done {
				r.world.fail = func(_ string, call int) error {
					if call == 1 {
						return fault.New(fault.Invalid, "cut off")
					}
					return nil
				}
			}
			first := r.boot(fix, journal, nil)
			id, _, err := first.Start(t.Context(), start(guard.Auto, "lamp"))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			_, _ = first.Wait(ctx, id)
			first.kill()

			second := r.boot(fix, r.journal, nil)
			if err := second.Resume(ctx); err != nil {
				t.Fatal(err)
			}
			v, err := second.Wait(ctx, id)
			if err != nil || v.Status != playbook.Succeeded || !v.Recovered {
				t.Fatalf("status %s, recovered %v, %v", v.Status, v.Recovered, err)
			}
			if on, effects := r.world.is("lamp"); !on || effects != 1 {
				t.Errorf("the lamp is on: %v, after %d effects", on, effects)
			}
			at := v.Visits[0].Entered
			if lost, err := second.ledger.Lost(ctx, "fake", "Switch", "111122223333", at.Add(time.Second)); err != nil || !lost {
				t.Errorf("the call whose request id is gone is not known as lost (%v)", err)
			}
			if lost, _ := second.ledger.Lost(ctx, "fake", "Delete", "111122223333", at); lost {
				t.Error("a call that the action can't make is taken for a lost one")
			}
		})
	}
}

// What does not reach the journal for a moment goes on by itself.
func TestAJournalThatIsAwayForAMoment(t *testing.T) {
	r := newRig(t, "lamp")
	journal := &flaky{Journal: r.journal, until: 6}
	p := r.boot(fix, journal, nil)
	var id string
	for {
		got, _, err := p.Start(t.Context(), start(guard.Auto, "lamp"))
		if err == nil {
			id = got
			break
		}
		if !fault.Retryable(err) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	v, err := p.Wait(ctx, id)
	if err != nil || v.Status != playbook.Succeeded {
		t.Fatalf("%s (%s), %v", v.Status, v.Why, err)
	}
	if on, effects := r.world.is("lamp"); !on || effects != 1 {
		t.Errorf("on %v after %d effects", on, effects)
	}
}

// A start of which nobody knows whether it was written is found out about, and goes on by itself.
func TestADoubtfulStart(t *testing.T) {
	r := newRig(t, "lamp")
	journal := &doubtful{Journal: r.journal}
	p := r.boot(fix, journal, nil)
	id, started, err := p.Start(t.Context(), start(guard.Auto, "lamp"))
	if started || fault.CodeOf(err) != fault.Timeout {
		t.Fatalf("started %v, %v", started, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		if v, err := p.Get(ctx, id); err == nil && v.Status == playbook.Succeeded {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("it never went on")
		}
	}
	if _, started, err := p.Start(ctx, start(guard.Auto, "lamp")); started || err != nil {
		t.Errorf("the next try: started %v, %v", started, err)
	}
}

// doubtful writes the first append, but neither says so nor lets it be read at once.
type doubtful struct {
	playbook.Journal
	appended, read bool
}

func (d *doubtful) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	last, err := d.Journal.Append(ctx, id, expected, records...)
	if !d.appended {
		d.appended = true
		return 0, fault.New(fault.Timeout, "no answer")
	}
	return last, err
}

func (d *doubtful) Load(ctx context.Context, id string) ([]playbook.Entry, error) {
	if !d.read {
		d.read = true
		return nil, fault.New(fault.Unavailable, "no answer")
	}
	return d.Journal.Load(ctx, id)
}

// flaky refuses every second append up to a number, after having written it or not.
type flaky struct {
	playbook.Journal
	until, count int
}

func (f *flaky) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	f.count++
	if f.count > f.until || f.count%2 == 0 {
		return f.Journal.Append(ctx, id, expected, records...)
	}
	if f.count%4 == 1 {
		_, _ = f.Journal.Append(ctx, id, expected, records...)
	}
	return 0, fault.New(fault.Timeout, "no answer")
}

// The same with people in between: a question and its answers survive, and what was approved is done once.
func TestCrashAtEveryAppendOfAnApproval(t *testing.T) {
	for n := 1; ; n++ {
		crashed := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("append %d, after %v", n, after), func(t *testing.T) {
				r := newRig(t, "lamp")
				journal := &crashing{Journal: r.journal, at: n, after: after, dead: make(chan struct{})}
				s := start(guard.Approve, "lamp")
				first := r.boot(fix, journal, nil)
				first.resume(t)
				id, _, _ := first.Start(t.Context(), s)
				eventually(t, "the crash or the end", func() bool {
					first.approveAll(t, r)
					select {
					case <-journal.dead:
						crashed = true
						return true
					default:
						v, err := first.Get(t.Context(), id)
						return err == nil && v.Status == playbook.Succeeded
					}
				})
				first.kill()
				r.clock.After(10 * time.Second)

				second := r.boot(fix, r.journal, nil)
				second.resume(t)
				again, _, err := second.Start(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, "the end", func() bool {
					second.approveAll(t, r)
					v, err := second.Get(t.Context(), again)
					return err == nil && v.Status == playbook.Succeeded
				})
				if on, effects := r.world.is("lamp"); !on || effects != 1 {
					t.Errorf("the lamp is on: %v, after %d calls", on, effects)
				}
			})
		}
		if !crashed {
			if n < 6 {
				t.Fatalf("the playbook has %d appends; the test did not reach them", n-1)
			}
			return
		}
	}
}

// approveAll says yes to what is asked.
func (p *process) approveAll(t *testing.T, r *rig) {
	t.Helper()
	open, err := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Open: true, Now: r.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range open { // an answer may come too late, or to a process that is dead
		_, _ = p.Answer(t.Context(), q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true})
	}
}
