package playbook_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// everything has branches, iterations, a task that is tried again, a wait, a question and a callback.
const everything = `
StartAt: All
States:
  All:
    Type: Parallel
    ResultSelector: {lamp.$: "$[0].status", each.$: "$[1]", door.$: "$[2].status", said.$: "$[3]"}
    Branches:
      - StartAt: Again
        States:
          Again:
            Type: Task
            Resource: riposte:action:fake.switch-on
            Parameters: {names: [lamp]}
            Retry: [{ErrorEquals: [Riposte.ActionFailed, Fake.Throttled], IntervalSeconds: 1, MaxAttempts: 8}]
            End: true
      - StartAt: Each
        States:
          Each:
            Type: Map
            ItemsPath: $.names
            MaxConcurrency: 2
            ItemSelector: {name.$: $$.Map.Item.Value}
            ItemProcessor:
              StartAt: One
              States:
                One: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names.$: States.Array($.name)}, Next: Nap}
                Nap: {Type: Wait, Seconds: 2, Next: Name}
                Name: {Type: Pass, Parameters: {is.$: "States.Format('{}', $.items[0].id)"}, OutputPath: $.is, End: true}
            End: true
      - StartAt: Rest
        States:
          Rest: {Type: Wait, Seconds: 5, Next: Ask}
          Ask: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [door]}, End: true}
      - StartAt: Call
        States:
          Call: {Type: Task, Resource: "riposte:notify.waitForTaskToken", Parameters: {message.$: "States.Format('token {}', $$.Task.Token)"}, End: true}
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, ResultPath: null, End: true}
`

const everythingGives = `{"lamp":"changed","each":["a","b","c"],"door":"changed","said":"yes"}`

// people answer what they are asked, and signal.
func (r *rig) people(t *testing.T, p *process) {
	t.Helper()
	p.approveAll(t, r)
	for _, n := range r.inbox.all() {
		if token, ok := strings.CutPrefix(n.Message, "token "); ok {
			err := p.Signal(t.Context(), playbook.Signal{Token: token, Output: []byte(`"yes"`)})
			if errors.Is(err, playbook.ErrInvalidToken) {
				t.Errorf("the token %s: %v", token, err)
			}
		}
	}
}

// through goes on until the execution has ended, or the process has died.
func (r *rig) through(t *testing.T, p *process, s playbook.Start, dead <-chan struct{}) (died bool) {
	t.Helper()
	id := playbook.ID(s.Rule, string(s.Cause))
	eventually(t, "the end, or a crash", func() bool {
		r.people(t, p)
		select {
		case <-dead:
			died = true
			return true
		default:
			v, err := p.Get(t.Context(), id)
			return err == nil && v.Status != playbook.Running
		}
	})
	return died
}

// SIGKILL at every append of a playbook with everything in it: the same output in the end, and no call made twice.
func TestKilledAtEveryAppendOfBranches(t *testing.T) {
	for n := 1; ; n++ {
		crashed := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("append %d, after %v", n, after), func(t *testing.T) {
				r := newRig(t, "lamp", "door", "a", "b", "c")
				r.guard = askAbout{name: "door"}
				var mu sync.Mutex
				throttled := false
				r.world.fail = func(name string, _ int) error {
					mu.Lock()
					defer mu.Unlock()
					if name == "lamp" && !throttled {
						throttled = true
						return &fault.Error{Code: fault.Throttled, Message: "slow down", Err: apiError{"Throttled"}}
					}
					return nil
				}
				s := start(guard.Auto, "a", "b", "c")
				journal := &crashing{Journal: r.journal, at: n, after: after, dead: make(chan struct{})}
				first := r.boot(everything, journal, nil)
				first.resume(t)
				_, _, _ = first.Start(t.Context(), s)
				crashed = r.through(t, first, s, journal.dead) || crashed
				first.kill()

				second := r.boot(everything, r.journal, nil)
				second.resume(t)
				id, _, err := second.Start(t.Context(), s) // the event comes again
				if err != nil {
					t.Fatal(err)
				}
				r.through(t, second, s, nil)
				v, err := second.Get(t.Context(), id)
				if err != nil || v.Status != playbook.Succeeded || string(v.Output) != everythingGives {
					t.Fatalf("%s %s %s: %s, %v", v.Status, v.Error, v.Why, v.Output, err)
				}
				for _, name := range []string{"lamp", "door", "a", "b", "c"} {
					if on, effects := r.world.is(name); !on || effects != 1 {
						t.Errorf("%s is on: %v, after %d calls", name, on, effects)
					}
				}
				if told := countMessages(r.inbox.all()); told != 2 {
					t.Errorf("people were told %d times of a token or the end", told)
				}
			})
		}
		if !crashed && n <= 8 {
			t.Fatalf("the response has %d appends", n-1)
		}
		// Branches that are ready at the same time share an append, so that one run may have half as many as another.
		if t.Failed() || !crashed && n >= 20 {
			return
		}
	}
}

