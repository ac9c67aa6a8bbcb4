package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"riposte.dev/action"
)

// exception is a valid one for the trail, made yesterday and valid for a week.
func exception(trail string) Exception {
	return Exception{
		ID: "ex-1", Resource: "arn:aws:cloudtrail:*:trail/" + trail, Owner: "platform@example.com", Reason: "Migration.",
		Ticket: "SEC-7", Created: noon.AddDate(0, 0, -1), Expires: noon.AddDate(0, 0, 6),
	}
}

func TestDecide(t *testing.T) {
	with := func(mutate func(*Exception)) []Exception {
		e := exception("main")
		mutate(&e)
		return []Exception{e}
	}
	tests := []struct {
		name   string
		list   []Exception
		err    error
		mode   Mode
		status action.Status
		calls  int
		says   string // in the reasons
	}{
		{"nothing in the way", nil, nil, Auto, action.Change, 1, ""},
		{"dry run shows the calls", nil, nil, DryRun, action.Change, 1, "dry-run"},
		{"approval shows the calls", nil, nil, Approve, action.Change, 1, "approves"},
		{"notify has none", nil, nil, Notify, action.Change, 0, "nothing is done"},
		{"unknown mode", nil, nil, "yolo", action.Escalated, 0, "no mode"},
		{"excepted", with(func(*Exception) {}), nil, Auto, action.Excepted, 0, "Exception ex-1 holds until 2026-03-07T12:00:00Z: Migration (platform@example.com, SEC-7)"},
		{"another trail", []Exception{exception("other")}, nil, Auto, action.Change, 1, ""},
		{"another rule", with(func(e *Exception) { e.Rule = "x" }), nil, Auto, action.Change, 1, ""},
		{"this rule", with(func(e *Exception) { e.Rule = "cloudtrail-logging-stopped" }), nil, Auto, action.Excepted, 0, ""},
		{"another action", with(func(e *Exception) { e.Action = "x" }), nil, Auto, action.Change, 1, ""},
		{"this action", with(func(e *Exception) { e.Action = "cloudtrail.start-logging" }), nil, Auto, action.Excepted, 0, ""},
		{"another account", with(func(e *Exception) { e.Account = "999999999999" }), nil, Auto, action.Change, 1, ""},
		{"this account", with(func(e *Exception) { e.Account = account }), nil, Auto, action.Excepted, 0, ""},
		{"expires in a moment", with(func(e *Exception) { e.Expires = noon.Add(1) }), nil, Auto, action.Excepted, 0, ""},
		{"expires now: enforced again", with(func(e *Exception) { e.Expires = noon }), nil, Auto, action.Change, 1, ""},
		{"has expired", with(func(e *Exception) { e.Expires = noon.Add(-1) }), nil, Auto, action.Change, 1, ""},
		{"valid for ever", with(func(e *Exception) { e.Expires = time.Time{} }), nil, Auto, action.Escalated, 0, "expires is missing"},
		{"valid for too long", with(func(e *Exception) { e.Expires = noon.AddDate(2, 0, 0) }), nil, Auto, action.Escalated, 0, "more than a year"},
		{"nobody answers for it", with(func(e *Exception) { e.Owner = "" }), nil, Auto, action.Escalated, 0, "owner is missing"},
		{"one that is not valid and one that is", append(with(func(e *Exception) { e.Owner = "" }), exception("main")), nil, Auto, action.Excepted, 0, "holds until"},
		{"the store fails", nil, errors.New("disk on fire"), Auto, action.Escalated, 0, "disk on fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{Exceptions: fakeExceptions{tt.list, tt.err}})
			p := proposal(tt.mode)
			d, err := g.Decide(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			item := d.Plan.Items[0]
			if item.Status != tt.status || len(item.Calls) != tt.calls {
				t.Errorf("status = %s with %d calls (%s), want %s with %d", item.Status, len(item.Calls), item.Reason, tt.status, tt.calls)
			}
			if !strings.Contains(strings.Join(d.Reasons, " "), tt.says) {
				t.Errorf("reasons = %q, want %q", d.Reasons, tt.says)
			}
			if diff := cmp.Diff(proposal(tt.mode).Plan, p.Plan); diff != "" {
				t.Errorf("the proposed plan was changed:\n%s", diff)
			}
		})
	}
}

