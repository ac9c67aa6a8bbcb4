package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// fixFor switches on for a time.
const fixFor = `
StartAt: Fix
States:
  Fix:
    Type: Task
    Resource: riposte:action:fake.switch-on
    Parameters: {names.$: $.names, expires_in.$: $.for}
    ResultPath: $.fix
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.fix.status}, End: true}
`

func startFor(d string, names ...string) playbook.Start {
	s := start(guard.Auto, names...)
	s.Input, _ = json.Marshal(map[string]any{"names": names, "for": d})
	return s
}

// pauses is a kill switch that a test turns.
type pauses struct {
	mu   sync.Mutex
	list []guard.Pause
	err  error
}

func (p *pauses) InForce(context.Context) ([]guard.Pause, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list, p.err
}

func (p *pauses) set(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list = nil; on {
		p.list = []guard.Pause{{ID: "pause-1", Reason: "A migration", By: "ana", Since: time.Unix(0, 0)}}
	}
}

type noExceptions struct{}

func (noExceptions) Active(context.Context, time.Time) ([]guard.Exception, error) { return nil, nil }

// realGuard is the guard itself, over pauses.
func (r *rig) realGuard(policy *guard.Policy) *pauses {
	r.t.Helper()
	p := &pauses{}
	policy.Allow = []guard.Scope{{Accounts: []string{"*"}}}
	g, err := guard.New(guard.Options{Exceptions: noExceptions{}, Requests: playbook.NewLedger(r.index), Pauses: p, Now: r.clock.Now,
		Responders: []string{"arn:aws:iam::111122223333:role/riposte"}, Policy: func() *guard.Policy { return policy }})
	if err != nil {
		r.t.Fatal(err)
	}
	r.guard = g
	return p
}

// expired waits until what expired was dealt with, and returns the execution that did.
func (p *process) expired(t *testing.T, id string) playbook.View {
	t.Helper()
	var undo playbook.View
	eventually(t, "the end of what expired", func() bool {
		v, err := p.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Expiries) != 1 || v.Expiries[0].Execution == "" || v.Expiries[0].Status == playbook.Running {
			return false
		}
		undo, err = p.Get(t.Context(), v.Expiries[0].Execution)
		return err == nil
	})
	return undo
}

// held waits until what expired is held up, and returns why.
func (p *process) held(t *testing.T, id string) (execution, why string) {
	t.Helper()
	eventually(t, "what expired to be held up", func() bool {
		v, err := p.Get(t.Context(), id)
		if err != nil || len(v.Expiries) != 1 || v.Expiries[0].Execution == "" {
			return false
		}
		undo, err := p.Get(t.Context(), v.Expiries[0].Execution)
		execution, why = undo.ID, undo.Held
		return err == nil && undo.Held != ""
	})
	return execution, why
}

func TestWhatExpiresIsTakenBackOnTime(t *testing.T) {
	r := newRig(t, "lamp", "door")
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	began := r.clock.Now()
	v := p.run(t, startFor("20s", "lamp", "door"))
	undo := p.expired(t, v.ID)
	for _, name := range []string{"lamp", "door"} {
		if on, effects := r.world.is(name); on || effects != 2 {
			t.Errorf("%s is on: %v, after %d effects", name, on, effects)
		}
	}
	if undo.Status != playbook.Succeeded || undo.Start.Undoes != v.ID || undo.Start.By != "riposte, because it expired" || undo.Start.Expired == "" {
		t.Errorf("undo %+v: %s %s", undo.Start, undo.Status, undo.Why)
	}
	if waited := undo.Started.Sub(began); waited < 20*time.Second {
		t.Errorf("taken back after %s", waited)
	}
	if _, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"}); fault.CodeOf(err) != fault.Conflict || !strings.Contains(err.Error(), "when it expired") {
		t.Errorf("a person's undo afterwards: %v", err)
	}
	eventually(t, "the index", func() bool {
		list, err := r.index.Expiries(t.Context())
		return err == nil && len(list) == 0
	})
	if notices := r.inbox.all(); len(notices) != 2 || notices[1].Start.Undoes != v.ID {
		t.Errorf("notices %+v", notices)
	}
}

