package detect

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/guard"
)

// minutes keeps what was refused.
type minutes struct {
	mu   sync.Mutex
	list []Refusal
	err  error
}

func (m *minutes) Refused(_ context.Context, r Refusal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.list = append(m.list, r)
	}
	return m.err
}

func TestWhatDoesNotStartIsKept(t *testing.T) {
	paused := guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify, Reasons: []string{"Everything is paused."},
		Trace: []guard.Step{{Stage: "age", Answer: guard.Passed}, {Stage: "pause", Answer: guard.Refused}, {Stage: "mode", Answer: guard.NotAsked}}}
	tests := []struct {
		name    string
		rule    string // stopped, if empty
		verdict *guard.Verdict
		err     error
		start   error
		events  []string // cN; one, if empty
		want    []string // by and a part of its reason
		started int
	}{
		{name: "it starts", started: 1},
		{name: "paused", verdict: &paused, want: []string{"pause: Everything is paused."}},
		{name: "our own", verdict: &guard.Verdict{Outcome: guard.Ignore, Mode: guard.Notify, Reasons: []string{"It is riposte's own."}, Trace: []guard.Step{{Stage: "own change", Answer: guard.Refused}}},
			want: []string{"own change: It is riposte's own."}},
		{name: "misuse", verdict: &guard.Verdict{Outcome: guard.Misuse, Mode: guard.Notify, Reasons: []string{"Not ours."}}, want: []string{"guard: Not ours."}},
		{name: "the guard is broken", err: fault.New(fault.Internal, "broken"), want: []string{"guard: Nothing was done because the guard could not decide: broken."}},
		{name: "no input", rule: strings.Replace(stopped, "$.detail.requestParameters.name, region", "$.detail.nothing, region", 1), want: []string{"input: The playbook's input could not be made"}},
		{name: "no playbook", start: fault.New(fault.NotFound, "there is no playbook"), want: []string{"start: The response could not be started: there is no playbook."}},
		{name: "in the cooldown", events: []string{"c1", "c2"}, want: []string{"cooldown: It waits 1m0s"}, started: 1},
		{name: "no response to start", rule: strings.NewReplacer("respond: {", "# respond: {", ", playbook: restart-trail", "").Replace(stopped), verdict: &paused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, m := newWorld(), &minutes{}
			if tt.verdict != nil || tt.err != nil {
				w.verdict = func(guard.Admission) (guard.Verdict, error) {
					if tt.err != nil {
						return guard.Verdict{}, tt.err
					}
					return *tt.verdict, nil
				}
			}
			w.fail["start"] = tt.start
			rule := tt.rule
			if rule == "" {
				rule = stopped
			}
			e := w.engine(t, rule, func(o *Options) { o.Refusals, o.Postponer = m, &later{kept: map[string]Postponed{}} })
			events := tt.events
			if events == nil {
				events = []string{"c1"}
			}
			for _, id := range events {
				if err := e.Handle(context.Background(), stopLogging(t, id), w.now); err != nil {
					t.Fatal(err)
				}
			}
			if len(m.list) != len(tt.want) || len(w.started) != tt.started {
				t.Fatalf("refused %+v, want %q; %d started", m.list, tt.want, len(w.started))
			}
			for i, r := range m.list {
				if got := r.By + ": " + strings.Join(r.Reasons, " "); !strings.HasPrefix(got, tt.want[i]) {
					t.Errorf("refused by %q, want %q", got, tt.want[i])
				}
				if r.Rule != "trail-stopped" || r.Playbook != "restart-trail" || r.Mode != guard.Auto || r.Cause != stopLogging(t, events[len(events)-1]).Cause() ||
					r.Account != "111122223333" || r.Region != "eu-west-1" || !strings.HasSuffix(r.Resource, ":trail/audit") {
					t.Errorf("refusal %+v", r)
				}
			}
		})
	}
}

func TestAnEscalationThatDoesNotStartIsKept(t *testing.T) {
	w, m := newWorld(), &minutes{}
	w.verdict = func(a guard.Admission) (guard.Verdict, error) {
		if a.Rule == "trail-stopped" {
			return guard.Verdict{Outcome: guard.Respond, Mode: a.Mode}, nil
		}
		return guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify, Reasons: []string{"Paused."}, Trace: []guard.Step{{Stage: "pause", Answer: guard.Refused}}}, nil
	}
	e := w.engine(t, strings.Replace(fighting, "cooldown: 1m", "cooldown: 0s", 1), func(o *Options) { o.Refusals = m })
	for i := 1; i <= 3; i++ {
		if err := e.Handle(context.Background(), stopAt(t, fmt.Sprint("c", i), i), w.now); err != nil {
			t.Fatal(err)
		}
		w.sleep(time.Second)
	}
	if len(m.list) != 1 || m.list[0].Rule != "trail-stopped/escalate" || m.list[0].Playbook != "contain" || m.list[0].Mode != guard.Approve || m.list[0].By != "pause" {
		t.Errorf("refused %+v", m.list)
	}
}

func TestARefusalThatCannotBeKeptComesAgain(t *testing.T) {
	w, m := newWorld(), &minutes{err: errDown}
	w.verdict = func(guard.Admission) (guard.Verdict, error) {
		return guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify, Reasons: []string{"Too old."}}, nil
	}
	e := w.engine(t, stopped, func(o *Options) { o.Refusals = m })
	if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); !fault.Retryable(err) {
		t.Errorf("error %v", err)
	}
	m.err = nil
	if err := e.Handle(context.Background(), stopLogging(t, "c1"), w.now); err != nil || len(m.list) != 1 {
		t.Errorf("refused %+v, error %v", m.list, err)
	}
}
