package guard

import (
	"context"
	"errors"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// fakePauses holds pauses that a test changes while the guard runs.
type fakePauses struct {
	list []Pause
	err  error
}

func (f *fakePauses) InForce(context.Context) ([]Pause, error) { return f.list, f.err }

func pauseOf(mutate func(*Pause)) Pause {
	p := Pause{ID: "pause-1", Reason: "A migration.", By: "ana", Since: noon}
	mutate(&p)
	return p
}

func TestPauseScope(t *testing.T) {
	tests := []struct {
		name   string
		mutate func(*Pause)
		plan   bool // a plan of the rule for the trail is held up
		event  bool // and its event starts nothing at all
	}{
		{"everything", func(*Pause) {}, true, true},
		{"this account", func(p *Pause) { p.Account = account }, true, true},
		{"another account", func(p *Pause) { p.Account = "999999999999" }, false, false},
		{"this region", func(p *Pause) { p.Region = "eu-west-1" }, true, true},
		{"another region", func(p *Pause) { p.Region = "us-east-1" }, false, false},
		{"this rule", func(p *Pause) { p.Rule = "cloudtrail-logging-stopped" }, true, true},
		{"another rule", func(p *Pause) { p.Rule = "x" }, false, false},
		{"this action", func(p *Pause) { p.Action = "cloudtrail.start-logging" }, true, false},
		{"another action", func(p *Pause) { p.Action = "x" }, false, false},
		{"this resource", func(p *Pause) { p.Resource = "*:trail/main" }, true, false},
		{"another resource", func(p *Pause) { p.Resource = "*:trail/other" }, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{Pauses: &fakePauses{list: []Pause{pauseOf(tt.mutate)}}})
			d, err := g.Decide(context.Background(), proposal(Auto))
			if err != nil {
				t.Fatal(err)
			}
			item := d.Plan.Items[0]
			if held := item.Status == action.Escalated && len(item.Calls) == 0 && strings.Contains(item.Reason, "ana paused"); held != tt.plan {
				t.Errorf("the plan's item is %+v, want held up: %v", item, tt.plan)
			}
			err = g.MayCall(context.Background(), proposal(Auto), item.Resource)
			if (fault.CodeOf(err) == fault.Denied) != tt.plan {
				t.Errorf("MayCall = %v, want denied: %v", err, tt.plan)
			}
			v, err := g.Admit(context.Background(), Admission{Rule: "cloudtrail-logging-stopped", Mode: Auto, Event: record(t, nil)})
			if err != nil {
				t.Fatal(err)
			}
			if (v.Outcome == NotifyOnly) != tt.event {
				t.Errorf("the event's verdict is %+v, want notify-only: %v", v, tt.event)
			}
		})
	}
}

func TestPausesThatCannotBeReadStopEverything(t *testing.T) {
	g := newGuard(t, &clock{now: noon}, Options{Pauses: &fakePauses{err: errors.New("disk on fire")}})
	d, err := g.Decide(context.Background(), proposal(Auto))
	if err != nil || d.MayApply() || d.Plan.Items[0].Status != action.Escalated {
		t.Errorf("decision = %+v, %v", d, err)
	}
	if err := g.MayCall(context.Background(), proposal(Auto), proposal(Auto).Plan.Items[0].Resource); fault.CodeOf(err) != fault.Denied {
		t.Errorf("MayCall = %v", err)
	}
	v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: record(t, nil)})
	if err != nil || v.Outcome != NotifyOnly {
		t.Errorf("verdict = %+v, %v", v, err)
	}
}

func TestAPersonMayTakeBackWhileRiposteIsPaused(t *testing.T) {
	g := newGuard(t, &clock{now: noon}, Options{Pauses: &fakePauses{list: []Pause{pauseOf(func(*Pause) {})}}})
	p := proposal(Auto)
	p.Undo = true
	d, err := g.Decide(context.Background(), p)
	if err != nil || !d.MayApply() || d.Plan.Items[0].Status != action.Change {
		t.Errorf("decision = %+v, %v", d, err)
	}
	if err := g.MayCall(context.Background(), p, p.Plan.Items[0].Resource); err != nil {
		t.Error(err)
	}
}

// What expired is taken back on nobody's word, so a pause holds; the rest of an undo's rights it has.
func TestAPauseHoldsUpWhatExpired(t *testing.T) {
	pauses := &fakePauses{list: []Pause{pauseOf(func(*Pause) {})}}
	g := newGuard(t, &clock{now: noon}, Options{Pauses: pauses})
	p := proposal(Auto)
	p.Undo, p.Expired = true, true
	r := p.Plan.Items[0].Resource
	d, err := g.Decide(context.Background(), p)
	if err != nil || d.Plan.Items[0].Status != action.Escalated || !strings.Contains(d.Paused, "ana paused") {
		t.Errorf("decision = %+v, %v", d, err)
	}
	if err := g.MayCall(context.Background(), p, r); fault.CodeOf(err) != fault.Denied {
		t.Errorf("MayCall = %v", err)
	}
	pauses.list = nil
	d, err = g.Decide(context.Background(), p)
	if err != nil || d.Plan.Items[0].Status != action.Change || d.Paused != "" || g.MayCall(context.Background(), p, r) != nil {
		t.Errorf("after the pause: decision = %+v, %v", d, err)
	}
}

func TestValidatePause(t *testing.T) {
	tests := []struct {
		name   string
		mutate func(*Pause)
		says   []string // problems; none: valid
	}{
		{"everything", func(*Pause) {}, nil},
		{"no reason", func(p *Pause) { p.Reason = " " }, []string{"reason is missing"}},
		{"all at once", func(p *Pause) { *p = Pause{Account: "prod", Resource: "sg-1", Rule: strings.Repeat("x", maxField+1)} },
			[]string{"reason is missing", "12 digits", "never matches an ARN", "rule has 2049 bytes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := pauseOf(tt.mutate).Validate()
			if (err == nil) != (len(tt.says) == 0) {
				t.Fatalf("error = %v", err)
			}
			for _, want := range tt.says {
				if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not say %q", err, want)
				}
			}
		})
	}
}
