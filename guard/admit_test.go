package guard

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/event"
)

func TestAdmit(t *testing.T) {
	at := func(d time.Duration) func(*event.Record) { return func(r *event.Record) { r.EventTime = noon.Add(d) } }
	tests := []struct {
		name   string
		mode   Mode
		maxAge time.Duration
		mutate func(*event.Record)
		want   Outcome
		says   string
	}{
		{"fresh", Auto, 0, nil, Respond, ""},
		{"fresh, to be approved", Approve, 0, nil, Respond, ""},
		{"fresh, dry run", DryRun, 0, nil, Respond, ""},
		{"fresh, notify", Notify, 0, nil, NotifyOnly, "mode is notify"},
		{"no mode", "", 0, nil, NotifyOnly, `no mode ""`},
		{"unknown mode", "yolo", 0, nil, NotifyOnly, "notify, dry-run, approve, auto"},
		{"denied", Auto, 0, func(r *event.Record) { r.ErrorCode = "AccessDenied" }, NotifyOnly, "failed with AccessDenied"},
		{"an hour old", Auto, 0, at(-time.Hour), Respond, ""},
		{"an hour and a little old", Auto, 0, at(-time.Hour - time.Second), NotifyOnly, "1h0m1s ago"},
		{"old, but the rule is patient", Auto, 24 * time.Hour, at(-23 * time.Hour), Respond, ""},
		{"young, but the rule is not", Auto, time.Minute, at(-2 * time.Minute), NotifyOnly, "2m0s ago"},
		{"a fast clock", Auto, 0, at(MaxSkew), Respond, ""},
		{"the future", Auto, 0, at(MaxSkew + time.Second), NotifyOnly, "in the future"},
		{"no time", Auto, 0, func(r *event.Record) { r.EventTime = time.Time{} }, NotifyOnly, "does not say when"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{})
			v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: tt.mode, MaxAge: tt.maxAge, Event: record(t, tt.mutate)})
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != tt.want || !strings.Contains(strings.Join(v.Reasons, " "), tt.says) {
				t.Errorf("verdict = %+v, want %s that says %q", v, tt.want, tt.says)
			}
			if v.Outcome == Respond && v.Mode != tt.mode {
				t.Errorf("mode = %s, want the rule's %s", v.Mode, tt.mode)
			}
		})
	}
}

func TestAdmitOtherEvents(t *testing.T) {
	envelope := func(detailType, detail string) *event.Envelope {
		return &event.Envelope{ID: "e", Source: "aws.x", DetailType: detailType, Time: noon, Detail: []byte(detail)}
	}
	tests := []struct {
		name  string
		event *event.Envelope
		want  Outcome
	}{
		{"none", nil, NotifyOnly},
		{"a compliance change", envelope("Config Rules Compliance Change", `{}`), Respond},
		{"an insight, which is no call", envelope(event.Insight, `{"insightDetails":{}}`), Respond},
		{"a call without a record", envelope(event.APICall, `{}`), NotifyOnly},
		{"a finding of now", envelope(event.FindingsImported, `{"findings":[{"LastObservedAt":"2026-03-01T11:59:00Z"}]}`), Respond},
		{"a finding published now of yesterday", envelope(event.FindingsImported, `{"findings":[{"LastObservedAt":"2026-02-28T11:59:00Z"}]}`), NotifyOnly},
		{"a finding that does not say", envelope(event.FindingsImported, `{"findings":[{}]}`), Respond},
		{"a finding of no time", envelope(event.FindingsImported, `{"findings":[{"LastObservedAt":"soon"}]}`), NotifyOnly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := newGuard(t, &clock{now: noon}, Options{}).Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: tt.event})
			if err != nil || v.Outcome != tt.want {
				t.Errorf("verdict = %+v, %v, want %s", v, err, tt.want)
			}
		})
	}
}

// Whatever the event: a response starts only by a stranger's call that succeeded, within its age, in a mode that may.
func TestAdmitRespondsOnlyWhenEverythingAllowsIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		byUs := rapid.Bool().Draw(rt, "by us")
		known := rapid.Bool().Draw(rt, "known")
		failed := rapid.Bool().Draw(rt, "failed")
		broken := rapid.Bool().Draw(rt, "store broken")
		age := time.Duration(rapid.Int64Range(-int64(2*MaxSkew), int64(3*time.Hour)).Draw(rt, "age"))
		maxAge := time.Duration(rapid.SampledFrom([]int64{0, int64(time.Minute), int64(2 * time.Hour)}).Draw(rt, "max age"))
		mode := rapid.SampledFrom([]Mode{Notify, DryRun, Approve, Auto, "", "AUTO"}).Draw(rt, "mode")

		requests := &fakeRequests{known: map[string]bool{"req-1": known}}
		if broken {
			requests.err = context.DeadlineExceeded
		}
		e := record(t, func(r *event.Record) {
			if byUs {
				asResponder(r)
			}
			if failed {
				r.ErrorCode = "AccessDenied"
			}
			r.EventTime = noon.Add(-age)
		})
		v, err := newGuard(t, &clock{now: noon}, Options{Requests: requests}).Admit(context.Background(), Admission{Rule: "r", Mode: mode, MaxAge: maxAge, Event: e})
		if err != nil {
			rt.Fatal(err)
		}
		limit := maxAge
		if limit == 0 {
			limit = DefaultMaxAge
		}
		want := NotifyOnly
		switch {
		case byUs && broken:
		case byUs && known:
			want = Ignore
		case byUs:
			want = Misuse
		case !failed && age <= limit && age >= -MaxSkew && (mode == DryRun || mode == Approve || mode == Auto):
			want = Respond
		}
		if v.Outcome != want {
			rt.Fatalf("outcome = %s (%v), want %s", v.Outcome, v.Reasons, want)
		}
		if v.Outcome == Respond && v.Mode != mode || v.Outcome != Respond && (v.Mode != Notify || len(v.Reasons) == 0) {
			rt.Fatalf("verdict = %+v: a response keeps the rule's mode, everything else is notify with a reason", v)
		}
	})
}