// A call that was made before a crash is looked for, though its task's time is over by then.
func TestATaskThatIsLateAfterACrash(t *testing.T) {
	const text = `
StartAt: Fix
States:
  Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [lamp]}, TimeoutSeconds: 600, End: true}
`
	r := newRig(t, "lamp")
	journal := &crashing{Journal: r.journal, at: 3, dead: make(chan struct{})} // the outcome
	first := r.boot(text, journal, nil)
	first.resume(t)
	id := first.begin(t, start(guard.Auto))
	<-journal.dead
	first.kill()
	r.clock.advance(2 * time.Hour)
	second := r.boot(text, r.journal, nil)
	second.resume(t)
	if v := second.wait(t, id); v.Status != playbook.Succeeded || !v.Recovered || v.Plans[0].Items[0].Status != action.Changed {
		t.Errorf("%s %s %s: %+v", v.Status, v.Error, v.Why, v.Plans)
	}
	if on, effects := r.world.is("lamp"); !on || effects != 1 {
		t.Errorf("the lamp is on: %v, after %d calls", on, effects)
	}
}

// After a restart every execution that sleeps wakes, whatever it waits for.
func TestEverySleepingExecutionWakes(t *testing.T) {
	const sleeps = `
StartAt: Rest
States:
  Rest: {Type: Wait, Seconds: 7200, Next: Fix}
  Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names.$: $.names}, End: true}
`
	names := make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprint("lamp-", i)
	}
	r := newRig(t, names...)
	p := r.boot(sleeps, r.journal, nil)
	p.resume(t)
	var ids []string
	for _, name := range names {
		s := start(guard.Auto, name)
		s.Cause = event.Cause(name)
		ids = append(ids, p.begin(t, s))
	}
	for _, id := range ids {
		r.indexed(t, p, id, func(s playbook.Summary) bool { return s.State == "Rest" })
	}
	p.kill()
	r.jump(3 * 3600e9)
	p = r.boot(sleeps, r.journal, nil)
	p.resume(t)
	for i, id := range ids {
		if v := p.wait(t, id); v.Status != playbook.Succeeded {
			t.Fatalf("%s: %s", id, v.Status)
		}
		if on, effects := r.world.is(names[i]); !on || effects != 1 {
			t.Errorf("%s is on: %v, after %d calls", names[i], on, effects)
		}
	}
}

// A poisoned journal of an execution with branches at work is reported and left alone; another one goes on.
func TestAPoisonedJournalOfBranches(t *testing.T) {
	r := newRig(t, "lamp", "door", "a", "b", "c")
	bad := start(guard.Auto, "a", "b", "c")
	good := bad
	good.Cause = "good"
	poison := &poisoning{Journal: r.journal, id: playbook.ID(bad.Rule, string(bad.Cause)), at: 4}
	p := r.boot(everything, poison, nil)
	p.resume(t)
	id := p.begin(t, bad)
	eventually(t, "the poison", func() bool {
		r.people(t, p)
		_, err := p.Get(t.Context(), id)
		return fault.CodeOf(err) == fault.Invalid
	})
	eventually(t, "people to be told", func() bool {
		for _, n := range r.inbox.all() {
			if n.Execution == id && strings.Contains(n.Failed, "needs a person") {
				return true
			}
		}
		r.people(t, p)
		return false
	})
	p.begin(t, good)
	r.through(t, p, good, nil)
	if v, err := p.Get(t.Context(), playbook.ID(good.Rule, string(good.Cause))); err != nil || v.Status != playbook.Succeeded {
		t.Errorf("the good one: %s, %v", v.Status, err)
	}
}

// poisoning writes a record that can't be read at an execution's n-th append, and refuses it.
type poisoning struct {
	playbook.Journal
	id string
	at int

	mu    sync.Mutex
	count int
}

func (p *poisoning) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id == p.id {
		if p.count++; p.count == p.at {
			if _, err := p.Journal.Append(ctx, id, expected, []byte(`{"v":99}`)); err != nil {
				return 0, err
			}
		}
	}
	return p.Journal.Append(ctx, id, expected, records...)
}