func TestDecideRefusesBrokenPlans(t *testing.T) {
	tests := []struct {
		name   string
		mutate func(*Proposal)
	}{
		{"no plan", func(p *Proposal) { p.Plan = nil }},
		{"another action's", func(p *Proposal) { p.Spec.Name = "ec2.revoke-ingress" }},
		{"an item without id", func(p *Proposal) { p.Plan.Items[0].ID = "" }},
		{"an item twice", func(p *Proposal) { p.Plan.Items = append(p.Plan.Items, p.Plan.Items[0]) }},
		{"no ARN to look exceptions up by", func(p *Proposal) { p.Plan.Items[0].Resource.ARN = "" }},
		{"no account to look exceptions up by", func(p *Proposal) { p.Plan.Items[0].Resource.Account = "" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := proposal(Auto)
			tt.mutate(&p)
			d, err := newGuard(t, &clock{now: noon}, Options{}).Decide(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			if d.MayApply() || len(d.Reasons) == 0 || d.Plan == nil {
				t.Errorf("decision = %+v, want nothing done, with a reason", d)
			}
		})
	}
}

func TestUndoIsNotHeldUpByExceptions(t *testing.T) {
	p := proposal(Auto)
	p.Undo = true
	g := newGuard(t, &clock{now: noon}, Options{Exceptions: fakeExceptions{list: []Exception{exception("main")}}})
	d, err := g.Decide(context.Background(), p)
	if err != nil || d.Plan.Items[0].Status != action.Change || !d.MayApply() {
		t.Errorf("decision = %+v, %v, want the undo done", d, err)
	}
}

func TestEscalationsAreKeptAndReported(t *testing.T) {
	p := proposal(Auto)
	escalated := trail("org")
	escalated.Status, escalated.Reason = action.Escalated, "It belongs to the organisation."
	p.Plan.Items = append(p.Plan.Items, escalated)
	d, err := newGuard(t, &clock{now: noon}, Options{}).Decide(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	if it := d.Plan.Items[1]; it.Status != action.Escalated || it.Reason != escalated.Reason || it.Calls != nil {
		t.Errorf("item = %+v, want it escalated as it was, without calls", it)
	}
	if want := "org is left to people: It belongs to the organisation."; len(d.Reasons) != 1 || d.Reasons[0] != want {
		t.Errorf("reasons = %q, want %q", d.Reasons, want)
	}
}

// Whatever is planned and excepted, an item has calls only where it is to be changed, no valid exception covers it, the
// mode is more than notify and everything could be evaluated; and the mode never gets bolder.
func TestDecideNeverActsOutsideItsBounds(t *testing.T) {
	statuses := []action.Status{action.Change, action.Unneeded, action.Excepted, action.Escalated, action.Conflict, action.Failed}
	rapid.Check(t, func(rt *rapid.T) {
		p := proposal(rapid.SampledFrom([]Mode{Notify, DryRun, Approve, Auto, "", "bold"}).Draw(rt, "mode"))
		p.Plan.Items = nil
		for i := range rapid.IntRange(0, 5).Draw(rt, "items") {
			it := trail(fmt.Sprintf("t%d", i))
			it.Status = rapid.SampledFrom(statuses).Draw(rt, "status")
			p.Plan.Items = append(p.Plan.Items, it)
		}
		var list []Exception
		for range rapid.IntRange(0, 4).Draw(rt, "exceptions") {
			e := exception(rapid.SampledFrom([]string{"t0", "t?", "*", "t9"}).Draw(rt, "trail"))
			e.Rule = rapid.SampledFrom([]string{"", p.Rule, "other"}).Draw(rt, "rule")
			e.Account = rapid.SampledFrom([]string{"", account, "999999999999"}).Draw(rt, "account")
			e.Expires = noon.Add(time.Duration(rapid.Int64Range(-2, 2).Draw(rt, "expires")))
			list = append(list, e)
		}
		var broken error
		if rapid.IntRange(0, 9).Draw(rt, "broken") == 0 {
			broken = errors.New("disk on fire")
		}
		g := newGuard(t, &clock{now: noon}, Options{Exceptions: fakeExceptions{list, broken}})
		d, err := g.Decide(context.Background(), p)
		if err != nil {
			rt.Fatal(err)
		}
		if d.Mode.Bolder(p.Mode) && p.Mode.Check() == nil || d.MayApply() != (p.Mode == Auto && broken == nil) {
			rt.Fatalf("mode %s became %s", p.Mode, d.Mode)
		}
		if len(d.Plan.Items) != len(p.Plan.Items) {
			rt.Fatal("items were lost")
		}
		for i, it := range d.Plan.Items {
			was := p.Plan.Items[i]
			covered := false
			for _, e := range list {
				covered = covered || e.Expires.After(noon) && e.Covers(p.Rule, p.Spec.Name, was.Resource)
			}
			may := was.Status == action.Change && !covered && broken == nil && p.Mode.Bolder(Notify)
			if (len(it.Calls) > 0) != may {
				rt.Fatalf("item %s has %d calls: %s (was %s)", it.ID, len(it.Calls), it.Status, was.Status)
			}
			if it.ID != was.ID || was.Status != action.Change && it.Status != was.Status {
				rt.Fatalf("item %s of status %s became %s of status %s", was.ID, was.Status, it.ID, it.Status)
			}
		}
	})
}

func TestWhatPeopleHaveToAgreeToAlways(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   Mode
		change func(*Proposal)
		want   Mode
	}{
		{"auto", Auto, nil, Approve},
		{"approve", Approve, nil, Approve},
		{"dry run", DryRun, nil, DryRun},
		{"notify", Notify, nil, Notify},
		{"taken back", Auto, func(p *Proposal) { p.Undo = true }, Auto},
		{"nothing to do", Auto, func(p *Proposal) { p.Plan.Items[0].Status = action.Unneeded }, Auto},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := proposal(tt.mode)
			p.Spec.Approval = "it stops a whole account"
			if tt.change != nil {
				tt.change(&p)
			}
			d, err := newGuard(t, &clock{now: noon}, Options{}).Decide(context.Background(), p)
			if err != nil || d.Mode != tt.want {
				t.Errorf("the mode is %s (%v), want %s", d.Mode, err, tt.want)
			}
			if told := strings.Contains(strings.Join(d.Reasons, " "), "once people have agreed: it stops a whole account."); told != (tt.mode == Auto && tt.want == Approve) {
				t.Errorf("reasons = %q", d.Reasons)
			}
		})
	}
}
