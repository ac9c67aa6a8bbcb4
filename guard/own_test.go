package guard

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"riposte.dev/event"
)

// asResponder makes the record one of a session of riposte's role.
func asResponder(r *event.Record) {
	r.UserIdentity = event.Identity{Type: "AssumedRole", AccountID: account, ARN: "arn:aws:sts::111122223333:assumed-role/riposte-responder/session"}
	r.UserIdentity.SessionContext.SessionIssuer.ARN = roleARN
}

func TestOwnChange(t *testing.T) {
	tests := []struct {
		name     string
		mutate   func(*event.Record)
		requests fakeRequests
		lost     Lost
		want     Outcome
		says     string
	}{
		{"a stranger", nil, fakeRequests{}, nil, Respond, ""},
		{"a stranger with one of our request ids", nil, fakeRequests{known: map[string]bool{"req-1": true}}, nil, Respond, ""},
		{"a stranger with our user agent", func(r *event.Record) { r.UserAgent = "riposte/1.0" }, fakeRequests{}, nil, Respond, ""},
		{"a stranger with our session name", func(r *event.Record) {
			r.UserIdentity.ARN = "arn:aws:sts::111122223333:assumed-role/admin/riposte-responder"
			r.UserIdentity.SessionContext.SessionIssuer.ARN = "arn:aws:iam::111122223333:role/admin"
		}, fakeRequests{known: map[string]bool{"req-1": true}}, nil, Respond, ""},
		{"ours", asResponder, fakeRequests{known: map[string]bool{"req-1": true}}, nil, Ignore, "req-1"},
		{"ours, although it failed", func(r *event.Record) { asResponder(r); r.ErrorCode = "AccessDenied" }, fakeRequests{known: map[string]bool{"req-1": true}}, nil, Ignore, ""},
		{"our role, unknown request", asResponder, fakeRequests{}, nil, Misuse, "Revoke"},
		{"our role, unknown request that failed", func(r *event.Record) { asResponder(r); r.ErrorCode = "AccessDenied" }, fakeRequests{}, nil, Misuse, ""},
		{"our role, no request id", func(r *event.Record) { asResponder(r); r.RequestID = "" }, fakeRequests{known: map[string]bool{"": true}}, nil, Misuse, "unknown"},
		{"our role by session ARN only", func(r *event.Record) {
			asResponder(r)
			r.UserIdentity.SessionContext.SessionIssuer.ARN = ""
		}, fakeRequests{}, nil, Misuse, ""},
		{"the role of that name in another account", func(r *event.Record) {
			r.UserIdentity.ARN = "arn:aws:sts::999999999999:assumed-role/riposte-responder/session"
		}, fakeRequests{}, nil, Respond, ""},
		{"a service on behalf of our role", func(r *event.Record) { asResponder(r); r.UserIdentity.InvokedBy = "cloudtrail.amazonaws.com" }, fakeRequests{}, nil, NotifyOnly, "on behalf"},
		{"our role, an answer was lost", asResponder, fakeRequests{}, fakeLost{lost: true}, NotifyOnly, "probably"},
		{"our role, another call's answer was lost", func(r *event.Record) { asResponder(r); r.EventName = "DeleteTrail" }, fakeRequests{}, fakeLost{lost: true}, Misuse, ""},
		{"requests cannot be read", asResponder, fakeRequests{err: errors.New("disk on fire")}, nil, NotifyOnly, "disk on fire"},
		{"lost calls cannot be read", asResponder, fakeRequests{}, fakeLost{err: errors.New("disk on fire")}, NotifyOnly, "disk on fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{Requests: &tt.requests, Lost: tt.lost})
			v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: record(t, tt.mutate)})
			if err != nil {
				t.Fatal(err)
			}
			if v.Outcome != tt.want || !strings.Contains(strings.Join(v.Reasons, " "), tt.says) {
				t.Errorf("verdict = %+v, want %s that says %q", v, tt.want, tt.says)
			}
		})
	}
}

func TestOwnChangeOfAUser(t *testing.T) {
	const userARN = "arn:aws:iam::111122223333:user/riposte"
	for _, responder := range []string{userARN, "arn:aws:iam::*:user/riposte"} {
		g := newGuard(t, &clock{now: noon}, Options{Responders: []string{responder}})
		e := record(t, func(r *event.Record) { r.UserIdentity.ARN = userARN })
		if v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: e}); err != nil || v.Outcome != Misuse {
			t.Errorf("responder %s: verdict = %+v, %v, want misuse", responder, v, err)
		}
	}
}

func TestOpenIntentsAreAwaited(t *testing.T) {
	learnAt := func(n int) func(int, *fakeRequests) {
		return func(look int, f *fakeRequests) {
			if look == n {
				f.known, f.pending = map[string]bool{"req-1": true}, false
			}
		}
	}
	tests := []struct {
		name     string
		requests fakeRequests
		want     Outcome
		slept    time.Duration
	}{
		{"known at once: nobody waits", fakeRequests{pending: true, known: map[string]bool{"req-1": true}}, Ignore, 0},
		{"nothing open: nobody waits", fakeRequests{}, Misuse, 0},
		{"the outcome comes", fakeRequests{pending: true, learn: learnAt(4)}, Ignore, 3 * DefaultPoll},
		{"it comes at the last look", fakeRequests{pending: true, learn: learnAt(81)}, Ignore, DefaultAwait},
		{"it comes too late", fakeRequests{pending: true, learn: learnAt(82)}, Misuse, DefaultAwait},
		{"another intent's outcome comes", fakeRequests{pending: true, learn: func(look int, f *fakeRequests) { f.pending = look < 3 }}, Misuse, 2 * DefaultPoll},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{now: noon}
			g := newGuard(t, c, Options{Requests: &tt.requests})
			v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: record(t, asResponder)})
			if err != nil || v.Outcome != tt.want {
				t.Errorf("verdict = %+v, %v, want %s", v, err, tt.want)
			}
			if c.slept != tt.slept {
				t.Errorf("waited %s, want %s", c.slept, tt.slept)
			}
		})
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep = %v, want the context's end", err)
	}
	if err := sleep(context.Background(), time.Nanosecond); err != nil {
		t.Errorf("sleep = %v", err)
	}
}
