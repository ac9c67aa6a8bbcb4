package playbook

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// oldRequests is an index that knows one request and one lost call.
type oldRequests struct {
	Index
	lost    Request
	running []Summary
	err     error
}

func (o oldRequests) List(_ context.Context, f Filter) ([]Summary, error) {
	if f.Status != Running {
		return nil, errors.New("only running ones are asked for")
	}
	return o.running, o.err
}

func (o oldRequests) Request(_ context.Context, id string) (Request, error) {
	if id == "old" {
		return Request{ID: id}, nil
	}
	if o.err != nil {
		return Request{}, o.err
	}
	return Request{}, fault.New(fault.NotFound, "no")
}

func (o oldRequests) Lost(context.Context, time.Time) ([]Request, error) {
	return []Request{o.lost}, o.err
}

func TestLedgerKnows(t *testing.T) {
	l := NewLedger(oldRequests{})
	l.keepIDs = 3
	for i := range 5 {
		l.note([]action.Receipt{{RequestID: fmt.Sprintf("r%d", i)}, {RequestID: ""}, {RequestID: fmt.Sprintf("r%d", i)}})
	}
	for id, want := range map[string]bool{"r0": false, "r1": false, "r2": true, "r3": true, "r4": true, "old": true, "": false} {
		if got, err := l.Known(t.Context(), id); err != nil || got != want {
			t.Errorf("Known(%q) = %v, %v; want %v", id, got, err, want)
		}
	}
	if len(l.known) != 3 {
		t.Errorf("%d ids in memory, want 3", len(l.known))
	}
	broken := NewLedger(oldRequests{err: errors.New("disk")})
	if _, err := broken.Known(t.Context(), "r"); err == nil {
		t.Error("an index that fails says that the request is not ours")
	}
	if _, err := broken.Lost(t.Context(), "s", "o", "a", time.Now()); err == nil {
		t.Error("an index that fails says that the call was not lost")
	}
}

func TestLedgerPending(t *testing.T) {
	l := NewLedger(oldRequests{})
	first, second := l.hold(), l.hold()
	first()
	first()
	if pending, _ := l.Pending(t.Context()); !pending {
		t.Error("a task is open but nothing is pending")
	}
	second()
	if pending, _ := l.Pending(t.Context()); pending {
		t.Error("every task is done but something is pending")
	}
	elsewhere := NewLedger(oldRequests{running: []Summary{{ID: "e"}}})
	if pending, err := elsewhere.Pending(t.Context()); !pending || err != nil {
		t.Errorf("another riposte's execution runs but nothing is pending: %v", err)
	}
	if _, err := NewLedger(oldRequests{err: errors.New("disk")}).Pending(t.Context()); err == nil {
		t.Error("an index that fails says that nothing is pending")
	}
}

func TestLedgerLost(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := NewLedger(oldRequests{lost: Request{Service: "ec2", Operation: "RevokeSecurityGroupIngress", Account: "1", At: at}})
	for range keepLost + 5 {
		l.noteLost([]Request{{Service: "x", Operation: "y", Account: "1", At: at}})
	}
	l.noteLost([]Request{{Service: "cloudtrail", Operation: "StartLogging", Account: "1", At: at}})
	if len(l.lost) != keepLost {
		t.Errorf("%d lost calls in memory", len(l.lost))
	}
	for _, tt := range []struct {
		service, operation, account string
		after                       time.Duration
		want                        bool
	}{
		{"cloudtrail", "StartLogging", "1", time.Minute, true},
		{"ec2", "RevokeSecurityGroupIngress", "1", -time.Minute, true},
		{"cloudtrail", "StopLogging", "1", 0, false},
		{"cloudtrail", "StartLogging", "2", 0, false},
		{"cloudtrail", "StartLogging", "1", time.Hour, false},
		{"cloudtrail", "StartLogging", "1", -time.Hour, false},
	} {
		if got, err := l.Lost(t.Context(), tt.service, tt.operation, tt.account, at.Add(tt.after)); err != nil || got != tt.want {
			t.Errorf("%+v: %v, %v", tt, got, err)
		}
	}
}

func TestRecords(t *testing.T) {
	for name, data := range map[string]string{
		"not JSON":        `{`,
		"later version":   `{"v":2,"kind":"started"}`,
		"no begin":        `{"v":1,"kind":"started"}`,
		"no step":         `{"v":1,"kind":"ended"}`,
		"unknown kind":    `{"v":1,"kind":"dreamt","step":{}}`,
		"a wrong content": `{"v":1,"kind":"intent","step":{}}`,
	} {
		if _, err := DecodeRecord([]byte(data)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want code invalid", name, err)
		}
	}
	for name, data := range map[string][]string{
		"nothing":       nil,
		"no start":      {`{"v":1,"kind":"entered","step":{"kind":"entered"}}`},
		"started twice": {started, started},
		"bad machine":   {`{"v":1,"kind":"started","begin":{"definition":{"StartAt":"A"}}}`},
	} {
		var entries []Entry
		for _, d := range data {
			entries = append(entries, Entry{Seq: 1, Data: []byte(d)})
		}
		if _, err := fold("x", entries, nil); err == nil {
			t.Errorf("%s: the journal is taken as an execution's", name)
		}
	}
	if ID("ab", "c") == ID("a", "bc") {
		t.Error("two rules and causes have one id")
	}
}

const started = `{"v":1,"kind":"started","begin":{"definition":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}}}`

func FuzzRecord(f *testing.F) {
	f.Add([]byte(started), []byte(`{"v":1,"kind":"entered","step":{"kind":"entered","state":"A","input":{}}}`))
	f.Add([]byte(started), []byte(`{"v":1,"kind":"ended","step":{"kind":"ended","status":"SUCCEEDED"}}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		e, err := fold("x", []Entry{{Seq: 1, Data: first}, {Seq: 2, Data: second}}, nil)
		if err != nil {
			return
		}
		e.notice()
		e.machine.Next(e.state)
	})
}
