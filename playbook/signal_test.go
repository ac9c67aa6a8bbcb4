package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// waitsForToken tells people a token and waits until one of them signals.
const waitsForToken = `
StartAt: Ask
States:
  Ask:
    Type: Task
    Resource: riposte:notify.waitForTaskToken
    Parameters: {message.$: $$.Task.Token}
    TimeoutSeconds: 3600
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.failed, Next: Caught}]
    ResultPath: $.said
    End: true
  Caught: {Type: Pass, End: true}
`

// token waits until people were told the token.
func (r *rig) token(t *testing.T, n int) string {
	t.Helper()
	eventually(t, "a token", func() bool { return len(r.inbox.all()) == n })
	return r.inbox.all()[n-1].Message
}

func (p *process) begin(t *testing.T, s playbook.Start) string {
	t.Helper()
	id, started, err := p.Start(t.Context(), s)
	if err != nil || !started {
		t.Fatalf("%v, %v", started, err)
	}
	return id
}

func (p *process) wait(t *testing.T, id string) playbook.View {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	v, err := p.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestASignalEndsATask(t *testing.T) {
	for name, tt := range map[string]struct {
		signal playbook.Signal
		output string
	}{
		"success": {playbook.Signal{Output: json.RawMessage(`{"ok":true}`)}, `{"names":null,"said":{"ok":true}}`},
		"failure": {playbook.Signal{Failed: true, Error: "No", Cause: "because"}, `{"names":null,"failed":{"Error":"No","Cause":"because"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			p := r.boot(waitsForToken, r.journal, nil)
			p.resume(t)
			id := p.begin(t, start(guard.Auto))
			s := tt.signal
			s.Token, s.By = r.token(t, 1), "ana"
			if err := p.Signal(t.Context(), playbook.Signal{Token: s.Token, Beat: true}); err != nil {
				t.Errorf("the sign of life: %v", err)
			}
			if err := p.Signal(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if v := p.wait(t, id); v.Status != playbook.Succeeded || string(v.Output) != tt.output {
				t.Errorf("%s %s", v.Status, v.Output)
			}
			for _, again := range []playbook.Signal{s, {Token: s.Token, Beat: true}} {
				if err := p.Signal(t.Context(), again); !errors.Is(err, playbook.ErrTaskTimedOut) || fault.CodeOf(err) != fault.Conflict {
					t.Errorf("the second signal %+v: %v", again, err)
				}
			}
			eventually(t, "the signal to be told", func() bool {
				for _, e := range r.index.Audit() {
					if e.Kind == audit.Answer && e.Actor == "ana" && strings.HasPrefix(e.Text, "ana signalled that the task has ") {
						return true
					}
				}
				return false
			})
		})
	}
}

func TestSignalsThatAreRefused(t *testing.T) {
	r := newRig(t)
	p := r.boot(waitsForToken, r.journal, nil)
	p.resume(t)
	p.begin(t, start(guard.Auto))
	token := r.token(t, 1)
	for name, tt := range map[string]struct {
		signal playbook.Signal
		want   error
	}{
		"no token of ours":      {playbook.Signal{Token: "AAAA", Output: json.RawMessage("1")}, playbook.ErrInvalidToken},
		"another task's":        {playbook.Signal{Token: token[:21] + strings.Repeat("0", 32), Output: json.RawMessage("1")}, playbook.ErrInvalidToken},
		"no such execution":     {playbook.Signal{Token: strings.Repeat("0", 20) + token[20:], Output: json.RawMessage("1")}, playbook.ErrNoSuchTask},
		"an output not JSON":    {playbook.Signal{Token: token, Output: json.RawMessage("{")}, playbook.ErrInvalidOutput},
		"an output too large":   {playbook.Signal{Token: token, Output: json.RawMessage(`"` + strings.Repeat("x", 256<<10) + `"`)}, playbook.ErrInvalidOutput},
		"the beat of nothing":   {playbook.Signal{Token: "", Beat: true}, playbook.ErrInvalidToken},
		"a failure of no token": {playbook.Signal{Failed: true, Error: "No"}, playbook.ErrInvalidToken},
	} {
		if err := p.Signal(t.Context(), tt.signal); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// A task that waits survives a restart, and its call is not made again.
func TestATokenSurvivesARestart(t *testing.T) {
	r := newRig(t)
	p := r.boot(waitsForToken, r.journal, nil)
	p.resume(t)
	id := p.begin(t, start(guard.Auto))
	token := r.token(t, 1)
	eventually(t, "the call to be on record", func() bool {
		v, err := p.Get(t.Context(), id)
		return err == nil && v.Visits[0].Tries[0].Effect != nil
	})
	p.kill()
	p = r.boot(waitsForToken, r.journal, func(p playbook.Progress) {
		if p.Step == playbook.StepNotified {
			t.Error("the call was made again")
		}
	})
	p.resume(t)
	if err := p.Signal(t.Context(), playbook.Signal{Token: token, Output: json.RawMessage(`"yes"`)}); err != nil {
		t.Fatal(err)
	}
	if v := p.wait(t, id); v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), `"said":"yes"`) || len(r.inbox.all()) != 1 {
		t.Errorf("%s %s; people were told %d times", v.Status, v.Output, len(r.inbox.all()))
	}
}

// Who is called may signal before the call has returned.
func TestASignalBeforeTheAnswer(t *testing.T) {
	r := newRig(t)
	early := &earlyInbox{inbox: r.inbox}
	p := r.bootWith(waitsForToken, r.journal, nil, func(o *playbook.Options) { o.Notifier = early })
	p.resume(t)
	early.told = func(token string) {
		hasty, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		stop() // it does not wait until the signal is taken, which is after the call
		_ = p.Signal(hasty, playbook.Signal{Token: token, Output: json.RawMessage(`"quick"`)})
		if err := p.Signal(context.WithoutCancel(t.Context()), playbook.Signal{Token: token, Beat: true}); err != nil {
			t.Errorf("the call is not awaited: %v", err)
		}
	}
	id := p.begin(t, start(guard.Auto))
	if v := p.wait(t, id); !strings.Contains(string(v.Output), `"said":"quick"`) || v.Visits[0].Tries[0].Effect == nil || !v.Visits[0].Tries[0].Effect.Notified {
		t.Errorf("%s: %+v", v.Output, v.Visits[0].Tries[0])
	}
}

// earlyInbox tells of a notice before it has been told.
type earlyInbox struct {
	*inbox
	told func(message string)
}

func (i *earlyInbox) Notify(ctx context.Context, key string, n playbook.Notice) error {
	i.told(n.Message)
	return i.inbox.Notify(ctx, key, n)
}

func TestATaskWithoutSignsOfLife(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"that waits for a token": {strings.Replace(waitsForToken, "TimeoutSeconds: 3600", "TimeoutSeconds: 3600\n    HeartbeatSeconds: 20", 1), "States.HeartbeatTimeout"},
		"that is late":           {strings.Replace(waitsForToken, "TimeoutSeconds: 3600", "TimeoutSeconds: 20", 1), "States.Timeout"},
		"at work": {`
StartAt: Fix
States:
  Fix:
    Type: Task
    Resource: riposte:action:fake.hangs
    TimeoutSeconds: 3600
    HeartbeatSeconds: 20
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.failed, Next: Caught}]
    End: true
  Caught: {Type: Pass, End: true}
`, "States.HeartbeatTimeout"},
		"that never answers": {`
StartAt: Fix
States:
  Fix:
    Type: Task
    Resource: riposte:action:fake.hangs
    TimeoutSeconds: 20
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.failed, Next: Caught}]
    End: true
  Caught: {Type: Pass, End: true}
`, "States.Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			p := r.boot(tt.text, r.journal, nil)
			p.resume(t)
			v := p.run(t, start(guard.Auto))
			if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), `"failed":{"Error":"`+tt.want+`"`) {
				t.Errorf("%s %s %s: %s", v.Status, v.Error, v.Why, v.Output)
			}
		})
	}
}
