package playbook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"riposte.dev/action"
	"riposte.dev/audit"
)

// told returns what the audit record tells of a journal record, in order. It is names, ids, hashes and sentences: no event, no
// state and no input of a call; what people, playbooks and AWS wrote goes through redact. The summary has taken the record in.
func (s *Summary) told(r Record, redact func(string) string) []audit.Entry {
	t := teller{common: audit.Entry{Time: r.Time, Actor: audit.Self, Execution: s.ID, Rule: s.Rule, Account: s.Account, Region: s.Region}, redact: redact}
	switch r.Kind {
	case Started:
		t.started(r.Begin)
	case Asked:
		t.calls(r.Question.Plan.Action, "", r.Question.Plan.Account, r.Question.Receipts)
		t.asked(r.Question)
	case Answered:
		t.answered(r.Answer)
	case Held:
		t.tell(t.of(audit.Decision), nil, "It may not go on for now: "+t.redact(r.Hold.Reason))
	case Intent:
		t.calls(r.Intent.Plan.Action, "", r.Intent.Plan.Account, r.Intent.Receipts)
		t.intended(r.Intent)
	case Submitted, Abandoned:
		t.effect(s.Account, r.Effect)
	case Outcome:
		t.effect(s.Account, r.Effect)
		if r.By != "" {
			t.signalled(r)
		}
	case Ended:
		if r.Step.Path == "" {
			t.ended(r)
		}
	case Redriven:
		e := t.of(audit.Decision)
		e.Actor = cmp.Or(r.By, audit.Self)
		t.tell(e, nil, "The execution goes on where it had ended.")
	}
	return t.list
}

// teller makes entries of one journal record.
type teller struct {
	common audit.Entry
	redact func(string) string
	list   []audit.Entry
}

func (t *teller) redacted(texts []string) []string {
	var clean []string
	for _, text := range texts {
		clean = append(clean, t.redact(text))
	}
	return clean
}

func (t *teller) tell(e audit.Entry, data any, text string) {
	e.Text = text
	if data != nil {
		e.Data, _ = json.Marshal(data) // structs of texts, numbers and times: it can't fail
	}
	t.list = append(t.list, e)
}

func (t *teller) of(kind audit.Kind) audit.Entry {
	e := t.common
	e.Kind = kind
	return e
}

func (t *teller) started(b *Begin) {
	e := t.of(audit.Decision)
	text := fmt.Sprintf("Rule %s starts playbook %s in mode %s: %s", b.Start.Rule, b.Start.Playbook, b.Start.Mode, t.redact(b.Start.Title))
	switch {
	case b.Start.Expired != "":
		text = fmt.Sprintf("What %q of execution %s did is to be taken back, because it expired.", b.Start.Expired, b.Start.Undoes)
	case b.Start.Undoes != "":
		e.Actor = b.Start.By
		text = fmt.Sprintf("Execution %s is to be taken back.", b.Start.Undoes)
	case b.Start.Named != nil:
		e.Actor = b.Start.By
		text = fmt.Sprintf("State machine %s is started in mode %s, as %s.", b.Start.Playbook, b.Start.Mode, b.Start.Named.Name)
	}
	t.tell(e, struct {
		Cause      string   `json:"cause"`
		Playbook   string   `json:"playbook"`
		Definition string   `json:"definition"` // hashes of the texts that are in force for this execution
		RuleHash   string   `json:"rule_hash,omitempty"`
		Mode       string   `json:"mode,omitempty"`
		Finding    string   `json:"finding,omitempty"`
		Undoes     string   `json:"undoes,omitempty"`
		Reasons    []string `json:"reasons,omitempty"`
	}{string(b.Start.Cause), b.Start.Playbook, b.Hash, b.Start.RuleHash, string(b.Start.Mode), b.Start.Finding, b.Start.Undoes, t.redacted(b.Start.Reasons)}, text)
}

func (t *teller) asked(q *Question) {
	e := t.of(audit.Question)
	e.Action = q.Plan.Action
	t.tell(e, struct {
		Approval  string    `json:"approval"`
		Plan      string    `json:"plan"`
		Quorum    int       `json:"quorum"`
		Expires   string    `json:"expires"`
		Otherwise Otherwise `json:"otherwise"`
		Reasons   []string  `json:"reasons,omitempty"`
	}{q.ID, q.Hash, q.Quorum, q.Expires.UTC().Format(timeFormat), q.Otherwise, t.redacted(q.Reasons)},
		fmt.Sprintf("People are asked whether %s may change %s.", q.Plan.Action, resources(len(changes(&q.Plan)))))
}

const timeFormat = "2006-01-02T15:04:05.999999Z07:00"

func (t *teller) answered(a *Answer) {
	e := t.of(audit.Answer)
	e.Actor = a.By
	t.tell(e, struct {
		Approval string `json:"approval"`
		Approve  bool   `json:"approve"`
		Key      string `json:"key,omitempty"`
		Comment  string `json:"comment,omitempty"`
	}{a.Question, a.Approve, a.Key, t.redact(a.Comment)}, fmt.Sprintf("%s %s the plan.", a.By, answerWord(a.Approve)))
}

// decision is what the guard made of a plan.
type decision struct {
	State    string   `json:"state"`
	Plan     string   `json:"plan,omitempty"` // hash
	Approval string   `json:"approval,omitempty"`
	Undo     bool     `json:"undo,omitempty"`
	Reasons  []string `json:"reasons,omitempty"`
}