// However long riposte was away, and however often it starts: once.
func TestWhatExpiresOutlivesARestart(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	if len(v.Expiries) != 1 || !v.Expiries[0].At.Equal(v.Visits[0].Tries[0].Effect.At.Add(24*time.Hour)) || v.Expiries[0].Execution != "" {
		t.Fatalf("expiries %+v", v.Expiries)
	}
	p.kill()

	p = r.boot(fixFor, r.journal, nil) // too early
	p.resume(t)
	if list, err := r.index.Expiries(t.Context()); err != nil || len(list) != 1 || list[0].Execution != v.ID {
		t.Fatalf("pending %+v, %v", list, err)
	}
	p.kill()
	if on, _ := r.world.is("lamp"); !on {
		t.Fatal("it was taken back before its time")
	}

	r.clock.advance(25 * time.Hour)
	for range 3 {
		p = r.boot(fixFor, r.journal, nil)
		p.resume(t)
		p.expired(t, v.ID)
		p.kill()
	}
	if on, effects := r.world.is("lamp"); on || effects != 2 {
		t.Errorf("the lamp is on: %v, after %d effects", on, effects)
	}
}

// A pause isn't a person's word against it, but holds it up; what is protected stays.
func TestAPauseHoldsUpWhatExpires(t *testing.T) {
	r := newRig(t, "lamp")
	policy := &guard.Policy{}
	kill := r.realGuard(policy)
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	kill.set(true)
	p.kill()
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	undo, why := p.held(t, v.ID)
	if !strings.Contains(why, "ana paused everything") {
		t.Errorf("held because %q", why)
	}
	r.world.mu.Lock()
	looked := r.world.requests
	r.world.mu.Unlock()
	p.kill()
	p = r.boot(fixFor, r.journal, nil) // a pause outlives a restart
	p.resume(t)
	p.held(t, v.ID)
	if on, effects := r.world.is("lamp"); !on || effects != 1 || r.world.requests != looked {
		t.Errorf("the lamp is on: %v, after %d effects and %d looks during the pause", on, effects, r.world.requests-looked)
	}
	kill.set(false)
	if end := p.end(t, undo); end.Status != playbook.Succeeded || end.Held != "" {
		t.Errorf("%s, held %q", end.Status, end.Held)
	}
	if on, effects := r.world.is("lamp"); on || effects != 2 {
		t.Errorf("after the pause the lamp is on: %v, after %d effects", on, effects)
	}
	_, lines := r.told(t, undo, playbook.Succeeded)
	record := strings.Join(lines, "\n")
	for _, want := range []string{"of execution " + v.ID + " did is to be taken back, because it expired.", "decision  It may not go on for now: the call was not made: ana paused everything"} {
		if strings.Count(record, want) != 1 {
			t.Errorf("the audit record is not told %q once:\n%s", want, record)
		}
	}
}

func TestWhatIsProtectedDoesNotExpire(t *testing.T) {
	r := newRig(t, "lamp")
	policy := &guard.Policy{}
	r.realGuard(policy)
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	p.kill()
	policy.Protected = []string{"*:switch/lamp"}
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	undo := p.expired(t, v.ID)
	if on, effects := r.world.is("lamp"); !on || effects != 1 || undo.Plans[0].Items[0].Status != action.Escalated {
		t.Errorf("the lamp is on: %v, after %d effects; %+v", on, effects, undo.Plans)
	}
}

// A person's undo goes first, also through a pause. What another response did to the same resource since then is not taken
// back with it.
func TestWhatWasUndoneByHandDoesNotExpire(t *testing.T) {
	r := newRig(t, "lamp")
	kill := r.realGuard(&guard.Policy{})
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	kill.set(true)
	if undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana", Step: "Fix"}); err != nil || undone.Status != playbook.Succeeded {
		t.Fatalf("%+v, %v", undone, err)
	}
	kill.set(false)
	again := startFor("48h", "lamp")
	again.Cause = "cause-2"
	p.run(t, again)
	p.kill()
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	if got, err := p.Get(t.Context(), v.ID); err != nil || len(got.Expiries) != 1 || !got.Expiries[0].ByHand || got.Expiries[0].Execution != "" {
		t.Errorf("expiries %+v, %v", got.Expiries, err)
	}
	list, err := r.index.Expiries(t.Context())
	if err != nil || len(list) != 1 || list[0].Execution == v.ID {
		t.Errorf("pending %+v, %v", list, err)
	}
	if on, effects := r.world.is("lamp"); !on || effects != 3 {
		t.Errorf("the lamp is on: %v, after %d effects", on, effects)
	}
}

