package guard

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/event"
)

// fakeWitness is what CloudTrail recorded.
type fakeWitness struct {
	record *event.Record
	err    error
	asked  []string
}

func (f *fakeWitness) Recorded(_ context.Context, account, region, id string) (*event.Record, error) {
	f.asked = append(f.asked, account+" "+region+" "+id)
	return f.record, f.err
}

func TestCorroborate(t *testing.T) {
	truth := func(mutate func(*event.Record)) *event.Record { return record(t, mutate).Record() }
	finding := &event.Envelope{ID: "f", Source: "aws.guardduty", DetailType: "GuardDuty Finding", Detail: []byte(`{}`)}
	tests := []struct {
		name    string
		mode    Mode
		change  func(*Proposal)
		witness *fakeWitness // nil: there is none
		status  action.Status
		want    Mode
		notYet  bool
		says    string
	}{
		{"it shows", Auto, nil, &fakeWitness{record: truth(nil)}, action.Change, Auto, false, ""},
		{"not yet", Auto, nil, &fakeWitness{}, action.Escalated, Auto, true, "does not show event ev-1 yet"},
		{"it can't be asked", Auto, nil, &fakeWitness{err: errors.New("throttled")}, action.Escalated, Auto, true, "could not be asked whether it recorded event ev-1: throttled"},
		{"somebody else did it", Auto, nil, &fakeWitness{record: truth(func(r *event.Record) { r.UserIdentity.ARN = "arn:aws:iam::111122223333:user/ana" })},
			action.Escalated, Auto, false, "another userIdentity"},
		{"no record", Auto, func(p *Proposal) { p.Event = finding }, &fakeWitness{}, action.Change, Approve, false, "Whoever approves answers for it."},
		{"the event is not known any more", Auto, func(p *Proposal) { p.Event = nil }, &fakeWitness{}, action.Change, Approve, false, "no record of CloudTrail"},
		{"nobody to ask", Auto, nil, nil, action.Change, Approve, false, "no record of CloudTrail that riposte could look up"},
		{"people are asked: it shows", Approve, nil, &fakeWitness{record: truth(nil)}, action.Change, Approve, false, ""},
		{"people are asked: not yet", Approve, nil, &fakeWitness{}, action.Change, Approve, false, "does not show event ev-1 yet, so it may be made up. Whoever approves answers for it."},
		{"people are asked: it is not true", Approve, nil, &fakeWitness{record: truth(func(r *event.Record) { r.EventName = "StartLogging" })},
			action.Escalated, Approve, false, "another eventName"},
		{"dry run", DryRun, nil, &fakeWitness{}, action.Change, DryRun, false, ""},
		{"the state shows it", Auto, func(p *Proposal) { p.Spec.Evidence = action.StateEvidence }, &fakeWitness{}, action.Change, Auto, false, ""},
		{"an undo", Auto, func(p *Proposal) { p.Undo = true }, &fakeWitness{}, action.Change, Auto, false, ""},
		{"nothing to change", Auto, func(p *Proposal) { p.Plan.Items[0].Status = action.Unneeded }, &fakeWitness{}, action.Unneeded, Auto, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{}
			if tt.witness != nil {
				o.Corroborator = tt.witness
			}
			p := proposal(tt.mode)
			p.Spec.Evidence, p.Event = action.EventEvidence, record(t, nil)
			if tt.change != nil {
				tt.change(&p)
			}
			d, err := newGuard(t, &clock{now: noon}, o).Decide(context.Background(), p)
			if err != nil {
				t.Fatal(err)
			}
			item := d.Plan.Items[0]
			if item.Status != tt.status || (len(item.Calls) > 0) != (tt.status == action.Change) || d.Mode != tt.want || (d.NotYet != "") != tt.notYet {
				t.Errorf("decision %+v, want status %s, mode %s, not yet %v", d, tt.status, tt.want, tt.notYet)
			}
			if !strings.Contains(strings.Join(d.Reasons, " "), tt.says) {
				t.Errorf("reasons %q do not say %q", d.Reasons, tt.says)
			}
			if tt.witness != nil && len(tt.witness.asked) > 0 && tt.witness.asked[0] != account+" eu-west-1 ev-1" {
				t.Errorf("asked about %s", tt.witness.asked[0])
			}
		})
	}
}

// What is held up spends no budget: the same change is let pass when CloudTrail shows the event.
func TestWhatIsHeldUpSpendsNothing(t *testing.T) {
	w := &fakeWitness{}
	g := newGuard(t, &clock{now: noon}, Options{Corroborator: w, Policy: func() *Policy {
		return &Policy{Allow: []Scope{{Accounts: []string{"*"}}}, Budgets: []Budget{{Changes: 1, Within: maxBudgetWithin}}}
	}})
	p := proposal(Auto)
	p.Spec.Evidence, p.Event, p.Effect = action.EventEvidence, record(t, nil), "e/1"
	for range 3 {
		if d, err := g.Decide(context.Background(), p); err != nil || d.NotYet == "" {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	w.record, p.Effect = p.Event.Record(), "e/2"
	if d, err := g.Decide(context.Background(), p); err != nil || d.Plan.Items[0].Status != action.Change {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDifference(t *testing.T) {
	for want, mutate := range map[string]func(*event.Record){
		"":                   func(r *event.Record) { r.UserAgent, r.RequestParameters = "x", json.RawMessage(`{ "name" : "audit" }`) },
		"eventID":            func(r *event.Record) { r.EventID = "x" },
		"eventSource":        func(r *event.Record) { r.EventSource = "x" },
		"eventName":          func(r *event.Record) { r.EventName = "x" },
		"eventTime":          func(r *event.Record) { r.EventTime = noon },
		"awsRegion":          func(r *event.Record) { r.AWSRegion = "x" },
		"recipientAccountId": func(r *event.Record) { r.RecipientAccountID = "x" },
		"userIdentity":       func(r *event.Record) { r.UserIdentity.AccessKeyID = "AKIAIOSFODNN7EXAMPLE" },
		"sourceIPAddress":    func(r *event.Record) { r.SourceIPAddress = "x" },
		"errorCode":          func(r *event.Record) { r.ErrorCode = "x" },
		"requestID":          func(r *event.Record) { r.RequestID = "x" },
		"requestParameters":  func(r *event.Record) { r.RequestParameters = json.RawMessage(`{"name":"other"}`) },
		"responseElements":   func(r *event.Record) { r.ResponseElements = json.RawMessage(`{"x":1}`) },
	} {
		base := func(r *event.Record) { r.RequestParameters = json.RawMessage(`{"name":"audit"}`) }
		a := record(t, base).Record()
		b := *record(t, base).Record()
		mutate(&b)
		if got := difference(a, &b); got != want {
			t.Errorf("difference is %q, want %q", got, want)
		}
	}
}