func (t *teller) intended(p *Plan) {
	e := t.of(audit.Decision)
	e.Action, e.Account, e.Region = p.Plan.Action, p.Plan.Account, p.Plan.Region
	hash, _ := p.Plan.Hash() // the journal holds only plans that have one
	due := changes(&p.Plan)
	t.tell(e, decision{p.State, hash, p.Approval, p.Undo, t.redacted(p.Reasons)}, fmt.Sprintf("%s may change %s.", p.Plan.Action, resources(len(due))))
	for _, i := range due {
		item := p.Plan.Items[i]
		calls := make([]string, len(item.Calls))
		for n, c := range item.Calls {
			calls[n] = c.Service + ":" + c.Operation
		}
		t.tell(t.item(audit.Intent, &p.Plan, item), struct {
			Plan  string   `json:"plan,omitempty"`
			Calls []string `json:"calls"`
		}{hash, calls}, t.redact(item.Reason))
	}
}

func (t *teller) item(kind audit.Kind, p *action.Plan, item action.Item) audit.Entry {
	e := t.of(kind)
	e.Action, e.Resource, e.Account, e.Region = p.Action, item.Resource.ARN, item.Resource.Account, item.Resource.Region
	return e
}

// effect tells the calls, then what became of each resource. A plan of which nothing was carried out is a decision to leave
// things as they are.
func (t *teller) effect(account string, f *Effect) {
	if f == nil {
		return
	}
	t.lost(f.Lost)
	if f.Plan == nil {
		t.calls("", "", account, f.Receipts)
		if f.Notified {
			t.tell(t.of(audit.Outcome), nil, fmt.Sprintf("People were told (%s).", f.State))
		}
		return
	}
	t.calls(f.Plan.Action, "", f.Plan.Account, f.Receipts)
	kind := audit.Decision
	for _, item := range f.Plan.Items {
		t.calls(f.Plan.Action, item.Resource.ARN, item.Resource.Account, item.Receipts)
		if item.Status == action.Changed || item.Status == action.Failed {
			kind = audit.Outcome
		}
	}
	if kind == audit.Decision {
		e := t.of(kind)
		e.Action, e.Account, e.Region = f.Plan.Action, f.Plan.Account, f.Plan.Region
		t.tell(e, decision{State: f.State, Undo: f.Undo, Reasons: t.redacted(f.Reasons)}, f.Plan.Action+" changes nothing.")
	}
	for _, item := range f.Plan.Items {
		t.tell(t.item(audit.Outcome, f.Plan, item), struct {
			Status    action.Status `json:"status"`
			Error     string        `json:"error,omitempty"`
			Undo      bool          `json:"undo,omitempty"`
			Recovered bool          `json:"recovered,omitempty"`
		}{item.Status, t.redact(item.Error), f.Undo, f.Recovered}, fmt.Sprintf("%s: %s", item.Status, t.redact(cmp.Or(item.Error, item.Reason))))
	}
}

// call is an AWS call as it is told.
type call struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Request   string `json:"request,omitempty"`
	Outcome   string `json:"outcome"` // ok, or AWS's error; unknown where a crash lost it
	Said      string `json:"said,omitempty"`
}

func (t *teller) calls(name, resource, account string, receipts []action.Receipt) {
	for _, r := range receipts {
		e := t.of(audit.Call)
		e.Time, e.Action, e.Resource, e.Account, e.Region = r.At, name, resource, account, r.Region
		outcome := cmp.Or(t.redact(r.Error), "ok")
		t.tell(e, call{r.Service, r.Operation, r.RequestID, outcome, t.redact(r.Said)}, r.Service+":"+r.Operation+": "+outcome)
	}
}

func (t *teller) lost(requests []Request) {
	for _, r := range requests {
		e := t.of(audit.Call)
		e.Time, e.Account, e.Region = r.At, r.Account, r.Region
		t.tell(e, call{Service: r.Service, Operation: r.Operation, Outcome: "unknown"},
			fmt.Sprintf("%s:%s may have been made: riposte was interrupted before it knew.", r.Service, r.Operation))
	}
}

// signalled tells that somebody ended a task that waited for a callback.
func (t *teller) signalled(r Record) {
	e := t.of(audit.Answer)
	e.Actor = r.By
	text := "signalled that the task has succeeded."
	if r.Step.Error != "" {
		text = "signalled that the task has failed: " + t.redact(strings.TrimSpace(r.Step.Error+" "+r.Step.Cause))
	}
	t.tell(e, nil, r.By+" "+text)
}

func (t *teller) ended(r Record) {
	step := r.Step
	text := fmt.Sprintf("The execution ended: %s", step.Status)
	if step.Error != "" {
		text += ", " + t.redact(strings.TrimSpace(step.Error+" "+step.Cause))
	}
	e := t.of(audit.Outcome)
	e.Actor = cmp.Or(r.By, e.Actor)
	t.tell(e, struct {
		Status string `json:"status"`
		Error  string `json:"error,omitempty"`
	}{string(step.Status), step.Error}, text)
}

func resources(n int) string {
	if n == 1 {
		return "1 resource"
	}
	return fmt.Sprintf("%d resources", n)
}