// By hand while riposte waits for the end of a pause: nothing is left to take back.
func TestUndoneByHandWhileItIsHeldUp(t *testing.T) {
	r := newRig(t, "lamp")
	kill := r.realGuard(&guard.Policy{})
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	kill.set(true)
	p.kill()
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	undo, _ := p.held(t, v.ID)
	if undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"}); err != nil || undone.Status != playbook.Succeeded {
		t.Fatalf("%+v, %v", undone, err)
	}
	r.world.mu.Lock()
	r.world.on["lamp"] = true // somebody else's doing
	r.world.mu.Unlock()
	kill.set(false)
	if end := p.end(t, undo); end.Status != playbook.Succeeded {
		t.Errorf("%s: %s", end.Status, end.Why)
	}
	if on, effects := r.world.is("lamp"); !on || effects != 2 {
		t.Errorf("the lamp is on: %v, after %d effects", on, effects)
	}
}

func TestWhatCannotBeTakenBackAtOnceIsTriedAgain(t *testing.T) {
	r := newRig(t, "lamp")
	r.realGuard(&guard.Policy{})
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	failures := 2
	r.world.fail = func(_ string, call int) error {
		if call > 1 && failures > 0 {
			failures--
			return fault.New(fault.Denied, "may not, for now")
		}
		return nil
	}
	v := p.run(t, startFor("20s", "lamp"))
	if undo := p.expired(t, v.ID); undo.Status != playbook.Succeeded || len(undo.Visits[1].Tries) != 3 {
		t.Errorf("%s after %d tries: %s", undo.Status, len(undo.Visits[1].Tries), undo.Why)
	}
	if on, effects := r.world.is("lamp"); on || effects != 2 {
		t.Errorf("the lamp is on: %v, after %d effects", on, effects)
	}
}

func TestAConflictIsTold(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	p.kill()
	delete(r.world.on, "lamp") // somebody took it away
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	undo := p.expired(t, v.ID)
	notices := r.inbox.all()
	if told := notices[len(notices)-1]; len(undo.Plans) != 1 || told.Execution != undo.ID || told.Plans[0].Items[0].Status != action.Conflict {
		t.Errorf("told %+v", told)
	}
	eventually(t, "nothing to be taken back again", func() bool {
		pending, err := r.index.Expiries(t.Context())
		return err == nil && len(pending) == 0
	})
}

func TestAnEndThatMakesNoSense(t *testing.T) {
	r := newRig(t, "lamp")
	p := r.boot(fixFor, r.journal, nil)
	for i, d := range []string{"0s", "-1h", "tomorrow", "9000h", "24"} {
		s := startFor(d, "lamp")
		s.Rule = fmt.Sprint("rule-", i)
		if v := p.run(t, s); v.Error != playbook.ErrInvalidInput || !strings.Contains(v.Why, "no time up to a year") {
			t.Errorf("%s: %s %s", d, v.Error, v.Why)
		}
	}
	fused := r.boot(strings.Replace(fixFor, "fake.switch-on", "fake.blow-fuse", 1), r.journal, nil)
	if v := fused.run(t, startFor("1h", "lamp")); v.Error != playbook.ErrInvalidInput || !strings.Contains(v.Why, "a fuse blows once") {
		t.Errorf("irreversible: %s %s", v.Error, v.Why)
	}
	if _, effects := r.world.is("lamp"); effects != 0 {
		t.Errorf("%d effects", effects)
	}
}

// A guard that can't be evaluated holds it up like a pause, and lets it go on.
func TestAGuardThatFailsHoldsUpWhatExpires(t *testing.T) {
	r := newRig(t, "lamp")
	broken := r.realGuard(&guard.Policy{})
	p := r.boot(fixFor, r.journal, nil)
	p.resume(t)
	v := p.run(t, startFor("24h", "lamp"))
	p.kill()
	broken.err = errors.New("disk on fire")
	r.clock.advance(25 * time.Hour)
	p = r.boot(fixFor, r.journal, nil)
	p.resume(t)
	undo, why := p.held(t, v.ID)
	if !strings.Contains(why, "disk on fire") {
		t.Errorf("held because %q", why)
	}
	broken.mu.Lock()
	broken.err = nil
	broken.mu.Unlock()
	if end := p.end(t, undo); end.Status != playbook.Succeeded {
		t.Errorf("%s: %s", end.Status, end.Why)
	}
}
